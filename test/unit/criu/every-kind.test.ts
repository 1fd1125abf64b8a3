import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type protobuf from 'protobufjs';
import { IMG_COMMON, IMG_SERVICE, isDecodable, kindOfFile, KINDS, type Kind } from '../../../src/core/criu/kinds.ts';
import { writeImageJson } from '../../../src/core/criu/to-json.ts';
import type { MessageName } from '../../../src/core/criu/schema/generated/messages.ts';
import type { Note } from '../../../src/protocol/note.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { bytes, encode, entry, oracle, uint32, type Part } from './build-image.ts';
import { attribute, message } from './netlink/build-netlink.ts';
import { MemorySource } from './memory-file-set.ts';

const rows: readonly Kind[] = KINDS;

/** A file name of the kind. */
function nameOf({ file }: Kind): string {
  return file.replaceAll('%u', '12').replaceAll('%x', '1a').replaceAll('%s', 'dump');
}

/** What follows the messages of a kind: fields that say how much, the bytes, and how they are shown. */
const extras: Readonly<Record<string, { fields: object; content: Part; shown: unknown }>> = {
  BPFMAP_DATA: { fields: { keys_bytes: 2, values_bytes: 3 }, content: 'abcde', shown: base64('abcde') },
  TCP_STREAM: {
    fields: { inq_len: 2, outq_len: 3 },
    content: 'abcde',
    shown: { inq: base64('ab'), outq: base64('cde') },
  },
  SK_QUEUES: { fields: { length: 5, scm: [{ type: 1, rights: [8, 9] }] }, content: 'abcde', shown: base64('abcde') },
  PIPES_DATA: { fields: { bytes: 5 }, content: 'abcde', shown: base64('abcde') },
  FIFO_DATA: { fields: { bytes: 5 }, content: 'abcde', shown: base64('abcde') },
  IPCNS_SHM: { fields: { size: 5, in_pagemaps: false }, content: bytes('abcde', [0, 0, 0]), shown: base64('abcde') },
  IPCNS_SEM: { fields: { nsems: 3 }, content: [1, 0, 2, 0, 0xff, 0xff, 0, 0], shown: [1, 2, 0xffff] },
  IPCNS_MSG: {
    fields: { qnum: 1 },
    content: bytes(entry('ipc_msg', { mtype: 9, msize: 5 }), 'abcde', [0, 0, 0]),
    shown: [{ mtype: 9, msize: 5 }, base64('abcde')],
  },
};

/** An image of each form of those without messages, and how many entries it has. */
const raws: Readonly<Record<NonNullable<Kind['content']>, readonly [content: Uint8Array, entries: number]>> = {
  addresses: [bytes(uint32(0x47361222), message(20, [2, 8, 0, 254, 1, 0, 0, 0], attribute(2, [127, 0, 0, 1]))), 1],
  routes: [
    bytes(uint32(0x45311224), message(24, [2, ...new Array<number>(11).fill(0)], attribute(5, [10, 0, 0, 1]))),
    1,
  ],
  rules: [bytes(uint32(0x71706986), message(32, new Uint8Array(12), attribute(6, uint32(5)))), 1],
  conntrack: [bytes(message(0x100, [2, 0, 0, 0], attribute(7, [0, 0, 0, 9])), message(0x200, [2, 0, 0, 0])), 2],
  iptables: [bytes('*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\nCOMMIT\n'), 1],
  nftables: [bytes('table ip t {\n\tchain c {\n\t\tdrop\n\t}\n}\ntable ip u {\n}\n'), 2],
  tar: [gzipSync(new Uint8Array(10_240)), 0],
  names: [bytes('["/dev/null","pipe:[1]"]'), 2],
  text: [bytes('one\ntwo\nthree\n'), 3],
  'old-pages': [bytes(uint32(0x56084025), new Uint8Array(4104)), 0],
};

interface Sample {
  readonly content: Uint8Array;
  readonly entries: readonly object[] | number;
}

/** A whole image of a kind with two entries, in the form of today or that of the first dumps. */
function sampleOf(row: Kind, framing: 'today' | 'first'): Sample {
  if (row.content) return { content: raws[row.content][0], entries: raws[row.content][1] };
  const { message: type, head } = row;
  if (type === undefined || row.framing === 'raw') return { content: bytes(headOf(row, framing)), entries: 0 };
  if (row.framing === 'bare') return { content: encode(type, fieldsOf(type)), entries: [fieldsOf(type)] };
  const one = [head ?? type, type].map((name, index) => partOf(row, name, index));
  return {
    content: bytes(headOf(row, framing), ...one.map(({ part }) => part)),
    entries: one.map(({ shown }) => shown),
  };
}

function partOf(row: Kind, type: MessageName, index: number): { part: Uint8Array; shown: object } {
  if (row.kind === 'GHOST_FILE') {
    // In chunks; the other form is in extras.test.ts.
    const fields = { ...fieldsOf(type), ...(index === 0 ? { chunks: true, size: 9 } : { len: 5, off: 4 }) };
    const content = index === 0 ? '' : 'abcde';
    return {
      part: bytes(entry(type, fields), content),
      shown: { ...fields, ...(index > 0 && { extra: base64('abcde') }) },
    };
  }
  const extra = extras[row.kind];
  const fields = { ...fieldsOf(type), ...extra?.fields };
  const shown = { ...fields, ...(extra && { extra: extra.shown }) };
  return { part: bytes(entry(type, fields), extra?.content ?? ''), shown };
}

function headOf({ magic, framing, kind }: Kind, form: 'today' | 'first'): Uint8Array {
  if (magic === undefined) return new Uint8Array();
  if (form === 'first' || framing === 'inventory') return uint32(magic);
  assert.ok(framing === 'common' || framing === 'service', kind);
  return bytes(uint32(framing === 'common' ? IMG_COMMON : IMG_SERVICE), uint32(magic));
}

/** Something in each field that must be there. */
function fieldsOf(name: string): Record<string, unknown> {
  const type = oracle.lookupType(name);
  const required = type.fieldsArray.filter((field) => field.required);
  const chosen = required.length > 0 ? required : type.fieldsArray.filter((field) => !field.repeated).slice(0, 1);
  return Object.fromEntries(chosen.map((field) => [field.name, valueOf(field)]));
}

function valueOf(field: protobuf.Field): unknown {
  field.resolve();
  const type = field.resolvedType;
  if (type && 'valuesById' in type) return Object.values(type.valuesById)[0];
  if (type) return fieldsOf(type.fullName);
  if (field.type === 'string') return 'text';
  if (field.type === 'bytes') return Buffer.from('ab');
  return field.type === 'bool' ? true : 7;
}

function base64(text: string): string {
  return `${Buffer.from(text).toString('base64')}\n`;
}

async function decode(name: string, content: Uint8Array): Promise<{ image: Decoded; notes: readonly Note[] }> {
  let json = '';
  const source = new MemorySource(content, name);
  const { notes } = await writeImageJson(source, `checkpoint/${name}`, (text) => {
    json += text;
  });
  return { image: JSON.parse(json) as Decoded, notes };
}

interface Decoded {
  readonly magic: string;
  readonly entries: readonly Record<string, unknown>[];
  readonly raw?: string;
}

/** Bytes are base64 in JSON, but for names of sockets. */
function asShown(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return base64(value.toString());
  if (Array.isArray(value)) return value.map(asShown);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === 'name' && Buffer.isBuffer(item) ? item.toString() : asShown(item),
    ]),
  );
}

/** Kinds whose images tell by themselves that something about them is not known or cannot be read. */
const telling: Readonly<Record<string, Note['kind']>> = {
  CIPHER: 'encrypted',
  MPTCP_STREAM: 'unknown',
  PAGES_OLD: 'unknown',
  SHM_PAGES_OLD: 'unknown',
};

suite('an image of every kind', () => {
  for (const row of rows) {
    test(`${row.kind}: ${row.file}`, async () => {
      const name = nameOf(row);
      // Old pages have the name of today's, which cannot be told by it.
      if (row.kind !== 'PAGES_OLD') assert.equal(kindOfFile(name)?.row.kind, row.kind);
      if (!isDecodable(name)) {
        assert.ok(row.framing === 'raw' && row.message === undefined);
        return;
      }
      for (const framing of ['today', 'first'] as const) {
        const { content, entries } = sampleOf(row, framing);
        const { image, notes } = await decode(name, content);
        assert.deepEqual(
          notes.map(({ kind }) => kind),
          telling[row.kind] ? [telling[row.kind]] : [],
          framing,
        );
        assert.equal(image.magic, row.crit ?? row.kind);
        if (typeof entries === 'number') assert.equal(image.entries.length, entries);
        else assert.deepEqual(image.entries, asShown(entries));
        assert.equal(image.raw !== undefined, row.kind === 'MPTCP_STREAM');
      }
    });
  }

  test('without a byte is an empty set', async () => {
    for (const row of rows) {
      const name = nameOf(row);
      if (!isDecodable(name) || row.kind === 'SHM_PAGES_OLD') continue;
      const { image, notes } = await decode(name, new Uint8Array());
      assert.deepEqual([image.entries, notes], [[], []], name);
    }
  });

  test('cut off anywhere shows what stands before, and tells where it ends', async () => {
    for (const row of rows.filter(({ message: type, framing }) => type !== undefined && framing !== 'bare')) {
      const name = nameOf(row);
      const { content } = sampleOf(row, 'today');
      const whole = (await decode(name, content)).image.entries;
      for (let length = 1; length < content.length; length++) {
        const { image, notes } = await decode(name, content.subarray(0, length));
        // Only what fills the last entry up is missing.
        if (row.extra?.startsWith('ipc') === true && content.subarray(length).every((byte) => byte === 0)) continue;
        const lost = notes.filter(({ kind }) => kind === 'truncated');
        assert.ok(lost.length > 0 || image.entries.length < whole.length, `${name} of ${length} bytes`);
        for (const { where, offset = 0 } of notes) assert.ok(where === `checkpoint/${name}` && offset <= length);
        image.entries.slice(0, -1).forEach((item, index) => assert.deepEqual(item, whole[index]));
      }
    }
  });

  test('with any byte changed or any end cut off is read as far as it goes, and what is wrong is told with its place', async () => {
    for (const row of rows.filter((candidate) => isDecodable(nameOf(candidate)))) {
      const name = nameOf(row);
      const { content } = sampleOf(row, 'today');
      const check = async (damaged: Uint8Array, what: string): Promise<void> => {
        const { notes } = await decode(name, damaged);
        for (const { where, offset = 0, text } of notes) {
          assert.equal(where, `checkpoint/${name}`, what);
          // Of what is packed places are those of what it unpacks to.
          assert.ok(offset <= damaged.length || row.content === 'tar', `${name} ${what}: ${String(offset)}`);
          assert.doesNotMatch(say(text), /undefined|NaN|\[object/, `${name} ${what}`);
        }
      };
      for (let at = 0; at < content.length; at++) {
        await check(content.subarray(0, at), `cut off at ${String(at)}`);
        for (const bits of [0xff, 0x80, 0x01]) {
          const damaged = Uint8Array.from(content);
          damaged[at] = (damaged[at] as number) ^ bits;
          await check(damaged, `changed by ${String(bits)} at ${String(at)}`);
        }
      }
    }
  });
});
