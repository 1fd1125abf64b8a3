import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import type { Checkpoint, OpenOptions } from '../../../src/core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { openChannel, type Remote } from '../../../src/protocol/channel.ts';
import { MAX_READ } from '../../../src/protocol/checkpoint-api.ts';
import { MASK } from '../../../src/protocol/format.ts';
import { sentence } from '../../../src/protocol/sentence.ts';
import type { WorkerApi, WorkerEvents } from '../../../src/protocol/worker-api.ts';
import { Session, type Open } from '../../../src/worker/session.ts';
import { threadPort } from '../../../src/worker/thread-port.ts';
import { fakeCheckpoint, fakeView, mount, process } from './fake-checkpoint.ts';

interface Served {
  readonly remote: Remote<WorkerApi>;
  readonly events: { readonly name: keyof WorkerEvents; readonly value: unknown }[];
  readonly end: () => Promise<void>;
}

const REQUEST = { locator: '/a.tar', spill: { directory: '/nowhere', limit: 0 } };

/** A session behind a real channel. */
function serve(open: Open): Served {
  const { port1, port2 } = new MessageChannel();
  const session = new Session(REQUEST, (name, value) => served.emit(name, value), open);
  const served = openChannel<WorkerApi, WorkerEvents, object, object>(
    threadPort(port1),
    session.handlers(() => undefined),
  );
  const caller = openChannel<object, object, WorkerApi, WorkerEvents>(threadPort(port2), {});
  const events: Served['events'] = [];
  for (const name of ['progress', 'changed', 'log'] as const) caller.on(name, (value) => events.push({ name, value }));
  return {
    remote: caller.remote,
    events,
    end: async () => {
      await caller.remote.close();
      served.close();
      caller.close();
      port1.close();
    },
  };
}

/** Opens at once, and hands out what core would be given. */
function serveFake(
  parts: Partial<Checkpoint> = {},
): Served & { readonly checkpoint: ReturnType<typeof fakeCheckpoint>; readonly options: () => OpenOptions } {
  const checkpoint = fakeCheckpoint(parts);
  let given: OpenOptions = {};
  const served = serve((_request, options) => {
    given = options ?? {};
    return Promise.resolve(checkpoint);
  });
  return { ...served, checkpoint, options: () => given };
}

describe('opening', () => {
  test('questions wait until the checkpoint is open', async () => {
    let finish: (checkpoint: Checkpoint) => void = () => undefined;
    const { remote, end } = serve(() => new Promise((resolve) => (finish = resolve)));
    let answered = false;
    const question = remote.overview().then((overview) => ((answered = true), overview));
    await sleep(10);
    assert.equal(answered, false);
    finish(fakeCheckpoint());
    assert.equal((await question).engine, 'podman');
    await end();
  });

  test('a question that waits can be cancelled', async () => {
    let finish: (checkpoint: Checkpoint) => void = () => undefined;
    const { remote, end } = serve(() => new Promise((resolve) => (finish = resolve)));
    const controller = new AbortController();
    const question = remote.overview(controller.signal);
    await sleep(5);
    controller.abort();
    await assert.rejects(question, { reason: 'cancelled' });
    finish(fakeCheckpoint());
    await end();
  });

  test('why it cannot be opened is the answer to every question, until a retry', async () => {
    let tries = 0;
    const { remote, end } = serve(() => {
      tries++;
      if (tries === 3) return Promise.resolve(fakeCheckpoint());
      return Promise.reject(
        new CheckpointError('not-found', sentence('There is no {0}.', `a${String(tries)}.tar`), { where: 'a.tar' }),
      );
    });
    const first = { reason: 'not-found', message: 'There is no a1.tar.', template: 'There is no {0}.', where: 'a.tar' };
    await assert.rejects(remote.opened(), first);
    await assert.rejects(remote.overview(), first);
    await assert.rejects(remote.fileSave('/a', '/b'), first);
    assert.equal(tries, 1);
    await assert.rejects(remote.retry(), { message: 'There is no a2.tar.' });
    await assert.rejects(remote.notes(), { message: 'There is no a2.tar.' });
    await remote.retry();
    await remote.retry();
    assert.deepEqual(await remote.notes(), []);
    assert.equal(tries, 3);
    await end();
  });

  test('closing ends an opening that is under way, and closes it when it comes after all', async () => {
    const late = fakeCheckpoint();
    const { remote, end } = serve(async (_request, options) => {
      await new Promise((resolve) => options?.signal?.addEventListener('abort', resolve));
      return late;
    });
    const question = remote.overview();
    question.catch(() => undefined);
    await end();
    await assert.rejects(question);
    assert.equal(late.closed, 1);
  });
});

describe('an open checkpoint', () => {
  test('is closed once', async () => {
    const { remote, checkpoint, end } = serveFake();
    await remote.opened();
    await Promise.all([remote.close(), remote.close()]);
    await end();
    assert.equal(checkpoint.closed, 1);
  });

  test('tells its growth at intervals, and its end at once', async () => {
    const { remote, events, options, end } = serveFake();
    await remote.opened();
    for (let count = 0; count < 50; count++) options().onChanged?.({ complete: false });
    for (let done = 0; done < 50; done++) options().onProgress?.({ task: 'read', done, total: 50, finished: false });
    options().onProgress?.({ task: 'read', done: 50, total: 50, finished: true });
    options().onChanged?.({ complete: true });
    await remote.notes();
    assert.deepEqual(events, [
      { name: 'changed', value: { complete: false } },
      { name: 'progress', value: { task: 'read', done: 0, total: 50, finished: false } },
      { name: 'progress', value: { task: 'read', done: 50, total: 50, finished: true } },
      { name: 'changed', value: { complete: true } },
    ]);
    await end();
  });

  test('answers from its new state once its growth was told', async () => {
    let pids = 1;
    const { remote, options, end } = serveFake({
      processes: () => Promise.resolve(Array.from({ length: pids }, (_, index) => process({ pid: index + 1 }))),
    });
    const total = async () =>
      (await remote.grid({ grid: 'processes', filter: '', toggled: [], start: 0, count: 10 })).total;
    assert.equal(await total(), 1);
    pids = 2;
    assert.equal(await total(), 1);
    options().onChanged?.({ complete: true });
    assert.equal(await total(), 2);
    await end();
  });

  test('does its work again where another caller took it away', async () => {
    let asked = 0;
    const { remote, end } = serveFake({
      notes: () =>
        ++asked === 1
          ? Promise.reject(new CheckpointError('cancelled', sentence('The work was cancelled.')))
          : Promise.resolve([]),
    });
    assert.deepEqual(await remote.notes(), []);
    await end();
  });

  test('a fault in one answer leaves the others', async () => {
    const { remote, end } = serveFake({ mounts: () => Promise.reject(new TypeError('a fault')) });
    await assert.rejects(remote.mount(1), { reason: 'internal', message: 'a fault' });
    assert.deepEqual(await remote.notes(), []);
    await end();
  });

  test('what is not there is not found', async () => {
    const { remote, end } = serveFake();
    await assert.rejects(remote.mount(1), { reason: 'not-found' });
    await assert.rejects(remote.process(1, false), { reason: 'not-found' });
    await assert.rejects(remote.change('/x'), { reason: 'not-found' });
    await end();
  });
});

describe('a process', () => {
  const parts: Partial<Checkpoint> = {
    processes: () =>
      Promise.resolve([
        process({
          pid: 3,
          mountNamespace: 12,
          threads: [3, 4].map((tid) => ({ tid, state: 'running' })),
          environment: ['A=1', 'URL=http://x?a=b', 'EMPTY=', 'no equals', '=odd'],
          environmentBytes: 'aHVudGVyMg==',
        }),
      ]),
    mounts: () =>
      Promise.resolve([
        mount({ id: 1, namespace: 12, destination: '/' }),
        mount({ id: 2, namespace: 13, destination: '/other' }),
        mount({ id: -1, destination: '/absent', seenIn: 'spec' }),
      ]),
    notes: () =>
      Promise.resolve(
        [
          'checkpoint/core-3.img',
          'checkpoint/core-4.img',
          'checkpoint/pagemap-3.img',
          'core-33.img',
          'pages-3.img',
          'config.dump',
        ].map((where) => ({ kind: 'damaged' as const, where, text: sentence('{0} is damaged.', where) })),
      ),
  };

  test('comes with its environment masked, and nothing of it anywhere', async () => {
    const { remote, end } = serveFake(parts);
    const detail = await remote.process(3, false);
    assert.deepEqual(
      detail.environment,
      ['A', 'URL', 'EMPTY', '', ''].map((key) => ({ key, value: MASK, masked: true })),
    );
    assert.doesNotMatch(JSON.stringify(detail), /http|no equals|odd|aHVu/);
    await end();
  });

  test('reveals what it is asked to, split at the first equals sign', async () => {
    const { remote, end } = serveFake(parts);
    const { environment, process: facts } = await remote.process(3, true);
    assert.deepEqual(
      environment.map(({ key, value, masked }) => [key, value, masked]),
      [
        ['A', '1', false],
        ['URL', 'http://x?a=b', false],
        ['EMPTY', '', false],
        ['', 'no equals', false],
        ['', 'odd', false],
      ],
    );
    assert.equal(facts.environmentBytes, 'aHVudGVyMg==');
    await end();
  });

  test('has the mounts of its namespace and the notes on its images', async () => {
    const { remote, end } = serveFake(parts);
    const detail = await remote.process(3, false);
    assert.deepEqual(detail.mounts, [{ id: 1, destination: '/', type: 'tmpfs' }]);
    assert.deepEqual(
      detail.notes.map(({ where }) => where),
      ['checkpoint/core-3.img', 'checkpoint/core-4.img', 'checkpoint/pagemap-3.img'],
    );
    await end();
  });
});

describe('files', () => {
  test('are read by windows, in bytes of their own', async () => {
    const { remote, end } = serveFake({ files: fakeView({ '/f': '0123456789' }) });
    const read = async (offset: number, length: number) =>
      Buffer.from(await remote.fileRead('/f', offset, length)).toString();
    assert.equal(await read(2, 3), '234');
    assert.equal(await read(8, 100), '89');
    assert.equal(await read(10, 1), '');
    assert.equal((await remote.fileRead('/f', 2, 3)).buffer.byteLength, 3);
    for (const [offset, length] of [
      [-1, 1],
      [0.5, 1],
      [0, -1],
      [0, NaN],
      [Infinity, 1],
    ] as const) {
      await assert.rejects(remote.fileRead('/f', offset, length), { reason: 'usage' });
    }
    await end();
  });

  test('no window is larger than agreed', async () => {
    const { remote, end } = serveFake({ files: fakeView({ '/f': 'x'.repeat(MAX_READ + 10) }) });
    assert.equal((await remote.fileRead('/f', 0, MAX_READ * 2)).length, MAX_READ);
    await end();
  });
});

describe('the hash', () => {
  test('is computed once for all who ask, and told as it goes on', async () => {
    let started = 0;
    const { remote, events, end } = serveFake({
      hash: async (report) => {
        started++;
        report?.({ task: 'hash', done: 1, total: 2, finished: false });
        await sleep(5);
        report?.({ task: 'hash', done: 2, total: 2, finished: true });
        return { algorithm: 'sha256', hex: 'ab', bytes: 2 };
      },
    });
    const results = await Promise.all([remote.hash(), remote.hash()]);
    assert.deepEqual(
      [results[0], results[1], await remote.hash()].map(({ hex }) => hex),
      ['ab', 'ab', 'ab'],
    );
    assert.equal(started, 1);
    assert.deepEqual(
      events.map(({ value }) => (value as { finished: boolean }).finished),
      [false, true],
    );
    await end();
  });

  test('is followed by a comparison with recorded digests, of which the host hears only where a note came of it', async () => {
    for (const [isUnsupported, found] of [
      [false, true],
      [true, true],
      [false, false],
    ] as const) {
      let compared = 0;
      const { remote, events, end } = serveFake({
        hash: () =>
          isUnsupported
            ? Promise.reject(new CheckpointError('unsupported', sentence('A folder.')))
            : Promise.resolve({ algorithm: 'sha256', hex: 'ab', bytes: 2 }),
        verify: () => {
          compared++;
          return Promise.resolve(found);
        },
      });
      await remote.hash().catch(() => undefined);
      await sleep(5);
      assert.equal(compared, 1);
      assert.deepEqual(
        events.map(({ name, value }) => [name, value]),
        found ? [['changed', { complete: true }]] : [],
      );
      await end();
    }
  });

  test('goes on while somebody waits for it, ends with the last, and can be begun again', async () => {
    const signals: AbortSignal[] = [];
    const { remote, end } = serveFake({
      hash: (_report, signal) =>
        new Promise((_resolve, reject) => {
          if (!signal) return;
          signals.push(signal);
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    });
    const [one, two] = [new AbortController(), new AbortController()];
    const calls = [remote.hash(one.signal), remote.hash(two.signal)];
    await sleep(5);
    one.abort();
    await assert.rejects(calls[0] ?? Promise.resolve(), { reason: 'cancelled' });
    await sleep(5);
    assert.equal(signals[0]?.aborted, false);
    two.abort();
    await assert.rejects(calls[1] ?? Promise.resolve(), { reason: 'cancelled' });
    await sleep(5);
    assert.equal(signals[0].aborted, true);
    const three = new AbortController();
    const again = remote.hash(three.signal);
    await sleep(5);
    assert.equal(signals.length, 2);
    assert.equal(signals[1]?.aborted, false);
    three.abort();
    await assert.rejects(again);
    await end();
  });
});
