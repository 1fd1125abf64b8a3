/** Downloads whose process, or whose machine, ends in the middle. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PartialFile } from '../../../src/core/cluster/download/partial-file.ts';
import { parseAcquisition } from '../../../src/protocol/acquisition.ts';
import { noise } from '../bytes/support.ts';
import { program, start } from '../cli/support.ts';
import { helperPods, temporary } from './node-support.ts';
import { startCluster } from './support.ts';

const cluster = await startCluster();
process.env['KUBECONFIG'] = cluster.kubeconfig();
process.env['XDG_CACHE_HOME'] = temporary();
for (const name of ['HTTPS_PROXY', 'https_proxy']) Reflect.deleteProperty(process.env, name);

const BIG = noise(24_000_000);
writeFileSync(join(cluster.node().checkpoints, 'big.tar'), BIG);
const LOCATOR = 'node://test/node-1/var/lib/kubelet/checkpoints/big.tar';
const MIB = 1024 * 1024;

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Has the node send so many bytes of what is asked for, and then nothing more for as long as the test takes. */
function stallAfter(bytes: number): void {
  const tools = temporary();
  const script = `#!/bin/sh\nPATH=/usr/bin:/bin\ndd "$@" | head -c ${String(bytes)}\nexec sleep 600\n`;
  writeFileSync(join(tools, 'dd'), script, { mode: 0o755 });
  cluster.exec.tools = tools;
}

/** Starts a download and kills it, with no chance to tidy up, once it has so much. @returns what was there then */
async function killedAt(folder: string, bytes: number): Promise<number> {
  const partial = join(folder, 'big.tar.partial');
  const child = start(['download', LOCATOR, '-o', folder]);
  const ended = new Promise((resolve) => child.once('close', resolve));
  const size = (): number => statSync(partial, { throwIfNoEntry: false })?.size ?? 0;
  while (size() < bytes && child.exitCode === null) await sleep(2);
  child.kill('SIGKILL');
  await ended;
  assert.equal(child.signalCode, 'SIGKILL', 'it ended before it was killed');
  assert.equal(existsSync(join(folder, 'big.tar')), false);
  return size();
}

function offsetsOf(folder: string): readonly string[] {
  const record = parseAcquisition(readFileSync(join(folder, 'big.tar.acquisition.json'), 'utf8'));
  return (record?.transfer.commands ?? []).flatMap((command) => /\bskip=(\d+)/.exec(command)?.[1] ?? []);
}

describe('a download whose process is killed', () => {
  test('goes on with all that was in the file: little comes twice, and no helper pod stays', async () => {
    const folder = temporary();
    const before = cluster.exec.sent;
    stallAfter(10_000_000);
    // All but what is gathered for one writing is in the file by then.
    const there = await killedAt(folder, 10_000_000 - MIB);
    cluster.exec.tools = undefined;
    assert.equal(helperPods(cluster).length, 1, 'who is killed leaves its helper pod');
    const { code, stderr } = await program(['download', LOCATOR, '-o', folder]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(offsetsOf(folder), [String(there)]);
    assert.equal(sha256(readFileSync(join(folder, 'big.tar'))), sha256(BIG));
    assert.deepEqual(readdirSync(folder).sort(), ['big.tar', 'big.tar.acquisition.json']);
    assert.equal(helperPods(cluster).length, 0);
    const twice = cluster.exec.sent - before - BIG.length;
    assert.ok(twice < MIB, `${String(twice)} bytes came twice`);
  });

  test('again and again, wherever it is, ends with the right bytes', async () => {
    const folder = temporary();
    let there = 0;
    for (let round = 0; round < 4; round++) {
      stallAfter(1_000_000 + Math.floor(Math.random() * 3_000_000));
      const now = await killedAt(folder, there + 1);
      assert.ok(now > there, 'nothing that was there is lost');
      there = now;
    }
    cluster.exec.tools = undefined;
    const { code, stderr } = await program(['download', LOCATOR, '-o', folder]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(offsetsOf(folder), [String(there)]);
    assert.equal(sha256(readFileSync(join(folder, 'big.tar'))), sha256(BIG));
  });
});

describe('what a partial file counts for', () => {
  const of = { server: 's', node: 'n', path: '/p', size: 500 * MIB, modified: 1, inode: '1' };
  const piece = noise(MIB);

  interface Companion {
    readonly mark: string;
    readonly safe: number;
    readonly boot: string;
  }

  function companionOf(target: string): Companion {
    return JSON.parse(readFileSync(`${target}.partial.json`, 'utf8')) as Companion;
  }

  async function opened(context: TestContext, target: string): Promise<PartialFile> {
    const file = await PartialFile.open(target, of);
    // Where it goes on with something, its thread would keep the process of a test that fails.
    context.after(() => file.discard());
    return file;
  }

  /** Given up in an orderly way. */
  async function leftWith(target: string, pieces: number): Promise<void> {
    const file = await PartialFile.open(target, of);
    for (let count = 0; count < pieces; count++) await file.append(piece);
    await file.leave();
  }

  /** What is there when the machine stops: a copy, as another process of another start of the machine finds it. */
  function afterRestart(target: string, change: Partial<Companion> = {}): string {
    const copy = join(temporary(), 'copy.tar');
    copyFileSync(`${target}.partial`, `${copy}.partial`);
    const companion = { ...companionOf(target), mark: 'nobody', boot: 'another', ...change };
    writeFileSync(`${copy}.partial.json`, JSON.stringify(companion));
    return copy;
  }

  test('after a restart of the machine: as much as the disk had said to have', async (context) => {
    const target = join(temporary(), 'large.tar');
    const file = await opened(context, target);
    for (let count = 0; companionOf(target).safe === 0 && count < 400; count++) {
      await file.append(piece);
      // No faster than the disk is.
      if (count > 128) await sleep(20);
    }
    const { safe } = companionOf(target);
    assert.ok(safe >= 128 * MIB && safe <= file.length, `${String(safe)} bytes are safe`);
    const copy = afterRestart(target);
    // The file has its length, and its end was never written.
    truncateSync(`${copy}.partial`, safe);
    truncateSync(`${copy}.partial`, safe + 4 * MIB);
    const again = await opened(context, copy);
    assert.equal(again.length, safe);
    assert.equal(await again.digest(), sha256(readFileSync(`${target}.partial`).subarray(0, safe)));
    // From now on it counts whole again, for as long as the machine runs.
    assert.notEqual(companionOf(copy).boot, 'another');
  });

  test('after it was given up in an orderly way: all of it, also after a restart', async (context) => {
    const target = join(temporary(), 'large.tar');
    await leftWith(target, 3);
    assert.equal((await opened(context, afterRestart(target))).length, 3 * MIB);
  });

  test('where a disk had refused some of it, or nobody knows what the disk has: what is safe', async (context) => {
    const target = join(temporary(), 'large.tar');
    await leftWith(target, 3);
    for (const [change, expected] of [
      [{ boot: '0', safe: 2 * MIB }, 2 * MIB],
      [{ boot: '0', safe: 9 * MIB }, 3 * MIB],
      [{ boot: '0', safe: -1 }, 0],
      [{ boot: companionOf(target).boot, safe: 0 }, 3 * MIB],
    ] as const) {
      assert.equal((await opened(context, afterRestart(target, change))).length, expected);
    }
  });

  test('of what was cut off by somebody else: what is left', async (context) => {
    const target = join(temporary(), 'large.tar');
    await leftWith(target, 3);
    truncateSync(`${target}.partial`, MIB);
    assert.equal((await opened(context, target)).length, MIB);
    assert.equal(companionOf(target).safe, MIB);
  });
});
