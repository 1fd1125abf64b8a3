import type { Output } from './output.ts';

/** A JSON array on stdout whose elements are written as they are made. Nothing is written where there was none. */
export class JsonArray {
  readonly #output: Output;
  #empty = true;

  constructor(output: Output) {
    this.#output = output;
  }

  /** @param element JSON, indented by two spaces from its second line on */
  async add(element: string): Promise<void> {
    await this.#output.write(`${this.#empty ? '[' : ','}\n  ${element}`);
    this.#empty = false;
  }

  async end(): Promise<void> {
    if (!this.#empty) await this.#output.write('\n]\n');
  }
}
