import type { MessageName, MessageType } from './schema.ts';

/**
 * How much of an image's messages is decoded. An outline lacks what {@link bulk} names; frames are only where entries
 * stand: their messages are decoded where these must tell how much follows them, and empty else.
 */
export type Extent = 'whole' | 'outline' | 'frames';

/**
 * The parts that make a message large and that a list of many of them does not show, by the message of the image: of a
 * thread its registers, signal handlers, timers and limits, nine tenths of its work.
 */
export const bulk: Partial<Readonly<Record<MessageName, ReadonlySet<string>>>> = {
  core_entry: new Set([
    'thread_info',
    'ti_arm',
    'ti_aarch64',
    'ti_ppc64',
    'ti_s390',
    'ti_mips',
    'ti_loongarch64',
    'ti_riscv64',
    'rlimits',
    'sigactions',
    'signals_p',
    'signals_s',
    'timers',
  ]),
};

/** Deeper parts are left to the decoder, which has its own limit. */
const maxDepth = 10;
/** Bytes of a varint that say that another follows. */
const maxContinued = 9;

/**
 * Looks over a message, `bytes[start, end)`, and keeps nothing of it. This is a large part of what opening a checkpoint
 * of many processes does, so it is one loop without calls.
 * @returns whether it is as CRIU writes it: every field is known and stands where its number says, only lists have
 * several of one, every required one is there; false also where that would be too much to find out here
 */
export function isSound(type: MessageType, bytes: Uint8Array, start: number, end: number, depth = 0): boolean {
  const { byNumber, requiredBits } = type;
  if (requiredBits === undefined || depth > maxDepth) return false;
  let missing = requiredBits;
  let before = 0;
  let at = start;
  while (at < end) {
    let tag = bytes[at++] as number;
    if (tag > 0x7f) {
      const more = bytes[at++] as number;
      if (more > 0x7f) return false;
      tag = (tag & 0x7f) | (more << 7);
    }
    const field = byNumber[tag >>> 3];
    if (field === undefined) return false;
    const { number } = field;
    if (number < before || (number === before && !field.repeated)) return false;
    before = number;
    if (field.required) missing &= ~(1 << number);
    const wireType = tag & 7;
    // Numbers of a list that are packed together are left to the decoder, too.
    if (wireType !== field.wireType) return false;
    if (wireType === 0) {
      const last = at + maxContinued;
      while ((bytes[at] as number) > 0x7f) if (++at > last) return false;
      at++;
    } else if (wireType === 2) {
      let length = bytes[at++] as number;
      if (length > 0x7f) {
        const more = bytes[at++] as number;
        if (more > 0x7f) return false;
        length = (length & 0x7f) | (more << 7);
      }
      if (field.message && !isSound(field.message, bytes, at, at + length, depth + 1)) return false;
      at += length;
    } else at += 8;
    // Also where the bytes ended: what is read behind them is undefined, and no number.
    if (!(at <= end)) return false;
  }
  return missing === 0;
}
