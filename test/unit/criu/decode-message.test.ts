import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type protobuf from 'protobufjs';
import { decodeMessage, eachUnknownField, rawText, unknownFields } from '../../../src/core/criu/decode-message.ts';
import descriptor from '../../../src/core/criu/schema/generated/descriptor.json' with { type: 'json' };
import type { MessageName } from '../../../src/core/criu/schema/generated/messages.ts';
import { bytes, encode, oracle, varint } from './build-image.ts';

suite('a message', () => {
  test('of every type decodes to what was encoded', () => {
    const names = Object.entries(descriptor.nested).flatMap(([name, node]) =>
      'fields' in node && name !== 'CRIU_Opts' ? [name as MessageName] : [],
    );
    assert.ok(names.length > 150);
    for (const name of names) {
      const property = fc.property(fieldsOf(oracle.lookupType(name), 0), (fields) => {
        const { message, missing, damage } = decodeMessage(name, encode(name, forEncoder(fields) as typeof fields));
        assert.deepEqual(
          { message: withoutEmptyLists(message), missing, damage },
          { message: fields, missing: [], damage: undefined },
        );
      });
      fc.assert(property, { numRuns: 8, seed: 1 });
    }
  });

  test('keeps 64-bit values exact', () => {
    const { message } = decodeMessage(
      'rlimit_entry',
      bytes([0x08], varint(2n ** 64n - 1n), [0x10], varint(2n ** 53n + 1n)),
    );
    assert.deepEqual(message, { cur: 18446744073709551615n, max: 9007199254740993n });
  });

  test('reads repeated numbers packed and one by one', () => {
    const { message } = decodeMessage(
      'pstree_entry',
      bytes(encode('pstree_entry', { pid: 1, ppid: 0, pgid: 1, sid: 1, threads: [1] }), [0x2a, 3, 2, 0xac, 2]),
    );
    assert.deepEqual(message.threads, [1, 2, 300]);
  });

  test('merges a part that comes twice, as the last value of a field counts', () => {
    const twice = bytes(
      encode('core_entry', { mtype: 1, thread_core: { futex_rla: 1, futex_rla_len: 2 } }),
      encode('core_entry', { mtype: 3, thread_core: { futex_rla: 5, futex_rla_len: 6, comm: 'x' } }),
    );
    const { message } = decodeMessage('core_entry', twice);
    assert.equal(message.mtype, 3);
    assert.deepEqual({ ...message.thread_core }, { futex_rla: 5n, futex_rla_len: 6, comm: 'x' });
  });

  test('keeps the number of an enum that is not known', () => {
    assert.equal(decodeMessage('core_entry', Uint8Array.of(0x08, 99)).message.mtype, 99);
  });

  test('keeps what the schema does not know', () => {
    const strange = bytes(
      [0x08, 7],
      [0xf8, 0x07],
      varint(2n ** 63n),
      [0xfa, 0x07, 2, 65, 66],
      [0xfd, 0x07, 1, 0, 0, 128],
      [0xf9, 0x07, 1, 0, 0, 0, 0, 0, 0, 1],
    );
    const { message, damage } = decodeMessage('pagemap_head', strange);
    assert.equal(damage, undefined);
    assert.deepEqual(message, { pages_id: 7 });
    assert.deepEqual(unknownFields(message), [
      { number: 127, wireType: 0, value: 2n ** 63n },
      { number: 127, wireType: 2, value: Uint8Array.of(65, 66) },
      { number: 127, wireType: 5, value: 0x80000001n },
      { number: 127, wireType: 1, value: 0x0100000000000001n },
    ]);
  });

  test('keeps of a million such fields hardly more than their bytes, and each in its message', () => {
    const one = bytes([0xc2, 0x3e, 10], '0123456789');
    const strange = Buffer.concat([Buffer.from([0x08, 7]), ...Array.from({ length: 900_000 }, () => one)]);
    const size = (): number => process.memoryUsage().heapUsed + process.memoryUsage().external;
    const before = size();
    const { message, damage } = decodeMessage('pagemap_head', strange);
    assert.ok(size() - before < 5 * strange.length, `${size() - before} bytes for ${strange.length}`);
    assert.equal(damage, undefined);
    let count = 0;
    for (const { number, value } of eachUnknownField(message)) {
      if (number === 1000 && value instanceof Uint8Array && value.length === 10) count++;
    }
    assert.equal(count, 900_000);
    const set = (id: number, unknown: number): Uint8Array => bytes([0x0a, 4, 0x08, id, 0x78, unknown]);
    const nested = decodeMessage('cgroup_entry', bytes(set(1, 5), [0x78, 1], set(2, 6), [0x78, 2]));
    const { sets } = nested.message;
    assert.deepEqual(
      [nested.message, ...sets].map((part) => unknownFields(part).map(({ number, value }) => [number, value])),
      [
        [
          [15, 1n],
          [15, 2n],
        ],
        [[15, 5n]],
        [[15, 6n]],
      ],
    );
    assert.deepEqual(
      sets.map(({ id }) => id),
      [1, 2],
    );
  });

  test('keeps a field of another wire type than the schema has it', () => {
    const { message } = decodeMessage('pagemap_head', Uint8Array.of(0x08, 7, 0x0a, 1, 65));
    assert.equal(message.pages_id, 7);
    assert.deepEqual(unknownFields(message), [{ number: 1, wireType: 2, value: Uint8Array.of(65) }]);
  });

  test('gives text that is not UTF-8 with its bytes, and U+FFFD itself without', () => {
    const odd = Uint8Array.of(0x61, 0xff, 0x62);
    const { message } = decodeMessage('utsns_entry', bytes([0x0a, 3], odd, [0x12, 3, 0xef, 0xbf, 0xbd]));
    assert.deepEqual(message, { nodename: 'a\uFFFDb', domainname: '\uFFFD' });
    assert.deepEqual(rawText(message, 'nodename'), odd);
    assert.equal(rawText(message, 'domainname'), undefined);
  });

  test('lacks a required field: it reads as zero, is told, and does not count as there', () => {
    const { message, missing } = decodeMessage(
      'core_entry',
      encode('core_entry', {}).length === 0 ? new Uint8Array() : Uint8Array.of(0x1a, 2, 0x08, 1),
    );
    assert.deepEqual(missing.slice(0, 3), ['mtype', 'tc.exit_code', 'tc.personality']);
    assert.equal(message.mtype, 0);
    assert.equal(message.tc?.comm, '');
    assert.equal(message.tc.blk_sigset, 0n);
    assert.deepEqual(Object.keys(message.tc), ['sigactions', 'task_state']);
  });

  test('lacks a required part: it is there and empty', () => {
    const { message, missing } = decodeMessage('reg_file_entry', new Uint8Array());
    assert.ok(missing.includes('fown'));
    assert.equal(message.fown.signum, 0);
  });

  test('is cut anywhere: what stands before is there', () => {
    const whole = encode('mm_entry', {
      mm_start_code: 1,
      exe_file_id: 9,
      vmas: [
        { start: 4096, end: 8192 },
        { start: 8192, end: 12288 },
      ],
    });
    for (let length = 0; length < whole.length; length++) {
      const { message, damage } = decodeMessage('mm_entry', whole.subarray(0, length));
      if (length > 3) assert.equal(message.mm_start_code, 1n);
      assert.ok(damage === undefined || damage.position <= length);
    }
  });

  test('is damaged within a part: what follows the part is there', () => {
    const { message, damage } = decodeMessage(
      'core_entry',
      bytes([0x08, 1, 0x12, 2, 0x00, 0x00], encode('core_entry', { mtype: 1, tc: { task_state: 1, comm: 'sh' } })),
    );
    assert.equal(damage?.position, 4);
    assert.equal(message.tc?.comm, 'sh');
  });

  for (const [what, damaged] of [
    ['a number without an end', Uint8Array.of(0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01)],
    ['a number that ends with the message', Uint8Array.of(0x08, 0x80)],
    ['a length beyond the end', bytes([0x32], varint(2n ** 63n))],
    ['a field number of zero', Uint8Array.of(0x00, 0x00)],
    ['a group', Uint8Array.of(0x0b)],
    ['a 64-bit value that ends early', Uint8Array.of(0xf9, 0x07, 1, 2)],
  ] as const) {
    test(`says where it is damaged: ${what}`, () => {
      const { message, damage } = decodeMessage('pstree_entry', bytes([0x10, 5], damaged));
      assert.equal(message.ppid, 5);
      assert.ok(damage && damage.position >= 2);
    });
  }

  test('nests too deep', () => {
    let inner: Uint8Array = new Uint8Array();
    for (let depth = 0; depth < 5000; depth++) inner = bytes([0x12], varint(inner.length), inner);
    assert.equal(decodeMessage('cgroup_dir_entry', inner).damage?.what, 'its parts nest too deep');
  });

  test('holds more parts than memory should', () => {
    const many = Buffer.alloc(2 * 1_100_000, Uint8Array.of(0x72, 0x00));
    const { message, damage, missing } = decodeMessage('mm_entry', many);
    assert.match(damage?.what ?? '', /more parts/);
    assert.equal(message.vmas.length, 1_000_000);
    assert.equal(missing.length, 20);
  });

  test('has bytes of its own, which do not change with the buffer', () => {
    const buffer = encode('siginfo_entry', { siginfo: Uint8Array.of(1, 2, 3) });
    const { message } = decodeMessage('siginfo_entry', buffer);
    buffer.fill(0);
    assert.deepEqual(message.siginfo, Uint8Array.of(1, 2, 3));
  });
});

const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  bytes: fc.uint8Array({ maxLength: 20 }),
  fixed64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  int32: fc.integer(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  sint32: fc.integer(),
  sint64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  string: fc.string({ unit: 'binary', maxLength: 20 }),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
};

/** Messages of a type with all required and some other fields, as the decoder gives them, without empty lists. */
function fieldsOf(type: protobuf.Type, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const required: string[] = [];
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  for (const field of type.fieldsArray) {
    field.resolve();
    const resolved = field.resolvedType;
    const isMessage = resolved !== null && 'fieldsArray' in resolved;
    if (isMessage && !field.required && depth > 2) continue;
    const value = isMessage
      ? fieldsOf(resolved, depth + 1)
      : resolved !== null && 'values' in resolved
        ? fc.constantFrom(...Object.values(resolved.values))
        : (scalars[field.type] ?? fc.constant(undefined));
    model[field.name] = field.repeated ? fc.array(value, { minLength: 1, maxLength: 3 }) : value;
    if (field.required) required.push(field.name);
  }
  return fc.record(model, { requiredKeys: required, noNullPrototype: true });
}

/** protobufjs takes 64-bit integers as text. */
function forEncoder(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(forEncoder);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, forEncoder(item)]));
}

function withoutEmptyLists(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyLists);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      Array.isArray(item) && item.length === 0 ? [] : [[key, withoutEmptyLists(item)]],
    ),
  );
}
