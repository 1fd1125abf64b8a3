import { kindOf, type KindName } from '../../../src/core/criu/kinds.ts';
import { entry, image } from '../../unit/criu/build-image.ts';

/** A message by the names of its fields; 64-bit values as bigint. */
export type Fields = Readonly<Record<string, unknown>>;

/** An image as CRIU writes it: the magic words of its kind, then each message after its length. */
export function encodeImage(kind: KindName, entries: readonly Fields[]): Uint8Array {
  const { message, head = message } = kindOf(kind);
  if (message === undefined || head === undefined) throw new Error(`${kind} images are not made of messages.`);
  return image(kind, ...entries.map((fields, index) => entry(index === 0 ? head : message, fields)));
}
