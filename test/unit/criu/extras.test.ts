import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { decodeImage, type DecodedImage } from '../../../src/core/criu/image.ts';
import type { Span } from '../../../src/core/criu/image-reader.ts';
import { imageToJson } from '../../../src/core/criu/to-json.ts';
import { bytes, entry, image, uint32 } from './build-image.ts';
import { MemorySource } from './memory-file-set.ts';

const desc = { key: 1, uid: 0, gid: 0, cuid: 0, cgid: 0, mode: 0o600, id: 5 };
const ghost = { uid: 0, gid: 0, mode: 0o100644 };

async function open(content: Uint8Array, name: string): Promise<DecodedImage> {
  return decodeImage(new MemorySource(content, name), name);
}

async function json(content: Uint8Array, name: string): Promise<{ entries: Record<string, unknown>[] }> {
  return JSON.parse(await imageToJson(new MemorySource(content, name), name)) as never;
}

function base64(text: string): string {
  return text === '' ? '' : `${Buffer.from(text).toString('base64')}\n`;
}

function text(content: Uint8Array, { offset, length }: Span): string {
  return Buffer.from(content.subarray(offset, offset + length)).toString();
}

suite('what follows the messages of an image', () => {
  test('a ghost file holds the rest of its image', async () => {
    const content = image('GHOST_FILE', entry('ghost_file_entry', ghost), 'the content');
    const { entries, notes } = await open(content, 'ghost-file-1.img');
    const extra = entries[0]?.extra;
    assert.ok(extra?.type === 'bytes');
    assert.equal(text(content, extra.span), 'the content');
    assert.deepEqual(notes, []);
    assert.equal((await json(content, 'ghost-file-1.img')).entries[0]?.['extra'], base64('the content'));
  });

  test('a ghost file with holes comes in chunks', async () => {
    const content = image(
      'GHOST_FILE',
      entry('ghost_file_entry', { ...ghost, chunks: true, size: 8192 }),
      entry('ghost_chunk_entry', { len: 3, off: 0 }),
      'abc',
      entry('ghost_chunk_entry', { len: 4, off: 4096 }),
      'defg',
    );
    const { entries, notes } = await open(content, 'ghost-file-1.img');
    assert.deepEqual(
      entries.map(({ type, extra }) => [type, extra?.type === 'bytes' && text(content, extra.span)]),
      [
        ['ghost_file_entry', false],
        ['ghost_chunk_entry', 'abc'],
        ['ghost_chunk_entry', 'defg'],
      ],
    );
    assert.deepEqual(notes, []);
    assert.deepEqual((await json(content, 'ghost-file-1.img')).entries[2], {
      len: 4,
      off: 4096,
      extra: base64('defg'),
    });
  });

  test('a chunk that claims more than there is, is short', async () => {
    const content = image(
      'GHOST_FILE',
      entry('ghost_file_entry', { ...ghost, chunks: true }),
      entry('ghost_chunk_entry', { len: '9223372036854775808', off: 0 }),
      'abc',
    );
    const { entries, notes } = await open(content, 'ghost-file-1.img');
    assert.deepEqual(entries[1]?.extra, { type: 'bytes', span: { offset: content.length - 3, length: 3 } });
    assert.equal(notes[0]?.kind, 'truncated');
  });

  test('a TCP stream holds what came in, then what goes out', async () => {
    const stream = { inq_len: 4, inq_seq: 1, outq_len: 3, outq_seq: 2, opt_mask: 0, snd_wscale: 0, mss_clamp: 0 };
    const content = image('TCP_STREAM', entry('tcp_stream_entry', stream), 'INPUout');
    const { entries } = await open(content, 'tcp-stream-1.img');
    const extra = entries[0]?.extra;
    assert.ok(extra?.type === 'queues');
    assert.deepEqual([text(content, extra.received), text(content, extra.sent)], ['INPU', 'out']);
    assert.deepEqual((await json(content, 'tcp-stream-1.img')).entries[0]?.['extra'], {
      inq: base64('INPU'),
      outq: base64('out'),
    });
    assert.equal((await open(content.subarray(0, -2), 'tcp-stream-1.img')).notes[0]?.kind, 'truncated');
  });

  test('queues of sockets, pipes and fifos, and BPF maps stand between the messages', async () => {
    const cases = [
      [
        image(
          'SK_QUEUES',
          entry('sk_packet_entry', { id_for: 1, length: 5 }),
          'hello',
          entry('sk_packet_entry', { id_for: 2, length: 0 }),
        ),
        'sk-queues.img',
      ],
      [
        image(
          'PIPES_DATA',
          entry('pipe_data_entry', { pipe_id: 1, bytes: 5 }),
          'hello',
          entry('pipe_data_entry', { pipe_id: 2, bytes: 0 }),
        ),
        'pipes-data.img',
      ],
      [
        image(
          'FIFO_DATA',
          entry('pipe_data_entry', { pipe_id: 1, bytes: 5 }),
          'hello',
          entry('pipe_data_entry', { pipe_id: 2, bytes: 0 }),
        ),
        'fifo-data.img',
      ],
      [
        image(
          'BPFMAP_DATA',
          entry('bpfmap_data_entry', { map_id: 1, keys_bytes: 2, values_bytes: 3, count: 1 }),
          'hello',
          entry('bpfmap_data_entry', { map_id: 2, keys_bytes: 0, values_bytes: 0, count: 0 }),
        ),
        'bpfmap-data.img',
      ],
    ] as const;
    for (const [content, name] of cases) {
      const { entries } = await json(content, name);
      assert.deepEqual(
        entries.map(({ extra }) => extra),
        [base64('hello'), ''],
        name,
      );
      assert.deepEqual((await open(content, name)).notes, [], name);
    }
  });

  test('a semaphore set is padded to eight bytes, and not when it needs none', async () => {
    const three = bytes([1, 0, 2, 0, 0xff, 0x7f], [0, 0]);
    const four = bytes([1, 0, 2, 0, 3, 0, 4, 0]);
    const content = image(
      'IPCNS_SEM',
      entry('ipc_sem_entry', { desc, nsems: 3 }),
      three,
      entry('ipc_sem_entry', { desc, nsems: 4 }),
      four,
      entry('ipc_sem_entry', { desc, nsems: 0 }),
    );
    const { entries } = await json(content, 'ipcns-sem-10.img');
    assert.deepEqual(
      entries.map(({ extra }) => extra),
      [[1, 2, 0x7fff], [1, 2, 3, 4], []],
    );
  });

  test('a message queue holds messages with their own lengths, each padded to eight bytes', async () => {
    const content = image(
      'IPCNS_MSG',
      entry('ipc_msg_entry', { desc, qbytes: 16384, qnum: 2 }),
      entry('ipc_msg', { mtype: 7, msize: 5 }),
      bytes('hello', [0, 0, 0]),
      entry('ipc_msg', { mtype: 8, msize: 8 }),
      'eightbyt',
      entry('ipc_msg_entry', { desc, qbytes: 16384, qnum: 0 }),
    );
    const { entries } = await json(content, 'ipcns-msg-10.img');
    assert.deepEqual(
      entries.map(({ extra }) => extra),
      [[{ mtype: 7, msize: 5 }, base64('hello'), { mtype: 8, msize: 8 }, base64('eightbyt')], []],
    );
    assert.deepEqual((await open(content, 'ipcns-msg-10.img')).notes, []);
  });

  // crit reads `size` bytes here that are not there, of every dump since CRIU 3.0.
  test('shared memory whose content is in a pagemap has nothing after it', async () => {
    const content = image(
      'IPCNS_SHM',
      entry('ipc_shm_entry', { desc, size: 4096, in_pagemaps: true }),
      entry('ipc_shm_entry', { desc, size: 8192, in_pagemaps: true }),
    );
    const { entries, notes } = await open(content, 'ipcns-shm-10.img');
    assert.deepEqual([entries.map(({ extra }) => extra), notes], [[undefined, undefined], []]);
  });

  test('shared memory of older dumps is padded to four bytes', async () => {
    const content = image(
      'IPCNS_SHM',
      entry('ipc_shm_entry', { desc, size: 5 }),
      bytes('hello', [0, 0, 0]),
      entry('ipc_shm_entry', { desc, size: 4 }),
      'four',
    );
    const { entries } = await json(content, 'ipcns-shm-10.img');
    assert.deepEqual(
      entries.map(({ extra }) => extra),
      [base64('hello'), base64('four')],
    );
  });

  test('hostile counts end the image and fill no memory', async () => {
    const messages = await open(
      image('IPCNS_MSG', entry('ipc_msg_entry', { desc, qbytes: 1, qnum: 0xffffffff }), 'x'),
      'ipcns-msg-1.img',
    );
    const semaphores = await open(
      image('IPCNS_SEM', entry('ipc_sem_entry', { desc, nsems: 0xffffffff }), 'x'),
      'ipcns-sem-1.img',
    );
    const large = await open(
      image('IPCNS_MSG', entry('ipc_msg_entry', { desc, qbytes: 1, qnum: 1 }), uint32(0xffffff), 'x'),
      'ipcns-msg-1.img',
    );
    for (const { entries, notes } of [messages, semaphores, large]) {
      assert.deepEqual([entries.length, notes.map(({ kind }) => kind)], [1, ['damaged']]);
    }
  });

  test('the image ends with a damaged message, which does not tell how much follows it', async () => {
    const content = image('PIPES_DATA', uint32(3), [0x08, 1, 0x10], entry('pipe_data_entry', { pipe_id: 2, bytes: 0 }));
    const { entries, notes } = await open(content, 'pipes-data.img');
    assert.deepEqual([entries.length, notes[0]?.kind], [1, 'damaged']);
  });
});
