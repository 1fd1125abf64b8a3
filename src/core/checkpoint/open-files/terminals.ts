import type { TerminalFacts } from '../../../protocol/open-files.ts';
import { MACHINE } from '../../criu/architectures.ts';
import type { TermiosEntry, TtyInfoEntry } from '../../criu/schema/generated/messages.ts';

/** TtyType of images/tty.proto, by number. */
const TERMINALS: readonly TerminalFacts['terminal'][] = [
  'unknown',
  'pty',
  'console',
  'virtual terminal',
  'controlling terminal',
  'external',
  'serial',
];
const PTY = 1;

/** The facts of a terminal, without who holds it. */
export type TerminalItself = Omit<TerminalFacts, 'other'>;

/**
 * @param id CRIU's number of the terminal. Its lowest bit tells the two sides of a pseudo terminal apart. Source:
 * criu/tty.c, tty_gen_id
 * @param machine core_entry.mtype: settings have other bits on some
 */
export function describeTerminal(id: number, info: TtyInfoEntry, machine: number | undefined): TerminalItself {
  const { winsize, termios, pty } = info;
  return {
    of: 'terminal',
    terminal: TERMINALS[info.type] ?? 'unknown',
    ...(info.type === PTY && { side: (id & 1) === 1 ? ('master' as const) : ('slave' as const) }),
    ...(pty && { index: pty.index }),
    ...(winsize && {
      size: { rows: winsize.ws_row, columns: winsize.ws_col, width: winsize.ws_xpixel, height: winsize.ws_ypixel },
    }),
    ...(termios && { settings: describeSettings(termios, machine) }),
    ...(info.sid !== 0 && { session: info.sid }),
    ...(info.pgrp !== 0 && { foreground: info.pgrp }),
    locked: info.locked,
    exclusive: info.exclusive,
    packetMode: info.packet_mode,
    deviceMajor: (info.rdev >>> 8) & 0xfff,
    deviceMinor: (info.rdev & 0xff) | ((info.rdev >>> 12) & 0xfff00),
  };
}

/** The number of the other side of a pseudo terminal. */
export function otherSide(id: number, info: TtyInfoEntry): number | undefined {
  return info.type === PTY ? (id ^ 1) >>> 0 : undefined;
}

/** What programs change most, as stty names it: field, bit, word. Source: include/uapi/asm-generic/termbits.h. */
const SETTINGS: readonly (readonly ['input' | 'output' | 'local', number, string])[] = [
  ['local', 0o1, 'isig'],
  ['local', 0o2, 'icanon'],
  ['local', 0o100000, 'iexten'],
  ['local', 0o10, 'echo'],
  ['input', 0o400, 'icrnl'],
  ['input', 0o2000, 'ixon'],
  ['output', 0o1, 'opost'],
  ['output', 0o4, 'onlcr'],
];
/** Source: the termbits.h of the machines that differ. */
const PPC_SETTINGS: typeof SETTINGS = [
  ['local', 0x80, 'isig'],
  ['local', 0x100, 'icanon'],
  ['local', 0x400, 'iexten'],
  ['local', 0x8, 'echo'],
  ['input', 0x100, 'icrnl'],
  ['input', 0x200, 'ixon'],
  ['output', 0x1, 'opost'],
  ['output', 0x2, 'onlcr'],
];
const MIPS_SETTINGS: typeof SETTINGS = SETTINGS.map(([field, bit, word]) =>
  word === 'iexten' ? [field, 0x100, word] : [field, bit, word],
);

function describeSettings(termios: TermiosEntry, machine: number | undefined): NonNullable<TerminalFacts['settings']> {
  const fields = { input: termios.c_iflag, output: termios.c_oflag, local: termios.c_lflag };
  const table = machine === MACHINE.ppc64 ? PPC_SETTINGS : machine === MACHINE.mips ? MIPS_SETTINGS : SETTINGS;
  return {
    ...fields,
    control: termios.c_cflag,
    words: table.map(([field, bit, word]) => ((fields[field] & bit) === 0 ? `-${word}` : word)),
    characters: controlCharacters(termios.c_cc),
    discipline: termios.c_line,
  };
}

/** How many there are. Source: criu/include/tty.h, TERMIOS_NCC. */
const CONTROL_CHARACTERS = 19;

/** CRIU copies the characters, which are bytes, into a list of words as they stand in memory. */
function controlCharacters(words: readonly number[]): readonly number[] {
  const bytes = words
    .slice(0, CONTROL_CHARACTERS)
    .flatMap((word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 0xff));
  return bytes.slice(0, CONTROL_CHARACTERS);
}
