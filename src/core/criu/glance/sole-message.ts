import { IMG_COMMON, kindOf, type KindName } from '../kinds.ts';
import { isSound } from '../outline.ts';
import { messageType, type MessageName } from '../schema.ts';

/**
 * A glance at an image takes the few facts out of it that lists of processes show, in a fraction of the time that
 * decoding takes: a checkpoint of hundreds of processes opens by a thousand glances. A glance is only for images as
 * every CRIU of today writes them, and gives up (undefined) at anything else, damage included: then the image is
 * decoded, which tells what is wrong. What a glance gives is what decoding would have given.
 */

/** Where the only message of an image starts: behind two magic words and its length. */
export const MESSAGE_START = 12;

/** Whether an image holds exactly one message of its kind, as CRIU writes it: then its fields are in their order. */
export function isSoleMessage(kind: KindName, message: MessageName, bytes: Uint8Array): boolean {
  return (
    bytes.length >= MESSAGE_START &&
    hasHead(kind, bytes) &&
    wordAt(bytes, 8) === bytes.length - MESSAGE_START &&
    isSound(messageType(message), bytes, MESSAGE_START, bytes.length)
  );
}

/** Whether an image begins as one of its kind. Of at least 8 bytes. */
export function hasHead(kind: KindName, bytes: Uint8Array): boolean {
  return wordAt(bytes, 0) === IMG_COMMON && wordAt(bytes, 4) === kindOf(kind).magic;
}

/** Little-endian. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}
