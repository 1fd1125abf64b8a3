/** A real dump rewritten as other machines would have written it: what has numbers of its own there reads the same. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readAll } from '../../../src/core/bytes/read.ts';
import { openCheckpoint, type Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { MACHINE } from '../../../src/core/criu/architectures.ts';
import { visitImage } from '../../../src/core/criu/image.ts';
import { kindOfFile } from '../../../src/core/criu/kinds.ts';
import type { MessageName } from '../../../src/core/criu/schema.ts';
import { siginfo } from './isolation/support.ts';
import { filesImage, packet, processImages, socketsOf, unix } from './sockets/build-sockets.ts';
import type { FieldNode } from '../../../src/core/checkpoint/raw/field-nodes.ts';
import { bytes, entry, image, oracle, uint32 } from '../criu/build-image.ts';
import { MemorySource } from '../criu/memory-file-set.ts';
import { turnImage, turnWords } from '../criu/turn-image.ts';
import { archiveOf } from '../support/fixtures.ts';
import { members } from '../support/repack.ts';

type Fields = Record<string, unknown>;

/** Every message of an image changed; its head and what follows the messages stay. */
async function rewrite(content: Uint8Array, name: string, change: (message: Fields) => void): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let done = 0;
  const places: { readonly offset: number; readonly type: MessageName }[] = [];
  await visitImage(new MemorySource(content, name), name, ({ offset, type }) => places.push({ offset, type }) > 0);
  for (const { offset, type } of places) {
    const length = Buffer.from(content).readUInt32LE(offset);
    const codec = oracle.lookupType(type);
    const message = codec.decode(content.subarray(offset + 4, offset + 4 + length)) as unknown as Fields;
    change(message);
    const encoded = codec.encode(message).finish();
    parts.push(content.subarray(done, offset), uint32(encoded.length), encoded);
    done = offset + 4 + length;
  }
  return bytes(...parts, content.subarray(done));
}

interface Rewritten {
  readonly checkpoint: Checkpoint;
  readonly folder: string;
}

const opened: Rewritten[] = [];

/** @param change gives the content of an image in place of the original one */
async function open(change: (name: string, content: Uint8Array) => Promise<Uint8Array>): Promise<Checkpoint> {
  const folder = mkdtempSync(join(tmpdir(), 'other-machines-'));
  for (const { header, content } of await members(archiveOf('podman-webapp-host'))) {
    const name = header.name.replace(/^\.\//, '');
    if (header.type === 'directory' || name === 'rootfs-diff.tar') continue;
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      name.startsWith('checkpoint/') ? await change(name.slice('checkpoint/'.length), content) : content,
    );
  }
  const spill = { directory: join(folder, 'spill'), limit: 2 ** 30 };
  const checkpoint = await openCheckpoint({ locator: folder, spill });
  opened.push({ checkpoint, folder });
  await checkpoint.completed;
  return checkpoint;
}

after(async () => {
  for (const { checkpoint, folder } of opened) {
    await checkpoint.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function read(checkpoint: Checkpoint, path: string): Promise<Buffer> {
  const source = await checkpoint.files.open(path);
  return Buffer.from(await readAll(source, 1 << 20));
}

const lines = async (checkpoint: Checkpoint, path: string): Promise<readonly string[]> =>
  (await read(checkpoint, path)).toString('latin1').trimEnd().split('\n');

/** Core images of a machine. */
function ofMachine(machine: number): (message: Fields) => void {
  return (message) => (message['mtype'] = machine);
}

/** Signals that wait, of which the fixture has none. */
function withSignals(message: Fields, turn: readonly number[] = []): void {
  const [task, thread] = [message['tc'], message['thread_core']] as readonly (Fields | null)[];
  const queue = (number: number): Fields => {
    const bytes = siginfo(number, 0, [42, 0]);
    turnWords(bytes, ...turn);
    return { signals: [{ siginfo: bytes }] };
  };
  if (task) task['signals_s'] = queue(10);
  if (thread) thread['signals_p'] = queue(34);
}

let usual: Checkpoint;
before(async () => {
  usual = await open((name, content) =>
    name.startsWith('core-') ? rewrite(content, name, withSignals) : Promise.resolve(content),
  );
});

describe('the dump of a MIPS machine', () => {
  const swapped = new Map([
    [1, 2],
    [2, 1],
  ]);
  let mips: Checkpoint;
  before(async () => {
    mips = await open((name, content) => {
      if (name.startsWith('core-')) return rewrite(content, name, ofMachine(MACHINE.mips));
      if (name !== 'files.img') return Promise.resolve(content);
      return rewrite(content, name, (message) => {
        for (const member of ['isk', 'usk', 'psk']) {
          const socket = message[member] as { type: number } | null;
          if (socket) socket.type = swapped.get(socket.type) ?? socket.type;
        }
      });
    });
  });

  test('has stream sockets and datagram sockets by its own numbers, and the same peers', async () => {
    const facts = async (checkpoint: Checkpoint) =>
      (await checkpoint.sockets.list()).map(({ numbers: _numbers, ...facts }) => facts);
    const found = await facts(mips);
    assert.deepEqual(found, await facts(usual));
    assert.ok(found.some(({ type }) => type === 'DGRAM') && found.some(({ type }) => type === 'STREAM'));
    const unix = await lines(mips, '/proc/2/net/unix');
    assert.ok(unix.some((line) => line.endsWith(' 0002 01 573364 /var/lib/webapp/ctl.sock')));
  });

  test('knows to whom a datagram socket sends', async () => {
    const { of } = await socketsOf({
      ...filesImage(
        unix(1, { type: 1, state: 1, peer: 4711 }),
        unix(2, { type: 2, state: 1, peer: 4712 }),
        packet(3, { type: 1 }),
      ),
      ...processImages([]),
      'core-1.img': image('CORE', entry('core_entry', { mtype: MACHINE.mips })),
    });
    assert.deepEqual(
      [1, 2, 3].map((id) => [of(id).type, of(id).numbers.type]),
      [
        ['DGRAM', 1],
        ['STREAM', 2],
        ['DGRAM', 1],
      ],
    );
    const relations = [1, 2].map((id) => of(id).peers.map(({ relation }) => relation));
    assert.deepEqual(relations, [['sends-to'], ['connected']]);
  });

  test('has its words in the images that are decoded', async () => {
    const of = async (checkpoint: Checkpoint, name: string) =>
      (await read(checkpoint, `/images/${name}.json`)).toString();
    const types = (json: string) => json.match(/"type": "(?:STREAM|DGRAM|RAW)"/g);
    assert.deepEqual(types(await of(mips, 'files.img')), types(await of(usual, 'files.img')));
    // What is private anonymous memory of others is, by these numbers, something else.
    const flags = (json: string) => new Set(json.match(/"flags": "MAP_[^"]*"/g));
    assert.ok(flags(await of(usual, 'mm-1.img')).has('"flags": "MAP_PRIVATE | MAP_ANON"'));
    assert.ok(flags(await of(mips, 'mm-1.img')).has('"flags": "MAP_PRIVATE | 0x20"'));
    const hints = async (checkpoint: Checkpoint) => {
      const [entry] = await (await checkpoint.raw.image('checkpoint/core-1.img')).read([0]);
      const child = (node: FieldNode | undefined, name: string) =>
        Array.from({ length: node?.children?.count ?? 0 }, (_, index) => node?.children?.at(index)).find(
          (candidate) => candidate?.name === name,
        );
      const task = child(entry, 'tc');
      const limits = child(child(task, 'rlimits'), 'rlimits');
      return [limits?.children?.at(5).hint, child(task, 'sigactions')?.children?.at(15).hint];
    };
    assert.deepEqual(await hints(usual), ['RLIMIT_RSS', 'SIGCHLD']);
    assert.deepEqual(await hints(mips), ['RLIMIT_NOFILE', 'SIGUSR2']);
  });

  test('has 128 signals in /proc/PID/status', async () => {
    const status = await lines(mips, '/proc/1/status');
    for (const name of ['SigPnd', 'ShdPnd', 'SigBlk', 'SigIgn', 'SigCgt']) {
      assert.match(status.find((line) => line.startsWith(`${name}:`)) ?? '', /:\t[0-9a-f]{32}$/);
    }
  });
});

describe('the dump of a big-endian machine', () => {
  let turned: Checkpoint;
  before(async () => {
    turned = await open(async (name, content) => {
      const row = kindOfFile(name)?.row;
      if (row?.framing === 'raw' || row === undefined || content.length === 0) return content;
      let changed = content;
      if (name.startsWith('core-')) {
        changed = await rewrite(content, name, (message) => {
          ofMachine(MACHINE.s390)(message);
          withSignals(message, [0, 4, 8, 16, 20]);
        });
      } else if (name === 'files.img') {
        changed = await rewrite(content, name, (message) => {
          const socket = message['isk'] as Record<'src_addr' | 'dst_addr', number[]> | null;
          for (const member of ['src_addr', 'dst_addr'] as const) {
            if (socket) socket[member] = socket[member].map((word) => Buffer.from(uint32(word)).readUInt32BE());
          }
        });
      }
      return turnImage(changed, name);
    });
  });

  test('has sockets with the same addresses, which /proc writes as its numbers', async () => {
    assert.deepEqual(await turned.sockets.list(), await usual.sockets.list());
    const addresses = async (checkpoint: Checkpoint, file: string) =>
      (await lines(checkpoint, `/proc/2/net/${file}`)).slice(1).map((line) => line.trim().split(/\s+/)[1]);
    assert.ok((await addresses(usual, 'tcp')).includes('0100007F:1F90'));
    assert.ok((await addresses(turned, 'tcp')).includes('7F000001:1F90'));
    assert.ok((await addresses(usual, 'tcp6')).includes('00000000000000000000000001000000:1F96'));
    assert.ok((await addresses(turned, 'tcp6')).includes('00000000000000000000000000000001:1F96'));
  });

  test('has the same signals waiting', async () => {
    const pending = async (checkpoint: Checkpoint, pid: number) =>
      (await lines(checkpoint, `/proc/${String(pid)}/status`)).filter((line) => /^S(ig|hd)/.test(line));
    for (const { pid } of await usual.processes()) {
      assert.deepEqual(await pending(turned, pid), await pending(usual, pid));
    }
    const [own, shared] = await pending(turned, 1);
    assert.deepEqual([own, shared], ['SigPnd:\t0000000200000000', 'ShdPnd:\t0000000000000200']);
  });

  test('has the words of the auxiliary vector with the highest byte first', async () => {
    const [words, swappedWords] = [await read(usual, '/proc/1/auxv'), await read(turned, '/proc/1/auxv')];
    assert.ok(words.length > 0);
    assert.deepEqual(swappedWords, Buffer.from(words).swap64());
  });
});

describe('the dump of a 32-bit ARM machine', () => {
  let arm: Checkpoint;
  before(async () => {
    arm = await open((name, content) =>
      name.startsWith('core-') ? rewrite(content, name, ofMachine(MACHINE.arm)) : Promise.resolve(content),
    );
  });

  test('has narrower columns in /proc', async () => {
    const column = async (checkpoint: Checkpoint) =>
      new Set(
        (await lines(checkpoint, '/proc/1/maps')).filter((line) => line.includes('[')).map((line) => line.indexOf('[')),
      );
    assert.deepEqual([...(await column(usual))], [73]);
    assert.deepEqual([...(await column(arm))].sort()[0], 49);
    assert.match((await lines(arm, '/proc/2/net/unix'))[1] ?? '', /^0{8}: 0{8} /);
  });
});
