import { bitNames } from './bit-names.ts';

/** Source: include/uapi/linux/personality.h. */
const PERSONALITIES: readonly string[] = [
  'LINUX',
  'SVR4',
  'SVR3',
  'SCOSVR3',
  'WYSEV386',
  'ISCR4',
  'BSD',
  'XENIX',
  'LINUX32',
  'IRIX32',
  'IRIXN32',
  'IRIX64',
  'RISCOS',
  'SOLARIS',
  'UW7',
  'OSF4',
  'HPUX',
];
const PERSONALITY_FLAGS: readonly (readonly [number, string])[] = [
  [0x0020000, 'UNAME26'],
  [0x0040000, 'ADDR_NO_RANDOMIZE'],
  [0x0080000, 'FDPIC_FUNCPTRS'],
  [0x0100000, 'MMAP_PAGE_ZERO'],
  [0x0200000, 'ADDR_COMPAT_LAYOUT'],
  [0x0400000, 'READ_IMPLIES_EXEC'],
  [0x0800000, 'ADDR_LIMIT_32BIT'],
  [0x1000000, 'SHORT_INODE'],
  [0x2000000, 'WHOLE_SECONDS'],
  [0x4000000, 'STICKY_TIMEOUTS'],
  [0x8000000, 'ADDR_LIMIT_3GB'],
];
const MAX = 0xffffffff;
const FLAGS = PERSONALITY_FLAGS.reduce((sum, [bit]) => sum | bit, 0);

/**
 * What personality(2) gave. CRIU reads the hexadecimal digits of /proc/PID/personality as a decimal number
 * (criu/cr-dump.c, get_task_personality), so of a personality without the digits a to f the image has the digits. A
 * number that means something as it stands, and not by its digits, is taken as it stands.
 */
export function readPersonality(recorded: number): number {
  const byDigits = Number.parseInt(String(recorded), 16);
  return byDigits <= MAX && (isKnown(byDigits) || !isKnown(recorded)) ? byDigits : recorded;
}

function isKnown(personality: number): boolean {
  return (personality & ~(FLAGS | 0xff)) === 0 && PERSONALITIES[personality & 0xff] !== undefined;
}

export function personalityNames(recorded: number): readonly string[] {
  const personality = readPersonality(recorded);
  const base = PERSONALITIES[personality & 0xff];
  const name = base === undefined ? `0x${(personality & 0xff).toString(16)}` : `PER_${base}`;
  return [name, ...bitNames((personality & ~0xff) >>> 0, PERSONALITY_FLAGS)];
}
