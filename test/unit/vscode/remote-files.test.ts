import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RemoteSource } from '../../../src/core/bytes/byte-source.ts';
import { ClusterError } from '../../../src/core/cluster/cluster-error.ts';
import { RemoteError } from '../../../src/protocol/channel.ts';
import { sentence } from '../../../src/protocol/sentence.ts';
import type { OpenRemote } from '../../../src/vscode/sessions/remote-files.ts';
import { Sessions } from '../../../src/vscode/sessions/sessions.ts';
import { archiveOf } from '../support/fixtures.ts';
import { silent } from './support/log.ts';

const script = fileURLToPath(new URL('../../../src/worker/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'remote-files-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const LOCATOR = 'node://test/node-1/var/lib/kubelet/checkpoints/a.tar';

/** An archive that is somewhere else, and what was asked of it. */
class Elsewhere implements RemoteSource {
  readonly name = LOCATOR;
  readonly bytes: Buffer;
  isClosed = false;
  moved = 0;
  failure: Error | undefined;

  constructor(path: string) {
    this.bytes = readFileSync(path);
  }

  get size(): number {
    return this.bytes.length;
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    if (this.failure) return Promise.reject(this.failure);
    this.moved += Math.max(0, Math.min(length, this.size - offset));
    return Promise.resolve(this.bytes.subarray(offset, offset + length));
  }

  hash(): Promise<string> {
    return Promise.resolve(createHash('sha256').update(this.bytes).digest('hex'));
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

function sessionsWith(openRemote: OpenRemote): Sessions {
  const spill = () => ({ directory: join(folder, 'spill'), limit: 1e9 });
  const sessions = new Sessions({ program: { script }, log: silent, spill, openRemote });
  sessions.grace = 1;
  after(() => sessions.end());
  return sessions;
}

describe('a checkpoint whose bytes only the host can fetch', () => {
  test('is read by its worker, once, and let go of with it', async () => {
    const source = new Elsewhere(archiveOf('crio-rich'));
    const asked: string[] = [];
    const sessions = sessionsWith((locator) => {
      asked.push(locator);
      return Promise.resolve(source);
    });
    const lease = sessions.acquire(LOCATOR);
    const { session } = lease;
    const overview = await session.ask((checkpoint) => checkpoint.overview());
    assert.equal(overview.container.name, 'app');
    assert.equal(overview.sizes.archive, source.size);
    const { hex } = await session.ask((checkpoint) => checkpoint.hash());
    assert.equal(hex, await source.hash());
    const before = source.moved;
    await session.ask((checkpoint) => checkpoint.overview());
    assert.equal(source.moved, before, 'what is known was fetched again');
    assert.deepEqual([...new Set(asked)], [LOCATOR]);
    lease.dispose();
    while (!source.isClosed) await wait(5);
  });

  test('says what the host says is wrong, in its words, and can be tried again', async () => {
    const source = new Elsewhere(archiveOf('crio-tty'));
    const text = sentence('{0} cannot be reached.', 'kind-dev');
    source.failure = new ClusterError('unreachable', text);
    const sessions = sessionsWith(() => Promise.resolve(source));
    const lease = sessions.acquire(LOCATOR);
    const { session } = lease;
    await assert.rejects(
      session.ask((checkpoint) => checkpoint.overview()),
      (error) =>
        error instanceof RemoteError &&
        error.reason === 'unreachable' &&
        error.message === 'kind-dev cannot be reached.',
    );
    source.failure = undefined;
    await session.reopen();
    assert.equal((await session.ask((checkpoint) => checkpoint.overview())).engine, 'cri-o');
    lease.dispose();
  });

  test('is not there where nobody has a way to it', async () => {
    const sessions = sessionsWith(() => Promise.reject(new ClusterError('no-kubeconfig', sentence('No kubeconfig.'))));
    const lease = sessions.acquire(LOCATOR);
    await assert.rejects(
      lease.session.ask((checkpoint) => checkpoint.overview()),
      (error) => error instanceof RemoteError && error.reason === 'no-kubeconfig',
    );
    lease.dispose();
  });
});
