import { COMMANDS, commandsOf, type Command } from './commands.ts';

/** The help of the program. */
export function helpText(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length)) + 3;
  return `Opens CRIU checkpoints of containers (Podman, CRI-O, containerd, Docker, bare CRIU) without running anything.

Usage: checkpoint-explorer COMMAND …

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`).join('\n')}

  --help, -h      This, or with a command its own help
  --version       The version

A LOCATOR is an archive (tar, tar.gz, tar.zst), a folder of CRIU images, an OCI layout, or what is read where it is: an
archive on a node of a cluster (node://CONTEXT/NODE/absolute/path.tar), an image in a registry (docker://HOST/NAME:TAG).
CHECKPOINT_EXPLORER_HELPER_IMAGE and CHECKPOINT_EXPLORER_HELPER_NAMESPACE say which image the helper pod has that reads a
node's files, and where it is made, if no option does.
Results go to stdout, everything else to stderr. Exit codes: 0 all of it; 1 could not do it; 2 wrong usage;
3 done, but the checkpoint is damaged or incomplete, and stderr says where.
`;
}

/** The help of commands that begin with the same word. */
export function groupHelp(word: string): string {
  const group = commandsOf(word);
  const width = Math.max(...group.map(({ name }) => name.length)) + 3;
  return `Usage: checkpoint-explorer ${word} COMMAND …

${group.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`).join('\n')}

  --help, -h, after a command, prints its own help
`;
}

/** The help of one command. */
export function commandHelp(command: Command): string {
  const options = Object.entries(command.options).map(([name, option]) => {
    const value = option.value === undefined ? '' : ` ${option.value}`;
    const short = option.short === undefined ? '' : `, -${option.short}`;
    return [`--${name}${short}${value}`, option.help] as const;
  });
  const all = [...options, ['--help, -h', 'This'] as const];
  const width = Math.max(...all.map(([form]) => form.length)) + 3;
  return `${command.summary}.

${usageLine(command)}

${all.map(([form, text]) => `  ${form.padEnd(width)}${text}`).join('\n')}
${command.details === undefined ? '' : `\n${command.details}\n`}`;
}

export function usageLine(command: Command): string {
  const forms = command.operands
    .split(' | ')
    .map((operands) => `checkpoint-explorer ${command.name} ${operands} [OPTION…]`);
  return `Usage: ${forms.join('\n       ')}`;
}
