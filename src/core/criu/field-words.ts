import { mapFlagBits, openFlagBits, streamAndDatagram } from './machine-flags.ts';

/**
 * The words that crit's pretty form uses instead of numbers. Facts: crit's lib/pycriu/images/pb2dict.py, the kernel's
 * headers for the values. Where crit is wrong or knows less, this is right: a task's state 3 is stopped and 6 a zombie
 * (CRIU's compel/include/uapi/task-state.h), and more socket states and protocols have their names.
 */
export type Words = readonly (readonly [name: string, bit: number])[];

const flagTables: Readonly<Record<string, Words>> = {
  'mmap.prot': [
    ['PROT_READ', 0x1],
    ['PROT_WRITE', 0x2],
    ['PROT_EXEC', 0x4],
  ],
  'mmap.status': [
    ['VMA_AREA_REGULAR', 2 ** 0],
    ['VMA_AREA_STACK', 2 ** 1],
    ['VMA_AREA_VSYSCALL', 2 ** 2],
    ['VMA_AREA_VDSO', 2 ** 3],
    ['VMA_AREA_HEAP', 2 ** 5],
    ['VMA_FILE_PRIVATE', 2 ** 6],
    ['VMA_FILE_SHARED', 2 ** 7],
    ['VMA_ANON_SHARED', 2 ** 8],
    ['VMA_ANON_PRIVATE', 2 ** 9],
    ['VMA_AREA_SYSVIPC', 2 ** 10],
    ['VMA_AREA_SOCKET', 2 ** 11],
    ['VMA_AREA_VVAR', 2 ** 12],
    ['VMA_AREA_AIORING', 2 ** 13],
    ['VMA_AREA_MEMFD', 2 ** 14],
    ['VMA_AREA_SHSTK', 2 ** 15],
    ['VMA_AREA_UPROBES', 2 ** 17],
    ['VMA_UNSUPP', 2 ** 31],
  ],
  'seals.flags': [
    ['F_SEAL_SEAL', 0x1],
    ['F_SEAL_SHRINK', 0x2],
    ['F_SEAL_GROW', 0x4],
    ['F_SEAL_WRITE', 0x8],
    ['F_SEAL_FUTURE_WRITE', 0x10],
  ],
  'pmap.flags': [
    ['PE_PARENT', 0x1],
    ['PE_LAZY', 0x2],
    ['PE_PRESENT', 0x4],
    ['PE_PAYLOAD_ALIGNED', 0x8],
  ],
};

/** Those whose bits each machine has for itself, of those that crit names. */
const machineTables: Readonly<Record<string, (machine: number | undefined) => Words>> = {
  'mmap.flags': keepingLast((machine) => {
    const bits = mapFlagBits(machine);
    const named = ['MAP_SHARED', 'MAP_PRIVATE', 'MAP_DROPPABLE', 'MAP_ANON', 'MAP_GROWSDOWN'] as const;
    return named.map((name) => [name, bits[name]]);
  }),
  'rfile.flags': keepingLast((machine) => {
    const { O_PATH: _path, SYNC: _sync, TMPFILE: _temporary, ...bits } = openFlagBits(machine);
    const named = Object.entries(bits).map(([name, bit]) => [name === 'O_ASYNC' ? 'FASYNC' : name, bit] as const);
    return [['O_WRONLY', 0o1], ['O_RDWR', 0o2], ...named];
  }),
};

/** All images of a dump are of one machine, and may have a hundred thousand words of one table. */
function keepingLast(make: (machine: number | undefined) => Words): (machine: number | undefined) => Words {
  let last: { readonly machine: number | undefined; readonly words: Words } | undefined;
  return (machine) => {
    if (!last || last.machine !== machine) last = { machine, words: make(machine) };
    return last.words;
  };
}

/** States of sockets of every kind. Source: the kernel's include/net/tcp_states.h. */
export const SOCKET_STATES: Readonly<Record<number, string>> = {
  1: 'ESTABLISHED',
  2: 'SYN_SENT',
  3: 'SYN_RECV',
  4: 'FIN_WAIT1',
  5: 'FIN_WAIT2',
  6: 'TIME_WAIT',
  7: 'CLOSE',
  8: 'CLOSE_WAIT',
  9: 'LAST_ACK',
  10: 'LISTEN',
  11: 'CLOSING',
  12: 'NEW_SYN_RECV',
};

/** By the name of the field. */
const valueTables: Readonly<Record<string, Readonly<Record<string, Readonly<Record<number, string>>>>>> = {
  gen: { task_state: { 1: 'Alive', 2: 'Dead', 3: 'Stopped', 6: 'Zombie' } },
  sk: {
    family: { 1: 'UNIX', 2: 'INET', 10: 'INET6', 16: 'NETLINK', 17: 'PACKET' },
    type: { 3: 'RAW', 5: 'SEQPACKET', 10: 'PACKET' },
    state: SOCKET_STATES,
    proto: { 0: 'IP', 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMPV6', 136: 'UDPLITE' },
  },
};

/**
 * `PROT_READ | PROT_WRITE`; what has no name is added as hexadecimal, a whole word of an unknown table is that alone.
 * @param machine CRIU's number of the architecture, where it is known
 */
export function flagWords(table: string, value: number, machine?: number): string {
  const words = flagTables[table] ?? machineTables[table]?.(machine);
  return words ? flagsOf(words, value) : hexWord(value);
}

/** The names of the bits that are set in a word, and what is left of it as hexadecimal. */
export function flagsOf(words: Words, value: number): string {
  const named = words.filter(([, bit]) => (value & bit) !== 0);
  const rest = named.reduce((left, [, bit]) => left & ~bit, value) >>> 0;
  return [...named.map(([name]) => name), ...(rest === 0 ? [] : [hexWord(rest)])].join(' | ');
}

/**
 * The word for a value of a field, or undefined where the table has none.
 * @param machine CRIU's number of the architecture, where it is known
 */
export function valueWord(table: string, field: string, value: number, machine?: number): string | undefined {
  if (table === 'sk' && field === 'type') {
    const { stream, datagram } = streamAndDatagram(machine);
    if (value === stream || value === datagram) return value === stream ? 'STREAM' : 'DGRAM';
  }
  return valueTables[table]?.[field]?.[value];
}

export function hexWord(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/**
 * `major:minor` of a device number: the kernel's encoding, or with `old` that of the C library (its sys/sysmacros.h).
 */
export function deviceWord(value: number, old: boolean): string {
  if (!old) return `${value >>> 20}:${value & 0xfffff}`;
  return `${(value >>> 8) & 0xfff}:${(value & 0xff) | ((value >>> 12) & 0xfff00)}`;
}

/**
 * An address out of one 32-bit word (IPv4) or four (IPv6), whose bytes are in network order in memory; undefined for
 * other counts.
 */
export function addressWord(words: readonly number[]): string | undefined {
  return addressOfOctets(words.flatMap(octets));
}

/**
 * An address out of its bytes in network order: four (IPv4) or sixteen (IPv6); undefined for other counts. As inet_ntop of
 * the C library and Python from 3.13 on have it: the IPv4 address in an IPv6 one (`::ffff:10.0.0.1`) keeps its form.
 */
export function addressOfOctets(bytes: readonly number[] | Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[at * 2] as number) << 8) | (bytes[at * 2 + 1] as number));
  const zeros = longestZeros(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (zeros.start === 0 && (zeros.length === 6 || (zeros.length === 5 && groups[5] === 0xffff))) {
    return `::${zeros.length === 5 ? 'ffff:' : ''}${[...bytes.slice(12)].join('.')}`;
  }
  return zeros.length < 2
    ? hex(groups)
    : `${hex(groups.slice(0, zeros.start))}::${hex(groups.slice(zeros.start + zeros.length))}`;
}

/** The bytes of an address that {@link addressOfOctets} wrote. */
export function octetsOfAddress(address: string): readonly number[] {
  if (!address.includes(':')) return address.split('.').map(Number);
  const groupsOf = (text: string): readonly number[] =>
    text === '' ? [] : text.split(':').flatMap((part) => (part.includes('.') ? pairs(part) : [parseInt(part, 16)]));
  const [before = [], after = []] = address.split('::').map(groupsOf);
  const zeros = new Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >>> 8, group & 0xff]);
}

/** The last two groups of an IPv6 address that ends in an IPv4 one. */
function pairs(address: string): readonly number[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return [(a << 8) | b, (c << 8) | d];
}

function octets(word: number): readonly number[] {
  return [word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24];
}

/** The first of the longest runs of zeros. */
function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let longest = { start: 0, length: 0 };
  for (let start = 0, length = 0; start + length < groups.length;) {
    if (groups[start + length] === 0) length++;
    else {
      start += length + 1;
      length = 0;
    }
    if (length > longest.length) longest = { start, length };
  }
  return longest;
}

/**
 * Quoted-printable as crit writes the names of UNIX sockets, with soft line ends at 76 characters. Facts: RFC 2045 6.7
 * and, for a dot alone and the end of a line, Python's Modules/binascii.c.
 */
export function quotedPrintable(bytes: Uint8Array): string {
  const firstEnd = bytes.indexOf(0x0a);
  const lineEnd = firstEnd > 0 && bytes[firstEnd - 1] === 0x0d ? '\r\n' : '\n';
  let text = '';
  let column = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    const next = bytes[index + 1];
    if (byte === 0x0a || (byte === 0x0d && next === 0x0a)) {
      text = text.replace(/[ \t]$/, (blank) => quoted(blank.charCodeAt(0)));
      text += lineEnd;
      column = 0;
      if (byte === 0x0d) index++;
    } else if (needsQuote(byte, next, column)) {
      if (column + 3 >= 76) [text, column] = [`${text}=${lineEnd}`, 0];
      text += quoted(byte);
      column += 3;
    } else {
      if (next !== undefined && next !== 0x0a && column + 1 >= 76) [text, column] = [`${text}=${lineEnd}`, 0];
      text += String.fromCharCode(byte);
      column++;
    }
  }
  return text;
}

function needsQuote(byte: number, next: number | undefined, column: number): boolean {
  if (byte > 126 || byte === 0x3d) return true;
  if (byte === 0x2e) return column === 0 && (next === undefined || next === 0x0a || next === 0x0d || next === 0);
  if (byte === 0x20 || byte === 0x09) return next === undefined;
  return byte < 33 && byte !== 0x0d;
}

function quoted(byte: number): string {
  return `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
