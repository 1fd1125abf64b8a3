import { messageType, type MessageName, type MessageType } from './schema.ts';

/** The number whose two bytes stand there. */
export function uint16At(bytes: Uint8Array, at: number, isBigEndian: boolean): number {
  const first = bytes[at] as number;
  const second = bytes[at + 1] as number;
  return isBigEndian ? (first << 8) | second : first | (second << 8);
}

/** The number whose four bytes stand there. */
export function uint32At(bytes: Uint8Array, at: number, isBigEndian: boolean): number {
  const a = bytes[at] as number;
  const b = bytes[at + 1] as number;
  const c = bytes[at + 2] as number;
  const d = bytes[at + 3] as number;
  return (isBigEndian ? (a << 24) | (b << 16) | (c << 8) | d : a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
}

/**
 * Bytes that CRIU copied into a list of the machine's own numbers: build ids, the characters of a terminal, file handles.
 * Source: criu/files-reg.c, store_validation_data_build_id; criu/tty.c, termios_copy; criu/proc_parse.c,
 * parse_fhandle_encoded.
 */
const COPIED_BYTES: ReadonlySet<string> = new Set(['reg_file_entry.build_id', 'termios_entry.c_cc', 'fh_entry.handle']);

/**
 * Network addresses, and the protocols of packet sockets, are bytes in network order that a machine took for its own
 * numbers, as are bytes that were copied into numbers: those of a big-endian one are turned, so that they read as all
 * others do. Source: criu/sk-inet.c and criu/sk-packet.c.
 */
export function turnBytesInNumbers(message: object, name: MessageName): void {
  turnIn(message as Record<string, unknown>, messageType(name));
}

function turnIn(message: Record<string, unknown>, type: MessageType): void {
  for (const { name, style, repeated, message: inner } of type.fields) {
    if (!Object.hasOwn(message, name)) continue;
    const value = message[name];
    const isBytes = style.ipadd === true || COPIED_BYTES.has(`${type.name}.${name}`);
    if (isBytes && repeated) message[name] = (value as readonly (number | bigint)[]).map(turned);
    else if (type.name === 'packet_sock_entry' && name === 'protocol')
      message[name] = turnedWord(value as number) >>> 16;
    else if (inner)
      for (const one of repeated ? (value as object[]) : [value as object])
        turnIn(one as Record<string, unknown>, inner);
  }
}

function turned(word: number | bigint): number | bigint {
  if (typeof word === 'number') return turnedWord(word);
  const [low, high] = [Number(word & 0xffff_ffffn), Number(word >> 32n)];
  return (BigInt(turnedWord(low)) << 32n) | BigInt(turnedWord(high));
}

/** The number of the same four bytes on a machine of the other byte order. */
export function turnedWord(word: number): number {
  return uint32At(Uint8Array.of(word, word >>> 8, word >>> 16, word >>> 24), 0, true);
}
