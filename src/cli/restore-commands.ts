import type { OptionSpec } from './arguments.ts';
import type { Command } from './commands.ts';

type Options = Readonly<Record<string, OptionSpec>>;

const TEXT_FORMAT: Options = {
  format: { kind: 'text', value: 'text|json', choices: ['text', 'json'], help: 'How to print (text if not given)' },
};

const CONTAINER_NAME: Options = {
  'container-name': {
    kind: 'text',
    value: 'NAME',
    help: 'What engines are to call the container; else as the checkpoint does',
  },
};

/** The commands that lead from an archive back to a container. */
export const RESTORE_COMMANDS: readonly Command[] = [
  {
    name: 'build',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Make a container image of a checkpoint, which CRI-O, containerd and Podman restore',
    details:
      'The archive is the only layer, byte for byte; the annotations that each engine looks for are all there. The same\narchive always gives the same image. TARGET is a folder that is not there yet (an OCI layout), or oci-archive:FILE.\n\n  checkpoint-explorer build web.tar -o oci-archive:web-image.tar',
    options: {
      output: { kind: 'text', short: 'o', value: 'TARGET', help: 'Where to: DIR or oci-archive:FILE' },
      tag: { kind: 'text', value: 'NAME', help: "The image's name in what is written (latest if not given)" },
      ...CONTAINER_NAME,
      ...TEXT_FORMAT,
    },
    load: () => import('./commands/restore/build.ts'),
  },
];
