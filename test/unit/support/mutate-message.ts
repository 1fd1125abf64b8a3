import type { Random } from './random.ts';

/** Protobuf messages whose fields say other things than they should, and are still messages. */

interface Field {
  readonly key: bigint;
  /** Of wire type 0 its number, else its bytes; of wire type 2 without their length. */
  value: bigint | Buffer;
}

/** Values at which lengths, ids and signs break. */
const EDGES: readonly bigint[] = [
  ...[0n, 1n, 2n, 3n, 4n, 7n, 10n, 255n],
  ...[31n, 32n, 53n, 63n, 64n].flatMap((bits) => [2n ** bits - 1n, BigInt.asUintN(64, 2n ** bits)]),
];
const DEEPEST = 3;

/** Drops a field, doubles it, exchanges two, or gives one the value of another or one of {@link EDGES}; also within. */
export function mutateMessage(bytes: Buffer, random: Random, depth = 0): Buffer {
  const fields = readFields(bytes);
  const at = fields ? random(Math.max(1, fields.length)) : 0;
  const field = fields?.[at];
  if (!fields || !field) return bytes;
  const { value } = field;
  const within = typeof value !== 'bigint' && depth < DEEPEST && random(3) > 0;
  switch (within ? 'within' : (['drop', 'double', 'exchange', 'edge', 'other', 'near'] as const)[random(6)]) {
    case 'within':
      field.value = mutateMessage(value as Buffer, random, depth + 1);
      break;
    case 'drop':
      fields.splice(at, 1);
      break;
    case 'double':
      fields.splice(at, 0, field);
      break;
    case 'exchange':
      fields.push(...fields.splice(at, 1));
      break;
    case 'other': {
      const other = fields[random(fields.length)]?.value;
      if (typeof other === typeof value) field.value = other as Field['value'];
      break;
    }
    case 'near':
      if (typeof value === 'bigint') field.value = BigInt.asUintN(64, value + BigInt(random(5)) - 2n);
      break;
    default:
      if (typeof value === 'bigint') field.value = EDGES[random(EDGES.length)] ?? 0n;
  }
  return Buffer.concat(fields.map(writeField));
}

/** Undefined for what is no message. */
function readFields(bytes: Buffer): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const number = (): bigint => {
    let value = 0n;
    for (let shift = 0n; at < bytes.length && shift < 70n; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    at = bytes.length + 1;
    return value;
  };
  while (at < bytes.length) {
    const key = number();
    const type = Number(key & 7n);
    if (type === 0) fields.push({ key, value: number() });
    else {
      const length = type === 2 ? Number(number()) : type === 1 ? 8 : type === 5 ? 4 : NaN;
      if (!(at + length <= bytes.length)) return undefined;
      fields.push({ key, value: bytes.subarray(at, at + length) });
      at += length;
    }
  }
  return at === bytes.length ? fields : undefined;
}

function writeField({ key, value }: Field): Buffer {
  if (typeof value === 'bigint') return Buffer.concat([varint(key), varint(value)]);
  return Buffer.concat([varint(key), (key & 7n) === 2n ? varint(BigInt(value.length)) : Buffer.alloc(0), value]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}
