import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatJson, LazyList, snakeCase, type Json } from '../../../src/cli/json.ts';
import { JsonStream, StreamedObject, writeStreamed } from '../../../src/cli/json-stream.ts';
import { Output } from '../../../src/cli/output.ts';
import { Capture } from './support.ts';

test('64-bit values keep all their digits', () => {
  assert.equal(
    formatJson([18446744073709551615n, -9223372036854775808n, 9007199254740993n]),
    '[\n  18446744073709551615,\n  -9223372036854775808,\n  9007199254740993\n]',
  );
});

test('keys keep their order, undefined members are left out, bytes are base64', () => {
  assert.equal(
    formatJson({ z: 1, a: undefined, b: new Uint8Array([1, 2, 255]), empty: {}, none: [] }),
    '{\n  "z": 1,\n  "b": "AQL/",\n  "empty": {},\n  "none": []\n}',
  );
});

test('keys from a checkpoint may be anything', () => {
  const hostile = new Map([
    ['__proto__', 'a'],
    ['2', 'b'],
    ['1', 'c'],
    ['constructor', 'd'],
  ]);
  assert.equal(formatJson(hostile), '{\n  "__proto__": "a",\n  "2": "b",\n  "1": "c",\n  "constructor": "d"\n}');
});

test('what is no whole character becomes U+FFFD, control characters are escaped', () => {
  assert.equal(formatJson('a\ud800b\u0000\u001b'), '"a\ufffdb\\u0000\\u001b"');
});

test('a list that is made while it is written reads like any other', () => {
  const lazy = new LazyList(Iterator.from([1, { a: 2 }, new LazyList([])]));
  assert.equal(formatJson({ lazy }), formatJson({ lazy: [1, { a: 2 }, []] }));
});

test('what is written as it comes reads like any other', async () => {
  const capture = new Capture();
  const output = new Output({ stdout: capture.stream, stderr: capture.stream });
  const items = async function* (...list: readonly (Json | StreamedObject)[]) {
    yield* await Promise.resolve(list);
  };
  const inner = new StreamedObject({ pid: 1, none: undefined, files: new JsonStream(items({ fd: 3 }, 4)) });
  const value = new StreamedObject({
    a: [1],
    list: new JsonStream(items(inner, new StreamedObject({}))),
    empty: new JsonStream(items()),
  });
  await writeStreamed(output, value);
  assert.equal(capture.text, formatJson({ a: [1], list: [{ pid: 1, files: [{ fd: 3 }, 4] }, {}], empty: [] }));
});

test('a value may be nested as deep as it likes', () => {
  let deep: Json = [];
  for (let level = 0; level < 5000; level++) deep = [deep];
  assert.equal(formatJson(deep).match(/\[/g)?.length, 5001);
});

test('numbers that JSON does not have are null', () => {
  assert.equal(formatJson([Infinity, NaN]), '[\n  null,\n  null\n]');
});

test('everything else reads back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const normal: unknown = JSON.parse(JSON.stringify(value));
      assert.deepEqual(JSON.parse(formatJson(normal as Json)), normal);
    }),
    { numRuns: 200 },
  );
});

test("the protocol's names become the command line's, at every depth", () => {
  assert.deepEqual(snakeCase({ rootDirectory: '/', threads: [{ stateNumber: 7, tid: 1 }], missing: undefined }), {
    root_directory: '/',
    threads: [{ state_number: 7, tid: 1 }],
    missing: undefined,
  });
});
