import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeImage, readEntryAt } from '../../../src/core/criu/image.ts';
import { kindOf, kindOfFile, KINDS, type Kind } from '../../../src/core/criu/kinds.ts';
import { readPagemap } from '../../../src/core/criu/pagemap.ts';
import { imageToJson } from '../../../src/core/criu/to-json.ts';
import { bytes, entry, image, uint32, type Part } from './build-image.ts';
import { MemorySource, openFixture } from './memory-file-set.ts';
import { attribute, message } from './netlink/build-netlink.ts';
import { at, readRaw } from './raw/support.ts';
import { turnImage, turnWords } from './turn-image.ts';

const fown = { uid: 0, euid: 0, signum: 0, pid_type: 0, pid: 0 };

/** The words of addresses and of other bytes, which the fixture's machine took for numbers of its own order. */
function withTurnedBytes(value: unknown, key = ''): unknown {
  if (['src_addr', 'dst_addr', 'build_id', 'c_cc'].includes(key)) return (value as bigint[]).map(turnedNumber(4));
  if (key === 'handle') return (value as bigint[]).map(turnedNumber(8));
  if (Array.isArray(value)) return value.map((item) => withTurnedBytes(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withTurnedBytes(member, name)]));
}

function turnedNumber(bytes: 4 | 8): (value: bigint) => bigint {
  return (value) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigUInt64LE(value);
    return bytes === 4 ? BigInt(buffer.readUInt32BE()) : buffer.readBigUInt64BE();
  };
}

/** With its whole numbers exact. */
function exact(json: string): unknown {
  return JSON.parse(json, (_, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && /^\d+$/.test(context?.source ?? '') ? BigInt(context?.source ?? '') : value,
  );
}

function turnedWord(word: number): number {
  return Buffer.from(uint32(word)).readUInt32BE();
}

suite('the images of a big-endian machine', () => {
  for (const folder of ['crio-rich', 'crio-tty', 'podman-webapp-host']) {
    test(`decode as those of others: ${folder}`, async () => {
      const files = await openFixture(folder);
      let compared = 0;
      for (const [path, { size }] of files.entries) {
        const row = kindOfFile(path.slice(path.lastIndexOf('/') + 1))?.row;
        const isFramed = row?.framing === 'common' || row?.framing === 'service' || row?.framing === 'inventory';
        // What is in these is turned by hand below.
        if (!isFramed || size === 0 || row.extra === 'ipc-messages' || row.extra === 'ipc-semaphores') continue;
        const content = files.content(path);
        const turned = await turnImage(content, path);
        assert.notDeepEqual(turned, new Uint8Array(content), path);
        const json = async (of: Uint8Array): Promise<unknown> =>
          exact(await imageToJson(new MemorySource(of, path), path));
        assert.deepEqual(await json(turned), withTurnedBytes(await json(content)), path);
        if (row.kind === 'PAGEMAP') {
          const read = (of: Uint8Array) => readPagemap(new MemorySource(of, path), path);
          assert.deepEqual(await read(turned), await read(content), path);
        }
        compared++;
      }
      assert.ok(compared > 15, `compared ${String(compared)}`);
    });
  }

  test('are told by their first word, which no other image begins with', () => {
    const magics = new Set((KINDS as readonly Kind[]).flatMap(({ magic }) => magic ?? []));
    for (const magic of magics) assert.ok(!magics.has(turnedWord(magic)), magic.toString(16));
  });

  test('of the first format, and one entry of them by itself, are read too', async () => {
    const fs = (umask: number): Uint8Array => entry('fs_entry', { cwd_id: 1, root_id: 2, umask });
    const content = await turnImage(bytes(uint32(kindOf('FS').magic ?? 0), fs(1), fs(2)), 'fs-1.img');
    const source = new MemorySource(content, 'fs-1.img');
    const { entries, notes, row } = await decodeImage(source, 'fs-1.img');
    assert.deepEqual([entries.map((one) => (one.message as { umask: number }).umask), notes], [[1, 2], []]);
    const [, second] = entries;
    assert.ok(row && second);
    const again = await readEntryAt(source, 'fs-1.img', row, second);
    assert.deepEqual([again.entry?.message, again.notes], [second.message, []]);
  });

  test('have addresses and protocols of the network as their bytes say them', async () => {
    const words = [Buffer.from([10, 88, 0, 3]).readUInt32BE()];
    const isk = {
      id: 1,
      ino: 1,
      family: 2,
      type: 1,
      proto: 6,
      state: 10,
      src_port: 80,
      dst_port: 0,
      flags: 2,
      backlog: 1,
    };
    const sockets = { src_addr: words, dst_addr: [0], fown, opts: { so_sndbuf: 1, so_rcvbuf: 1, so_snd_tmo_sec: 0 } };
    const content = image('FILES', entry('file_entry', { type: 3, id: 1, isk: { ...isk, ...sockets } }));
    const turned = await turnImage(content, 'files.img');
    const json = await imageToJson(new MemorySource(turned, 'files.img'), 'files.img', { pretty: true });
    assert.match(json, /"src_addr":\s*\[\s*"10\.88\.0\.3"\s*\]/);
    const packet = { id: 2, type: 3, protocol: 3, flags: 2, ifindex: 0, fown, opts: sockets.opts, ver: 2 };
    const packets = await turnImage(image('PACKETSK', entry('packet_sock_entry', packet)), 'packetsk.img');
    const decoded = await decodeImage(new MemorySource(packets, 'packetsk.img'), 'packetsk.img');
    assert.equal((decoded.entries[0]?.message as { protocol: number }).protocol, 0x300);
  });

  test('keep semaphores and messages', async () => {
    const desc = { key: 1, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600, id: 0 };
    const semaphores = await turnImage(
      image('IPCNS_SEM', entry('ipc_sem_entry', { desc, nsems: 2 }), [0, 1, 2, 0, 0, 0, 0, 0]),
      'ipcns-sem-1.img',
    );
    const decoded = await decodeImage(new MemorySource(semaphores, 'ipcns-sem-1.img'), 'ipcns-sem-1.img');
    assert.deepEqual(decoded.entries[0]?.extra, { type: 'semaphores', values: [1, 0x200] });
    const one = entry('ipc_msg', { mtype: 7, msize: 8 });
    const queue = bytes(entry('ipc_msg_entry', { desc, qbytes: 100, qnum: 1 }));
    const content = bytes(image('IPCNS_MSG'), queue, one, 'contents');
    const turned = new Uint8Array(content);
    turnWords(turned, 0, 4, 8, 8 + queue.length);
    const messages = await decodeImage(new MemorySource(turned, 'ipcns-msg-1.img'), 'ipcns-msg-1.img');
    const [first] = messages.entries;
    assert.equal(first?.extra?.type === 'messages' && Number(first.extra.messages[0]?.message.mtype), 7);
    assert.deepEqual(messages.notes, []);
  });
});

/** A message of netlink, and its attributes, with every number turned; the words of its head by their sizes. */
function turnedMessage(type: number, head: readonly Part[], attributes: readonly Uint8Array[]): Uint8Array {
  const turned = new Uint8Array(message(type, ...head, ...attributes.map(turnedAttribute)));
  turnWords(turned, 0, 8, 12);
  turned.subarray(4, 6).reverse();
  turned.subarray(6, 8).reverse();
  return turned;
}

function turnedAttribute(one: Uint8Array): Uint8Array {
  const turned = new Uint8Array(one);
  turned.subarray(0, 2).reverse();
  turned.subarray(2, 4).reverse();
  return turned;
}

suite('what netlink said on a big-endian machine', () => {
  test('is read by its magic, and without one by its first length', async () => {
    const rows = (magic?: number): Uint8Array =>
      bytes(
        ...(magic === undefined ? [] : [uint32(magic).reverse()]),
        turnedMessage(20, [[2, 24, 0x80, 0, 0, 0, 0, 7]], [attribute(1, [10, 88, 0, 3]), attribute(3, 'eth0\0')]),
      );
    const { entries, notes } = await readRaw('ifaddr-10.img', rows(0x47361222), true);
    assert.deepEqual(notes, []);
    assert.equal(at(entries[0], 'ifaddrmsg', 'index'), 7);
    assert.equal(at(entries[0], 'attributes', 'IFA_ADDRESS'), '10.88.0.3');
    assert.equal(at(entries[0], 'attributes', 'IFA_LABEL'), 'eth0');
  });

  test('of connections is read, whose own numbers are in network order everywhere', async () => {
    const recorded = readFileSync(join(import.meta.dirname, 'netlink', 'recorded', 'netns-ct-10.img'));
    const original = await readRaw('netns-ct-10.img', recorded, true);
    const turned = await readRaw('netns-ct-10.img', turnConntrack(recorded), true);
    assert.ok(original.entries.length > 0);
    assert.deepEqual(turned, original);
  });
});

/** Lengths, types and flags of messages and their attributes. */
function turnConntrack(recorded: Uint8Array): Uint8Array {
  const turned = new Uint8Array(recorded);
  const view = Buffer.from(recorded);
  const turnAttributes = (from: number, to: number): void => {
    for (let at = from; at + 4 <= to; at += (view.readUInt16LE(at) + 3) & ~3) {
      const isNested = (view.readUInt16LE(at + 2) & 0x8000) !== 0;
      turned.subarray(at, at + 2).reverse();
      turned.subarray(at + 2, at + 4).reverse();
      if (isNested) turnAttributes(at + 4, at + view.readUInt16LE(at));
    }
  };
  for (let at = 0; at + 16 <= view.length; at += (view.readUInt32LE(at) + 3) & ~3) {
    turnAttributes(at + 20, at + view.readUInt32LE(at));
    turnWords(turned, at, at + 8, at + 12);
    turned.subarray(at + 4, at + 6).reverse();
    turned.subarray(at + 6, at + 8).reverse();
  }
  return turned;
}
