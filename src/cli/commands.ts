import type { Arguments, ArgumentSpec, OptionSpec } from './arguments.ts';
import { CLUSTER_COMMANDS } from './cluster-commands.ts';
import { RESTORE_COMMANDS } from './restore-commands.ts';
import type { ExitCode, Session } from './session.ts';

/** A command as the table knows it: its code is loaded when it is called. Some have a name of two words. */
export interface Command extends ArgumentSpec {
  readonly summary: string;
  /** More for its help: what it prints, and an example. */
  readonly details?: string;
  readonly load: () => Promise<{ run(args: Arguments, session: Session): Promise<ExitCode> }>;
}

const KEEP_SPILL: Readonly<Record<string, OptionSpec>> = {
  'keep-spill': { kind: 'flag', help: 'Keep the decompressed copy: the next command on this archive starts at once' },
};

function format(first: string, ...others: readonly string[]): Readonly<Record<string, OptionSpec>> {
  const choices = [first, ...others];
  return { format: { kind: 'text', value: choices.join('|'), choices, help: `How to print (${first} if not given)` } };
}

const ENCODINGS = ['ascii', 'utf-8', 'utf-16le', 'utf-16be'];

/** Where is searched. */
const SEARCH_SCOPE: Readonly<Record<string, OptionSpec>> = {
  pid: { kind: 'text', short: 'p', value: 'PID', help: 'Only what this process has in its memory' },
  source: {
    kind: 'texts',
    value: 'SOURCE',
    help: 'Only there: memory, shared, ghost, queue, files, archive, all (several times)',
  },
  address: { kind: 'text', value: 'ADDRESS', help: 'Only from this address of the process on' },
  length: { kind: 'text', value: 'N', help: 'Only so many bytes from there on' },
  path: { kind: 'text', value: 'PATH', help: 'Only this file, below /archive, /rootfs, /contents or /proc' },
  limit: { kind: 'text', value: 'N', help: 'So many at most' },
};

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'show',
    operands: 'LOCATOR…',
    min: 1,
    max: Infinity,
    summary: 'Show whose checkpoint it is, and how large, one line each',
    options: { ...format('table', 'json'), ...KEEP_SPILL },
    load: () => import('./commands/show.ts'),
  },
  {
    name: 'list',
    operands: '[DIR…]',
    min: 0,
    max: Infinity,
    summary: 'List the checkpoints in folders',
    details:
      'Without DIR: in /var/lib/kubelet/checkpoints and the current folder. Checkpoints are found by their content,\nwhatever their name; folders below are not searched, but a folder that is itself a checkpoint is listed.',
    options: { ...format('table', 'json') },
    load: () => import('./commands/list.ts'),
  },
  {
    name: 'inspect',
    operands: 'LOCATOR…',
    min: 1,
    max: Infinity,
    summary: 'Show what is in a checkpoint: processes, open files, sockets, mounts, statistics, metadata',
    details: 'The flags and the JSON keys are those of checkpointctl, with more of each.',
    options: {
      all: { kind: 'flag', help: 'Everything below' },
      stats: { kind: 'flag', help: 'How long the dump took' },
      mounts: { kind: 'flag', help: 'Mounts: those of the OCI spec, and the mount table as it was' },
      'ps-tree': { kind: 'flag', help: 'The process tree' },
      'ps-tree-cmd': { kind: 'flag', help: 'The process tree with command lines' },
      'ps-tree-env': { kind: 'flag', help: 'The process tree with environment variables (not masked)' },
      files: { kind: 'flag', help: 'Open files' },
      sockets: { kind: 'flag', help: 'Open sockets' },
      metadata: { kind: 'flag', help: 'Pod, namespace, annotations and labels' },
      pid: { kind: 'text', short: 'p', value: 'PID', help: 'Only this process and those below it' },
      format: {
        kind: 'text',
        value: 'tree|json',
        choices: ['tree', 'json'],
        help: 'How to print (if not given: tree on a terminal, else json)',
      },
      ...KEEP_SPILL,
    },
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'files',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Show the open files, as lsof does',
    details:
      'The letter behind the descriptor says how it was opened: r to read, w to write, u both. In JSON every file has what is\nparticular to its kind: both ends of pipes, locks, watches, timers, terminals. What is only in the checkpoint (deleted\nfiles, memfds, unread bytes) is below /contents, for extract, and behind the descriptors of proc:\n\n  checkpoint-explorer proc web.tar 1 fd/23 > deleted-file',
    options: {
      pid: { kind: 'text', short: 'p', value: 'PID', help: 'Only those of this process' },
      ...format('table', 'json'),
      ...KEEP_SPILL,
    },
    load: () => import('./commands/files.ts'),
  },
  {
    name: 'sockets',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Show the sockets, as ss -anp does',
    details:
      'A queue that CRIU does not dump is shown as -. In JSON every socket has its options, peers, what stands in its queues\nand the connections that the kernel tracked.',
    options: {
      pid: { kind: 'text', short: 'p', value: 'PID', help: 'Only those that this process has open' },
      ...format('table', 'json'),
      ...KEEP_SPILL,
    },
    load: () => import('./commands/sockets.ts'),
  },
  {
    name: 'identity',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Show what processes may do and what they see: users, capabilities, namespaces, control groups, limits',
    details:
      "Capabilities that the engine does not give to every container are named apart. Numbers of namespaces are the dump's\nown: equal ones are the same namespace.",
    options: {
      pid: { kind: 'text', short: 'p', value: 'PID', help: 'Only this process' },
      ...format('tree', 'json'),
      ...KEEP_SPILL,
    },
    load: () => import('./commands/identity.ts'),
  },
  {
    name: 'seccomp',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Show what seccomp filters answer to which system call, or their instructions',
    details:
      'Answers are those of all filters of a process together. Several with "or" mean that it depends on the arguments.',
    options: {
      pid: { kind: 'text', short: 'p', value: 'PID', help: 'Only those of this process' },
      instructions: { kind: 'flag', help: 'Disassemble the filters' },
      ...format('text', 'json'),
      ...KEEP_SPILL,
    },
    load: () => import('./commands/seccomp.ts'),
  },
  {
    name: 'logs',
    operands: 'LOCATOR [NAME]',
    min: 1,
    max: 2,
    summary: "Print the container's log, or CRIU's with what its problems mean",
    details: 'NAME is a log in the archive, for example dump.log; without it, the log of the container.',
    options: {
      problems: { kind: 'flag', help: "Only how CRIU's dump went, and what its problems mean" },
      times: { kind: 'flag', help: 'Times and streams before the lines' },
      ...format('text', 'json'),
      ...KEEP_SPILL,
    },
    load: () => import('./commands/logs.ts'),
  },
  {
    name: 'mounts',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Show the mount table as it was when the container was frozen',
    options: { ...format('table', 'tree', 'json'), ...KEEP_SPILL },
    load: () => import('./commands/mounts.ts'),
  },
  {
    name: 'changes',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Show which files were added, modified and deleted',
    details:
      'A added, M modified, A/M added or modified (most archives do not say which), D deleted, V content of a volume, of\n/dev/shm or of a tmpfs.',
    options: { ...format('table', 'tree', 'json'), ...KEEP_SPILL },
    load: () => import('./commands/changes.ts'),
  },
  {
    name: 'proc',
    operands: 'LOCATOR [PID [NAME]]',
    min: 1,
    max: 3,
    summary: "Print a file of a process's /proc, as it is",
    details:
      "Without NAME: which files there are; without PID: which processes. Values are not masked.\n\n  checkpoint-explorer proc web.tar 1 environ | tr '\\0' '\\n'",
    options: { ...KEEP_SPILL },
    load: () => import('./commands/proc.ts'),
  },
  {
    name: 'memory maps',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Show what processes had mapped, and what of it is in the checkpoint',
    details:
      'As /proc/PID/maps, with how much of each mapping was dumped and where the rest is. In JSON with what CRIU recorded.',
    options: {
      pid: { kind: 'text', short: 'p', value: 'PID', help: 'Only this process' },
      ...format('table', 'json'),
      ...KEEP_SPILL,
    },
    load: () => import('./commands/memory-maps.ts'),
  },
  {
    name: 'memory read',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Print memory of a process by address',
    details:
      'As hexdump -C does; bytes that are not in the checkpoint are ··, and lines that begin with # say where bytes are.\nRows that repeat the one before are *. With --raw the bytes themselves: those that are missing are zeros, stderr says\nwhich, and the exit code is 3.\n\n  checkpoint-explorer memory read web.tar --pid 1 --address 0x7f0b991e7000 --length 64\n  checkpoint-explorer memory read web.tar --pid 1 --address rsp-0x40\n  checkpoint-explorer memory read web.tar --pid 1 --address [heap]+4096',
    options: {
      pid: { kind: 'text', short: 'p', value: 'PID', help: 'The process' },
      address: {
        kind: 'text',
        value: 'ADDRESS',
        help: 'The first address: a number, a register, a mapping, or a sum of these',
      },
      thread: { kind: 'text', value: 'TID', help: 'Whose registers (the first thread’s if not given)' },
      length: { kind: 'text', value: 'N', help: 'How many bytes (256 if not given)' },
      raw: { kind: 'flag', help: 'The bytes as they are' },
      ...KEEP_SPILL,
    },
    load: () => import('./commands/memory-read.ts'),
  },
  {
    name: 'memory search',
    operands: 'LOCATOR PATTERN',
    min: 2,
    max: 2,
    summary: 'Find a text, bytes or an expression in memory and in whatever else holds bytes',
    details:
      "Without --pid or --source: in the memory of all processes, in shared memory, deleted files, pipes, sockets and\nterminals, and in the container's files. Matches are printed as they are found.\n\n  checkpoint-explorer memory search web.tar API_TOKEN= --context 64\n  checkpoint-explorer memory search web.tar --hex '7f 45 4c 46 ?? 01'\n  checkpoint-explorer memory search web.tar --regex 'AKIA[0-9A-Z]{16}'\n\nExpressions are JavaScript's, for bytes: . and classes stand for one byte, other letters than ASCII for their UTF-8\nbytes, ^ and $ for ends of lines; a match has at most 16 KiB.",
    options: {
      hex: { kind: 'flag', help: 'PATTERN is bytes in hexadecimal, ? for a digit that may be any' },
      regex: { kind: 'flag', help: 'PATTERN is a regular expression' },
      utf16: { kind: 'flag', help: 'Find the text in UTF-16, little and big-endian, instead of UTF-8' },
      'ignore-case': { kind: 'flag', short: 'i', help: 'Capital and small letters are the same' },
      ...SEARCH_SCOPE,
      context: { kind: 'text', value: 'N', help: 'Bytes to show on either side (32 if not given)' },
      ...format('table', 'json'),
      ...KEEP_SPILL,
    },
    load: () => import('./commands/memory-search.ts'),
  },
  {
    name: 'memory strings',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Print what is readable in memory, with addresses',
    details: 'As strings(1), for the same places as memory search.',
    options: {
      min: { kind: 'text', value: 'N', help: 'Characters that a string has at least (4 if not given)' },
      encoding: {
        kind: 'text',
        value: ENCODINGS.join('|'),
        choices: ENCODINGS,
        help: 'How strings are encoded (ascii if not given)',
      },
      ...SEARCH_SCOPE,
      ...format('table', 'json'),
      ...KEEP_SPILL,
    },
    load: () => import('./commands/memory-strings.ts'),
  },
  {
    name: 'memparse',
    operands: 'FILE…',
    min: 1,
    max: Infinity,
    summary: "Show how much memory was dumped, or the dumped memory of a process (checkpointctl's command)",
    options: {
      pid: { kind: 'text', short: 'p', value: 'PID', help: 'Print all dumped memory of this process' },
      output: { kind: 'text', short: 'o', value: 'FILE', help: 'Write it to a file' },
      search: { kind: 'text', short: 's', value: 'STRING', help: 'Find a text in the memory of the process' },
      'search-regex': { kind: 'text', short: 'r', value: 'REGEX', help: 'Find a regular expression in it' },
      context: { kind: 'text', short: 'c', value: 'N', help: 'Bytes to print on either side of a match' },
      ...KEEP_SPILL,
    },
    load: () => import('./commands/memparse.ts'),
  },
  {
    name: 'decode',
    operands: 'LOCATOR [ENTRY…] | IMAGE…',
    min: 1,
    max: Infinity,
    summary: "Print CRIU's images as JSON",
    details:
      'ENTRY is a name in the archive (checkpoint/core-1.img) or its last part (core-1.img); without it, all that can be\ndecoded. IMAGE is a single image file.',
    options: {
      pretty: { kind: 'flag', help: 'Addresses and flags in hexadecimal, names for numbers' },
      ...KEEP_SPILL,
    },
    load: () => import('./commands/decode.ts'),
  },
  {
    name: 'extract',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Write files out of a checkpoint',
    details:
      "Writes DIR/archive (the entries as they are), DIR/rootfs (what the container had changed) and DIR/proc; with --path\nonly what it matches. Nothing is written outside DIR, whatever the names and links in the checkpoint say.\n\n  checkpoint-explorer extract web.tar --path '/rootfs/etc/**' -o out",
    options: {
      path: {
        kind: 'texts',
        value: 'GLOB',
        help: 'What to write, below /archive, /rootfs, /proc or /images: * ? [ ] ** (several times)',
      },
      output: { kind: 'text', short: 'o', value: 'DIR', help: 'Where to; made if it is not there' },
      force: { kind: 'flag', help: 'Overwrite files that are there' },
      ...KEEP_SPILL,
    },
    load: () => import('./commands/extract.ts'),
  },
  ...CLUSTER_COMMANDS,
  ...RESTORE_COMMANDS,
];

/** The commands whose names begin with this word: one, or all of a group like `memory`. */
export function commandsOf(word: string): readonly Command[] {
  return COMMANDS.filter(({ name }) => name === word || name.startsWith(`${word} `));
}
