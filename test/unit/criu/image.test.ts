import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { unknownFields } from '../../../src/core/criu/decode-message.ts';
import { decodeImage, visitImage, type DecodedImage } from '../../../src/core/criu/image.ts';
import { kindOf, KINDS, type Kind } from '../../../src/core/criu/kinds.ts';
import { imageToJson } from '../../../src/core/criu/to-json.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { bytes, encode, entry, image, uint32 } from './build-image.ts';
import { MemorySource } from './memory-file-set.ts';

const fs = (umask: number): Uint8Array => entry('fs_entry', { cwd_id: 1, root_id: 2, umask });

async function decode(content: Uint8Array, name = 'checkpoint/fs-1.img'): Promise<DecodedImage> {
  return decodeImage(new MemorySource(content, name), name);
}

function umasks({ entries }: DecodedImage): unknown[] {
  return entries.map(({ message }) => (message as { umask?: number }).umask);
}

suite('an image', () => {
  test('of today starts with two words, of the first format with the kind alone', async () => {
    assert.deepEqual(umasks(await decode(image('FS', fs(1), fs(2)))), [1, 2]);
    assert.deepEqual(umasks(await decode(bytes(uint32(kindOf('FS').magic as number), fs(3)))), [3]);
    const inventory = await decode(image('INVENTORY', entry('inventory_entry', { img_version: 1 })), 'inventory.img');
    assert.deepEqual({ ...inventory.entries[0]?.message }, { img_version: 1 });
    const stats = await decode(image('STATS', entry('stats_entry', {})), 'stats-dump');
    assert.equal(stats.row?.kind, 'STATS');
    assert.deepEqual(stats.notes, []);
  });

  test('of every kind with messages is recognised by its head, whatever its name', async () => {
    for (const { kind, crit, magic, message } of KINDS as readonly Kind[]) {
      if (magic === undefined || message === undefined) continue;
      const decoded = await decode(image(kind as 'FS'), 'renamed');
      assert.equal(
        decoded.row && (decoded.row.crit ?? decoded.row.kind),
        kind === 'PSIGNAL' ? 'SIGNAL' : (crit ?? kind),
      );
      assert.deepEqual(decoded.notes, []);
    }
  });

  test('without a byte is an empty set', async () => {
    const empty = await decode(new Uint8Array());
    assert.deepEqual([empty.row?.kind, empty.entries, empty.notes], ['FS', [], []]);
  });

  test('that ends anywhere keeps the entries before', async () => {
    const whole = image('FS', fs(1), fs(2));
    for (let length = 1; length < whole.length; length++) {
      const decoded = await decode(whole.subarray(0, length));
      const boundary = length === 8 || length === whole.length - fs(2).length;
      assert.equal(decoded.entries.length, length < whole.length - fs(2).length ? 0 : 1);
      assert.deepEqual(
        decoded.notes.map(({ kind }) => kind),
        boundary ? [] : ['truncated'],
        String(length),
      );
    }
  });

  test('that is shorter than its archive says is truncated too', async () => {
    const whole = image('FS', fs(1), fs(2));
    const decoded = await decodeImage(
      new MemorySource(whole.subarray(0, whole.length - 2), 'fs-1.img', whole.length),
      'fs-1.img',
    );
    assert.deepEqual(umasks(decoded), [1]);
    assert.equal(decoded.notes[0]?.kind, 'truncated');
  });

  test('with a size beyond its end allocates nothing and says where', async () => {
    const content = image('FS', fs(1), uint32(0xffffffff), 'abc');
    const source = new MemorySource(content, 'fs-1.img');
    const decoded = await decodeImage(source, 'checkpoint/fs-1.img');
    assert.deepEqual(umasks(decoded), [1]);
    const [note] = decoded.notes;
    assert.deepEqual([note?.kind, note?.where, note?.offset], ['truncated', 'checkpoint/fs-1.img', 8 + fs(1).length]);
    assert.match(
      say(note?.text ?? { template: '', args: [] }),
      /^checkpoint\/fs-1\.img ends within the entry at offset 18: 3 of its 4294967295 bytes/,
    );
    assert.ok(source.reads.every(({ length }) => length <= content.length));
  });

  test('with an impossibly large entry is read up to it', async () => {
    const size = 65 * 1024 * 1024;
    const source = new MemorySource(
      bytes(image('FS', fs(1), uint32(size)), new Uint8Array(300_000)),
      'fs-1.img',
      size * 2,
    );
    const decoded = await decodeImage(source, 'fs-1.img');
    assert.deepEqual(umasks(decoded), [1]);
    assert.equal(decoded.notes[0]?.kind, 'damaged');
    assert.ok(source.reads.every(({ length }) => length < size));
  });

  test('with a damaged entry shows what was read of it, and the next ones', async () => {
    const damaged = bytes(encode('fs_entry', { cwd_id: 1, root_id: 2 }), [0x18]);
    const decoded = await decode(image('FS', uint32(damaged.length), damaged, fs(2)));
    assert.deepEqual(umasks(decoded), [undefined, 2]);
    assert.deepEqual([decoded.notes[0]?.kind, decoded.notes[0]?.offset], ['damaged', 17]);
  });

  test('with a field missing says which', async () => {
    const decoded = await decode(image('FS', uint32(2), [0x08, 1]));
    assert.deepEqual(
      decoded.notes.map(({ text }) => say(text)),
      ['The entry at offset 8 of checkpoint/fs-1.img lacks root_id.'],
    );
  });

  test('whose name is that of a kind, and whose head is that of none, is damaged', async () => {
    for (const name of ['checkpoint/pstree.img', 'checkpoint/core-1.img']) {
      const decoded = await decode(bytes(uint32(0x54564319), uint32(0x12345678), fs(1)), name);
      assert.deepEqual([decoded.row, decoded.magic, decoded.notes[0]?.kind], [undefined, 0x12345678, 'damaged']);
      assert.match(
        say(decoded.notes[0]?.text ?? assert.fail()),
        /has the name of a (PSTREE|CORE) image and starts with 0x12345678/,
      );
    }
  });

  test('of an unknown kind is shown with its magic', async () => {
    const decoded = await decode(bytes(uint32(0x54564319), uint32(0x51465599), 'anything'), 'new-kind-1.img');
    assert.deepEqual([decoded.row, decoded.magic, decoded.notes[0]?.kind], [undefined, 0x51465599, 'unknown']);
    assert.match(say(decoded.notes[0]?.text ?? { template: '', args: [] }), /0x51465599/);
  });

  test('of a kind without a schema is named', async () => {
    const decoded = await decode(bytes(uint32(0x54564319), uint32(0x51465507), 'anything'), 'mptcp-stream-1.img');
    assert.deepEqual([decoded.row?.kind, decoded.notes[0]?.kind], ['MPTCP_STREAM', 'unknown']);
  });

  test('under the name of another kind is read by its head, and told', async () => {
    const decoded = await decode(image('FS', fs(1)), 'checkpoint/mm-1.img');
    assert.deepEqual([umasks(decoded), decoded.notes[0]?.kind], [[1], 'damaged']);
  });

  test('of an encrypted dump is told as such', async () => {
    const key = Uint8Array.of(1, 2, 3);
    const decoded = await decode(image('CIPHER', entry('cipher_entry', { token: key })), 'checkpoint/cipher.img');
    assert.deepEqual([decoded.notes.map(({ kind }) => kind), decoded.entries.length], [['encrypted'], 1]);
    assert.equal((await decode(bytes('anything'), 'checkpoint/cipher.img')).notes[0]?.kind, 'encrypted');
    assert.deepEqual((await decode(new Uint8Array(), 'checkpoint/cipher.img')).notes, []);
  });

  test('beside a cipher.img is encrypted where its first entry is no message, and whole where it is one', async () => {
    const besideCipher = true;
    const ciphertext = bytes(uint32(6), [0xff, 0x03, 0x99, 0x81, 0x44, 0x07], new Uint8Array(28));
    const encrypted = new MemorySource(image('PSTREE', ciphertext, ciphertext));
    const decoded = await decodeImage(encrypted, 'checkpoint/pstree.img', { besideCipher });
    assert.deepEqual(
      [decoded.row?.kind, decoded.entries, decoded.notes.map(({ kind }) => kind), decoded.encrypted],
      ['PSTREE', [], ['encrypted'], true],
    );
    const json = JSON.parse(await imageToJson(encrypted, 'checkpoint/pstree.img', { besideCipher })) as { raw: string };
    assert.deepEqual(Buffer.from(json.raw, 'base64'), Buffer.from(image('PSTREE', ciphertext, ciphertext)));

    const plain = image('FS', entry('fs_entry', { cwd_id: 1, root_id: 2, umask: 18 }), uint32(9));
    const whole = await decodeImage(new MemorySource(plain), 'checkpoint/fs-1.img', { besideCipher });
    assert.deepEqual([whole.entries.length, whole.notes.map(({ kind }) => kind)], [1, ['truncated']]);
  });

  test('without messages is not read', async () => {
    const source = new MemorySource(new Uint8Array(100), 'pages-1.img');
    const decoded = await decodeImage(source, 'checkpoint/pages-1.img');
    assert.deepEqual([decoded.row?.kind, decoded.notes, source.reads], ['PAGES', [], []]);
  });

  test('of a plugin is one bare message', async () => {
    const decoded = await decode(encode('criu_dmabuf_node', { gem_handle: 5 }), 'amdgpu-dmabuf_0.img');
    assert.deepEqual({ ...decoded.entries[0]?.message }, { gem_handle: 5 });
  });

  test('larger than its window is read whole, a large entry too', async () => {
    const large = entry('tty_data_entry', { tty_id: 1, data: new Uint8Array(700_000).fill(7) });
    const small = entry('tty_data_entry', { tty_id: 2, data: new Uint8Array(3000) });
    const decoded = await decode(
      image('TTY_DATA', ...Array.from({ length: 200 }, () => small), large, small),
      'tty-data.img',
    );
    assert.equal(decoded.entries.length, 202);
    assert.equal((decoded.entries[200]?.message as { data: Uint8Array }).data.length, 700_000);
    assert.deepEqual(decoded.notes, []);
  });

  test('of a fork keeps fields that the schema does not know', async () => {
    const message = bytes(encode('fs_entry', { cwd_id: 1, root_id: 2 }), [0xa0, 0x06, 9]);
    const decoded = await decode(image('FS', uint32(message.length), message));
    assert.deepEqual(unknownFields(decoded.entries[0]?.message ?? {}), [{ number: 100, wireType: 0, value: 9n }]);
    assert.deepEqual(decoded.notes, []);
  });

  test('causes a bounded number of notes', async () => {
    const decoded = await decode(image('FS', ...Array.from({ length: 1000 }, () => uint32(0))));
    assert.equal(decoded.entries.length, 1000);
    assert.equal(decoded.notes.length, 100);
  });

  test('of very many entries is cut, and told; visited it is not', async () => {
    const content = image('FS', Buffer.alloc(500_001 * fs(1).length, fs(1)));
    const decoded = await decode(content);
    assert.equal(decoded.entries.length, 500_000);
    assert.equal(decoded.notes.at(-1)?.kind, 'may-be-incomplete');
    let visited = 0;
    await visitImage(new MemorySource(content), 'fs-1.img', () => ++visited > 0);
    assert.equal(visited, 500_001);
  });

  test('stops where it is told to', async () => {
    const seen: unknown[] = [];
    await visitImage(new MemorySource(image('FS', fs(1), fs(2))), 'fs-1.img', ({ message }) => seen.push(message) < 1);
    assert.equal(seen.length, 1);
  });
});
