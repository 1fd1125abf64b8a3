import type { Json } from './json.ts';
import { writeStreamed, type StreamedObject } from './json-stream.ts';
import type { Output } from './output.ts';

/** A JSON array on stdout whose elements are written as they are made. Nothing is written where there was none. */
export class JsonArray {
  readonly #output: Output;
  #empty = true;

  constructor(output: Output) {
    this.#output = output;
  }

  async add(element: Json | StreamedObject): Promise<void> {
    await this.#output.gather(async () => {
      await this.#output.write(this.#empty ? '[\n  ' : ',\n  ');
      this.#empty = false;
      await writeStreamed(this.#output, element, '  ');
    });
  }

  async end(): Promise<void> {
    if (!this.#empty) await this.#output.write('\n]\n');
  }

  /** Where an empty list is an answer, too. */
  async endOrEmpty(): Promise<void> {
    await this.#output.write(this.#empty ? '[]\n' : '\n]\n');
  }
}
