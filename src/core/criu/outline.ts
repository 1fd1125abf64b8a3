import type { MessageName, MessageType } from './schema.ts';
import type { WireReader } from './wire.ts';

/** How much of an image's messages is decoded. An outline lacks what {@link bulk} names. */
export type Extent = 'whole' | 'outline';

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

/**
 * Passes over a message and keeps nothing of it.
 * @returns whether it is as its type demands: every field is known, every required one is there; false also where that
 * would be too much to find out here
 * @throws WireDamage
 */
export function passOver(type: MessageType, reader: WireReader, end: number, depth = 0): boolean {
  const required = requiredNumbers(type);
  if (required === undefined || depth > maxDepth) return false;
  let missing = required;
  while (reader.position < end) {
    const tag = reader.uint32(end);
    const field = type.byNumber[tag >>> 3];
    const wireType = tag & 7;
    if (field === undefined || reader.high !== 0) return false;
    if (field.required) missing &= ~(1 << field.number);
    if (wireType !== field.wireType && !(field.repeated && wireType === 2)) return false;
    if (field.message === undefined) reader.skip(wireType, end);
    else if (!passOver(field.message, reader, reader.lengthDelimited(end), depth + 1)) return false;
  }
  return missing === 0;
}

const required = new Map<MessageType, number | undefined>();

/** The numbers of the required fields as the bits of a word; undefined where one does not fit into it. */
function requiredNumbers(type: MessageType): number | undefined {
  if (required.has(type)) return required.get(type);
  const numbers = type.fields.filter((field) => field.required).map(({ number }) => number);
  const bits = numbers.every((number) => number < 32)
    ? numbers.reduce((word, number) => word | (1 << number), 0)
    : undefined;
  required.set(type, bits);
  return bits;
}
