import assert from 'node:assert/strict';
import { test } from 'node:test';
import { socketLine } from '../../../../src/cli/socket-lines.ts';
import { socketJson } from '../../../../src/cli/sockets-json.ts';
import { formatJson } from '../../../../src/cli/json.ts';
import { readConnections } from '../../../../src/core/checkpoint/connections/connections.ts';
import { FD_TYPE } from '../../../../src/core/checkpoint/descriptors/split-files.ts';
import { Notebook } from '../../../../src/core/checkpoint/notebook.ts';
import { netFiles } from '../../../../src/core/checkpoint/proc/net-files.ts';
import { Processes } from '../../../../src/core/checkpoint/processes.ts';
import { DumpedSockets } from '../../../../src/core/checkpoint/sockets/sockets.ts';
import { ImageDirectory } from '../../../../src/core/criu/image-directory.ts';
import { say } from '../../../../src/protocol/sentence.ts';
import { bytes, entry, image, type Part } from '../../criu/build-image.ts';
import { MemoryFileSet, openFixture } from '../../criu/memory-file-set.ts';
import { inet, netlink, packet, processImages, unix } from './build-sockets.ts';
import { generator, type Random } from '../../support/random.ts';

/** Milliseconds: as many rounds as fit. */
const budget = 3000;
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);

/** Asks everything that can be asked of the sockets of a checkpoint, and looks whether the answers fit together. */
async function ask(files: MemoryFileSet, prefix: string): Promise<void> {
  const images = new ImageDirectory(files, prefix);
  const notebook = new Notebook();
  const processes = new Processes(images, notebook);
  const sockets = new DumpedSockets(images, processes, notebook);
  const list = await sockets.list();
  const ids = new Set(list.map(({ id }) => id));
  assert.equal(ids.size, list.length);
  for (const socket of list) {
    assert.equal(socketLine(socket, new Map()).length, 7);
    for (const { id } of socket.peers) assert.ok(id === undefined || ids.has(id));
    for (const id of socket.passedThrough) assert.ok(ids.has(id));
    assert.ok(socket.listener === undefined || ids.has(socket.listener));
  }
  for await (const detail of sockets.details([...ids])) {
    JSON.parse(formatJson(socketJson(detail)));
    for (const queue of [detail.received, detail.sent]) {
      if (!queue) continue;
      assert.ok((queue.missing ?? 0) <= queue.bytes && (queue.unsent ?? 0) <= queue.bytes);
    }
  }
  for (const { sockets: owners } of await sockets.connections()) for (const id of owners) assert.ok(ids.has(id));
  await sockets.networks();
  const facts = await processes.list();
  for (const process of facts.slice(0, 2)) {
    const { net } = netFiles(process, { processes, sockets });
    for (const name of await net.names()) {
      const node = await net.node(name);
      if (node?.kind === 'file') await node.content();
    }
  }
  const { nodes, edges } = await readConnections({ images, processes, sockets }, [1]);
  const drawn = new Set(nodes.map(({ id }) => id));
  for (const { from, to } of edges) assert.ok(drawn.has(from) && drawn.has(to));
  for (const { text } of [...notebook.list(), ...images.notes]) assert.ok(!say(text).includes('{'), say(text));
}

test(`sockets that refer to nowhere, to each other and to themselves (FUZZ_SEED=${String(seed)})`, async () => {
  const random = generator(seed);
  await forAWhile(async () => {
    const files = new MemoryFileSet();
    const odd = (): number => [0, 1, 2, 5, 6, 7, 10, 17, 58, 136, 0x7fffffff, 0xffffffff][random(12)] as number;
    const inode = (): number => 1000 + random(12);
    const address = (): number[] => Array.from({ length: random(6) }, odd);
    const name = (): Uint8Array => Uint8Array.from({ length: random(20) }, () => random(256));
    const socket = (id: number): Uint8Array => {
      const common = { ino: inode(), type: random(6), state: random(14), ns_id: random(3), backlog: odd() };
      switch (random(4)) {
        case 0:
          return unix(id, { ...common, peer: inode(), uflags: random(4) === 0 ? odd() : 0, name: name() });
        case 1:
          return netlink(id, { ...common, protocol: random(25), portid: random(4), dst_portid: random(4) });
        case 2:
          return packet(id, { type: random(6), protocol: odd(), fanout: odd(), ns_id: random(3) });
        default:
          return inet(id, {
            ...common,
            family: random(2) === 0 ? 2 : 10,
            proto: odd(),
            src_port: random(4),
            dst_port: random(4),
            src_addr: address(),
            dst_addr: address(),
            shutdown: random(4),
          });
      }
    };
    const count = 1 + random(30);
    const members = Array.from({ length: count }, (_, index) => socket(index + 1));
    const queues: Part[] = Array.from({ length: random(10) }, () =>
      bytes(
        entry('sk_packet_entry', {
          id_for: random(count + 3),
          length: random(5) === 0 ? odd() : 4,
          scm: [{ type: 1, rights: [random(count + 3)] }],
        }),
        'data',
      ),
    );
    const types = [FD_TYPE.inetsk, FD_TYPE.unixsk, FD_TYPE.netlinksk, FD_TYPE.packetsk, FD_TYPE.reg];
    const table = () =>
      Array.from({ length: random(20) }, (_, fd) => [fd, random(count + 3), types[random(5)] as number] as const);
    const images: Record<string, Uint8Array> = {
      'files.img': image('FILES', ...members),
      'sk-queues.img': image('SK_QUEUES', ...queues),
      ...processImages(table(), table(), table()),
    };
    for (let ino = 1000; ino < 1012; ino++) {
      const stream = { inq_len: random(9), inq_seq: odd(), outq_len: random(9), outq_seq: 0, opt_mask: odd() };
      const message = entry('tcp_stream_entry', { ...stream, unsq_len: odd(), snd_wscale: 1, mss_clamp: 1 });
      images[`tcp-stream-${ino.toString(16)}.img`] = image('TCP_STREAM', message, 'x'.repeat(random(20)));
    }
    for (const [path, content] of Object.entries(images)) files.add(path, content);
    await ask(files, '');
  });
});

test(`images of sockets with bytes changed and ends cut off (FUZZ_SEED=${String(seed)})`, async () => {
  const random = generator(seed + 1);
  const files = await openFixture('podman-webapp-host');
  const touched = [...files.entries.keys()].filter((path) =>
    /\/(files|sk-queues|tcp-stream-\w+|fdinfo-2|ids-1|pstree)\.img$/.test(path),
  );
  assert.ok(touched.length >= 7);
  await forAWhile(async () => {
    const mutated = new MemoryFileSet();
    const victim = touched[random(touched.length)];
    for (const path of files.entries.keys())
      mutated.add(path, path === victim ? mutate(files.content(path), random) : files.content(path));
    await ask(mutated, 'checkpoint/');
  });
});

function mutate(original: Uint8Array, random: Random): Uint8Array {
  const content = Uint8Array.from(original);
  for (let change = random(6); change >= 0; change--) {
    const at = random(content.length);
    if (random(3) === 0) content.fill(0xff, at, at + 1 + random(5));
    else content[at] = (content[at] ?? 0) ^ (1 << random(8));
  }
  return random(3) === 0 ? content.subarray(0, random(content.length)) : content;
}

async function forAWhile(round: () => Promise<void>): Promise<void> {
  const end = performance.now() + budget;
  let rounds = 0;
  while (performance.now() < end) {
    await round();
    rounds++;
  }
  assert.ok(rounds > 0);
}
