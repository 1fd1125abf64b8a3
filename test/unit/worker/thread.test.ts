import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openChannel, type Channel, type ChannelMessage } from '../../../src/protocol/channel.ts';
import type { OpenRequest } from '../../../src/protocol/checkpoint-api.ts';
import type { GridName, GridQuery } from '../../../src/protocol/grid.ts';
import type { MetadataApi } from '../../../src/protocol/metadata-api.ts';
import type { WorkerApi, WorkerEvents } from '../../../src/protocol/worker-api.ts';
import { archiveOf } from '../support/fixtures.ts';

const SCRIPT = new URL('../../../src/worker/main.ts', import.meta.url);

let scratch: string;
before(() => (scratch = mkdtempSync(join(tmpdir(), 'worker-'))));
after(() => rmSync(scratch, { recursive: true }));

interface Thread<Api> {
  readonly worker: Worker;
  readonly remote: Channel<Api, WorkerEvents>['remote'];
  readonly events: { readonly name: string; readonly value: unknown }[];
}

/** What the extension host does: a thread of its own, behind a channel. */
function startThread<Api>(workerData: unknown, worker = new Worker(SCRIPT, { workerData })): Thread<Api> {
  const channel = openChannel<object, object, Api, WorkerEvents>(
    {
      post: (message, transfer) => worker.postMessage(message, transfer),
      listen: (receive) => {
        const listener = (message: ChannelMessage) => receive(message);
        worker.on('message', listener);
        return () => worker.off('message', listener);
      },
    },
    {},
  );
  const events: Thread<Api>['events'] = [];
  for (const name of ['progress', 'changed', 'log'] as const) channel.on(name, (value) => events.push({ name, value }));
  return { worker, remote: channel.remote, events };
}

function openThread(locator: string): Thread<WorkerApi> {
  return startThread(requestOf(locator));
}

function requestOf(locator: string): OpenRequest {
  return { locator, spill: { directory: join(scratch, 'spill'), limit: 2 ** 30, keepFor: 0 } };
}

/** Listens before it asks: the thread's last answer and its end may come together. */
async function ended(worker: Worker, closing: Promise<void>): Promise<void> {
  const exited = once(worker, 'exit');
  await closing;
  await exited;
}

function query(grid: GridName, parts: Partial<GridQuery> = {}): GridQuery {
  return { grid, filter: '', toggled: [], start: 0, count: 50, ...parts };
}

describe('a thread that owns a checkpoint', () => {
  test('answers from a real archive, and ends when it is closed', async () => {
    const path = archiveOf('podman-counter-none');
    const { worker, remote } = openThread(path);
    const overview = await remote.overview();
    assert.equal(overview.engine, 'podman');
    assert.equal(overview.container.name, 'counter-none');

    const processes = await remote.grid(query('processes'));
    assert.deepEqual(processes.rows.map(({ id, path: file }) => [id, file]).at(0), ['1', '/proc/1']);
    const detail = await remote.process(1, true);
    assert.ok(detail.environment.some(({ key, value }) => key === 'PATH' && value.includes('/bin')));
    const mounts = await remote.grid(query('mounts'));
    assert.equal(mounts.rows[0]?.cells[0]?.value, '/');
    assert.equal((await remote.mount(Number(mounts.rows[0].id))).destination, '/');

    const text = Buffer.from(await remote.fileRead('/archive/config.dump', 0, 4 * 1024 * 1024)).toString();
    assert.equal((JSON.parse(text) as { name: string }).name, 'counter-none');
    assert.ok((await remote.fileList('/')).some(({ name }) => name === 'proc'));

    const { hex, bytes } = await remote.hash();
    const content = readFileSync(path);
    assert.deepEqual([hex, bytes], [createHash('sha256').update(content).digest('hex'), content.length]);

    const exited = once(worker, 'exit');
    await remote.close();
    assert.deepEqual(await exited, [0]);
  });

  test('saves what it is asked to, and replaces only what it may', async () => {
    const { worker, remote } = openThread(archiveOf('crio-rich'));
    const target = join(scratch, 'saved.json');
    assert.equal((await remote.fileSave('/archive/spec.dump', target)).files, 1);
    assert.ok(readFileSync(target, 'utf8').includes('"ociVersion"'));
    await assert.rejects(remote.fileSave('/archive/spec.dump', target), { reason: 'exists' });
    assert.equal((await remote.fileSave('/archive/spec.dump', target, true)).files, 1);
    await ended(worker, remote.close());
  });

  test('says why a file cannot be opened, and opens it once it can', async () => {
    const path = join(scratch, 'late.tar');
    const { worker, remote } = openThread(path);
    await assert.rejects(remote.overview(), { reason: 'not-found' });
    writeFileSync(path, '');
    await assert.rejects(remote.retry(), { reason: 'not-a-checkpoint' });
    copyFileSync(archiveOf('podman-counter-none'), path);
    await remote.retry();
    assert.equal((await remote.overview()).engine, 'podman');
    await ended(worker, remote.close());
  });

  test('lives on when something unexpected is asked', async () => {
    const { worker, remote, events } = openThread(archiveOf('podman-counter-none'));
    worker.postMessage('no message of the channel');
    worker.postMessage({ type: 'request', id: -1, method: 'grid', args: [] });
    worker.postMessage({ type: 'request', id: -2, method: 'grid', args: [{ grid: 'nothing' }] });
    worker.postMessage({ type: 'request', id: -3, method: 'fileRead', args: [7, 'x', {}] });
    worker.postMessage({ type: 'request', id: -4, method: 'nothing', args: null });
    assert.equal((await remote.overview()).engine, 'podman');
    assert.deepEqual(
      events.filter(({ name }) => name === 'log'),
      [],
    );
    await ended(worker, remote.close());
  });

  test('tells a fault that belongs to no question, and lives on', async () => {
    const faults = `setTimeout(() => { throw new Error('a fault'); }); Promise.reject('another');`;
    const code = `import(${JSON.stringify(SCRIPT.href)}).then(() => { ${faults} });`;
    const worker = new Worker(code, { eval: true, workerData: requestOf(archiveOf('podman-counter-none')) });
    const { remote, events } = startThread<WorkerApi>(undefined, worker);
    const logged = () =>
      events.flatMap(({ name, value }) => (name === 'log' ? [(value as WorkerEvents['log']).text] : []));
    while (logged().length < 2) await remote.notes();
    const [first, second] = logged().toSorted();
    assert.match(first ?? '', /^Error: a fault\n +at /);
    assert.equal(second, 'another');
    assert.equal((await remote.overview()).engine, 'podman');
    await ended(worker, remote.close());
  });

  test('can be ended while it is opening', async () => {
    const { worker, remote } = openThread(archiveOf('podman-webapp-host'));
    const exited = once(worker, 'exit');
    const question = remote.overview();
    question.catch(() => undefined);
    await remote.close();
    assert.deepEqual(await exited, [0]);
  });
});

describe('a thread that describes archives', () => {
  test('tells what each is, and ends when it is closed', async () => {
    const { worker, remote } = startThread<MetadataApi>({ task: 'metadata' });
    const folders = ['podman-counter-none', 'containerd-redis', 'crio-rich', 'podman-webapp-host'];
    const found = await Promise.all(folders.map((folder) => remote.metadata(archiveOf(folder))));
    assert.deepEqual(
      found.map(
        (facts) => facts && [facts.engine, facts.namespace, facts.pod, facts.container, facts.image, facts.compression],
      ),
      [
        ['podman', undefined, undefined, 'counter-none', 'localhost/lab/busybox:1.0', 'none'],
        ['containerd', 'shop', 'cache-0', 'redis', '127.0.0.1:5000/lab/redis:8.0', 'gzip'],
        ['cri-o', 'lab', 'rich', 'app', 'localhost/busybox:lab', 'none'],
        ['podman', undefined, undefined, 'webapp', 'localhost/lab/webapp:2.3', 'zstd'],
      ],
    );
    assert.equal(found[2]?.checkpointed, '2026-11-23T22:31:03.361811708Z');
    assert.equal(found[2].archiveSize, readFileSync(archiveOf('crio-rich')).length);
    const exited = once(worker, 'exit');
    await remote.close();
    assert.deepEqual(await exited, [0]);
  });

  test('a file that is no checkpoint is null, one that is not there an error', async () => {
    const { worker, remote } = startThread<MetadataApi>({ task: 'metadata' });
    const plain = join(scratch, 'plain.txt');
    writeFileSync(plain, 'text '.repeat(1000));
    assert.equal(await remote.metadata(plain), null);
    await assert.rejects(remote.metadata(join(scratch, 'missing.tar')), { reason: 'not-found' });
    await ended(worker, remote.close());
  });
});
