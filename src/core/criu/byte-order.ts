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
 * Network addresses, and the protocols of packet sockets, are bytes in network order that a machine took for its own
 * numbers: those of a big-endian one are turned, so that they read as all others do. Source: criu/sk-inet.c and
 * criu/sk-packet.c.
 */
export function turnNetworkOrder(message: object, name: MessageName): void {
  turnIn(message as Record<string, unknown>, messageType(name));
}

function turnIn(message: Record<string, unknown>, type: MessageType): void {
  for (const { name, style, repeated, message: inner } of type.fields) {
    if (!Object.hasOwn(message, name)) continue;
    const value = message[name];
    if (style.ipadd === true && repeated) message[name] = (value as readonly number[]).map(turned);
    else if (type.name === 'packet_sock_entry' && name === 'protocol') message[name] = turned(value as number) >>> 16;
    else if (inner)
      for (const one of repeated ? (value as object[]) : [value as object])
        turnIn(one as Record<string, unknown>, inner);
  }
}

function turned(word: number): number {
  return uint32At(Uint8Array.of(word, word >>> 8, word >>> 16, word >>> 24), 0, true);
}
