import type { DecodedImage } from './image.ts';

/**
 * Decoded images by name, each as long as its first message is in use. What lists a quarter of a million mappings is
 * not decoded a second time while the first is still worked on: twice would be a hundred megabytes.
 */
export class ImagesInUse {
  readonly #first = new Map<string, WeakRef<object>>();
  readonly #images = new WeakMap<object, DecodedImage>();

  get(name: string): DecodedImage | undefined {
    const message = this.#first.get(name)?.deref();
    if (message === undefined) this.#first.delete(name);
    return message && this.#images.get(message);
  }

  set(name: string, image: DecodedImage): void {
    const [first] = image.entries;
    if (!first) return;
    this.#first.set(name, new WeakRef(first.message));
    this.#images.set(first.message, image);
  }
}
