import { formatJson, jsonPieces, type Json } from './json.ts';
import type { Output } from './output.ts';

/** A list whose items come one after the other and are written as they come: it may be longer than memory. */
export class JsonStream {
  readonly items: AsyncIterable<Json | StreamedObject>;

  constructor(items: AsyncIterable<Json | StreamedObject>) {
    this.items = items;
  }
}

type Members = Readonly<Record<string, Json | JsonStream | undefined>>;

/** An object some of whose members may be such lists; each member is written before the next one's items are asked for. */
export class StreamedObject {
  readonly members: Members;

  constructor(members: Members) {
    this.members = members;
  }
}

/** Writes a value in the form of `jsonPieces`, without a line break at its end. */
export async function writeStreamed(
  output: Output,
  value: Json | JsonStream | StreamedObject,
  indent = '',
): Promise<void> {
  if (value instanceof JsonStream) {
    let empty = true;
    for await (const item of value.items) {
      await output.write(`${empty ? '[' : ','}\n${indent}  `);
      await writeStreamed(output, item, `${indent}  `);
      empty = false;
      if (output.closed.signal.aborted) return;
    }
    await output.write(empty ? '[]' : `\n${indent}]`);
  } else if (value instanceof StreamedObject) {
    let empty = true;
    for (const [key, member] of Object.entries(value.members)) {
      if (member === undefined) continue;
      await output.write(`${empty ? '{' : ','}\n${indent}  ${formatJson(key)}: `);
      await writeStreamed(output, member, `${indent}  `);
      empty = false;
    }
    await output.write(empty ? '{}' : `\n${indent}}`);
  } else await output.writeAll(jsonPieces(value, indent));
}
