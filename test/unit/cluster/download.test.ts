import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { download, type DownloadOptions } from '../../../src/core/cluster/download/download.ts';
import { legalName } from '../../../src/core/cluster/download/legal-name.ts';
import { CHECKPOINTS } from '../../../src/core/cluster/node-files/node-files.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { parseAcquisition } from '../../../src/protocol/acquisition.ts';
import { PODS } from '../../cluster/pod-life.ts';
import { noise } from '../bytes/support.ts';
import { archiveOf } from '../support/fixtures.ts';
import { helperPods, nodeOf, temporary, workshop } from './node-support.ts';
import { connect, failureOf, startCluster } from './support.ts';

const cluster = await startCluster();
const opened = await connect(cluster);
const node = await nodeOf(opened);
const TOOL = { name: 'checkpoint-explorer', version: '1.2.3' };
const NAME = 'checkpoint-counter_lab-counter-2026-11-23T21:56:14Z.tar';
copyFileSync(archiveOf('crio-tty'), join(cluster.node().checkpoints, NAME));
const BIG = noise(12_000_000);
writeFileSync(join(cluster.node().checkpoints, 'big.tar'), BIG);

function request(name: string, target: string) {
  return { node, path: `${CHECKPOINTS}/${name}`, target, tool: TOOL };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const isExec = ({ path }: { path: string }) => path.endsWith('/exec');
const isCopying = ({ query }: { query: string }) => query.includes('command=dd');

describe('a download', () => {
  test('is the same bytes, with a record of how they were acquired', async () => {
    const { files } = workshop(opened);
    const target = join(temporary(), legalName(NAME));
    const container = {
      told_by: 'cluster' as const,
      namespace: 'lab',
      pod: 'counter',
      pod_uid: 'u-i-d',
      name: 'counter',
      image: 'localhost/counter:lab',
    };
    const stages = new Set<string>();
    const { record, recordPath } = await download(
      opened,
      files,
      // What the cluster has told counts.
      { ...request(NAME, target), container, whose: () => Promise.reject(new Error('was asked')) },
      { onProgress: ({ stage }) => stages.add(stage) },
    );
    assert.equal(basename(target), 'checkpoint-counter_lab-counter-2026-11-23T21-56-14Z.tar');
    assert.deepEqual(readFileSync(target), readFileSync(archiveOf('crio-tty')));
    assert.deepEqual([...stages], ['copying', 'verifying']);
    assert.deepEqual(readdirSync(join(target, '..')).sort(), [basename(target), basename(recordPath)].sort());
    const read = parseAcquisition(readFileSync(recordPath, 'utf8'));
    assert.deepEqual(read, record);
    const { archive, source, user, transfer, tool } = record;
    assert.deepEqual(archive, {
      name: basename(target),
      size: statSync(target).size,
      sha256: sha256(readFileSync(target)),
    });
    assert.deepEqual(
      [source.context, source.server, source.node, source.path],
      ['test', opened.server, 'node-1', `${CHECKPOINTS}/${NAME}`],
    );
    assert.deepEqual([user.kubeconfig, user.cluster, record.container], ['u', 'admin', container]);
    assert.match(
      transfer.commands.join('\n'),
      /^dd if=\.\/checkpoint-.* skip=0 count=\d+\n(sha256sum|openssl dgst -sha256 -r) \.\/checkpoint-.*$/,
    );
    assert.equal(tool.version, '1.2.3');
    for (const time of [record.started.local, record.started.node, record.finished.local, source.modified]) {
      assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
    }
    assert.equal(statSync(target).mode & 0o077, 0);
  });

  test('has in its record whose checkpoint it is, by what the archive says', async () => {
    const { files } = workshop(opened);
    const told = { told_by: 'archive' as const, namespace: 'lab', pod: 'tty', name: 'tty' };
    const target = join(temporary(), 'told.tar');
    // When it is asked all of it is there, and its hash is the node's.
    const whose = (path: string) => Promise.resolve({ ...told, id: sha256(readFileSync(path)) });
    const { record } = await download(opened, files, { ...request(NAME, target), whose });
    assert.deepEqual(record.container, { ...told, id: record.archive.sha256 });
    // One that cannot be read is fetched all the same.
    const silent = { ...request(NAME, join(temporary(), 'silent.tar')), whose: () => Promise.reject(new Error('no')) };
    assert.equal((await download(opened, files, silent)).record.container, undefined);
  });

  test('of nothing', async () => {
    const { files } = workshop(opened);
    writeFileSync(join(cluster.node().checkpoints, 'empty.tar'), '');
    const target = join(temporary(), 'empty.tar');
    await download(opened, files, request('empty.tar', target));
    assert.equal(statSync(target).size, 0);
  });

  test('that is cut a hundred times at random goes on each time and ends with the right bytes', async () => {
    const { files, helpers } = workshop(opened);
    let cuts = 0;
    cluster.server.faults.add({
      match: isExec,
      // So that the last one comes before the end.
      cutAfter: () => (++cuts, Math.floor((Math.random() * BIG.length) / 75)),
      times: 100,
    });
    const target = join(temporary(), 'big.tar');
    // What an attempt brings may be nothing at all, when it is cut in the handshake.
    const pauses = Array.from({ length: 50 }, () => 1);
    const { record } = await download(opened, files, request('big.tar', target), { pauses });
    cluster.server.faults.clear();
    assert.equal(sha256(readFileSync(target)), sha256(BIG));
    assert.equal(cuts, 100);
    assert.ok(record.transfer.resumed > 10, String(record.transfer.resumed));
    await helpers.close();
    assert.equal(helperPods(cluster).length, 0);
  });

  test('takes no more memory with a slow disk', async () => {
    const { files } = workshop(opened);
    const size = 96 * 1024 * 1024;
    const handle = await open(join(cluster.node().checkpoints, 'sparse.tar'), 'w');
    await handle.truncate(size);
    await handle.close();
    const target = join(temporary(), 'sparse.tar');
    let most = 0;
    const before = process.memoryUsage().arrayBuffers;
    const slow = async () => {
      // The event loop stands for the disk: while it is blocked nothing is written.
      for (let count = 0; count < 20; count++) {
        const until = performance.now() + 20;
        while (performance.now() < until);
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        await sleep(5);
      }
    };
    await Promise.all([download(opened, files, request('sparse.tar', target)), slow()]);
    assert.equal(statSync(target).size, size);
    assert.ok(most < 100 * 1024 * 1024, String(most));
  });
});

describe('a download that breaks off', () => {
  async function broken(target: string, after: number, options: DownloadOptions = {}): Promise<CheckpointError> {
    const { files } = workshop(opened);
    cluster.server.faults.add({ match: isExec, cutAfter: () => after });
    const error = await failureOf(download(opened, files, request('big.tar', target), { pauses: [1, 1], ...options }));
    cluster.server.faults.clear();
    return error;
  }

  test('leaves a part that a later one goes on with, and nothing that looks whole', async () => {
    const target = join(temporary(), 'big.tar');
    // Enough for a few attempts to bring something, and then for none.
    let left = 3;
    const { files } = workshop(opened);
    cluster.server.faults.add({ match: isCopying, cutAfter: () => (left-- > 0 ? 2_000_000 : 0) });
    const error = await failureOf(download(opened, files, request('big.tar', target), { pauses: [1, 1] }));
    cluster.server.faults.clear();
    assert.equal(error.reason, 'unreachable');
    assert.equal(existsSync(target), false);
    const part = statSync(`${target}.partial`).size;
    assert.ok(part > 1_000_000 && part < BIG.length, String(part));
    let kept = 0;
    const { record } = await download(opened, files, request('big.tar', target), {
      onProgress: (progress) => (kept = progress.kept),
    });
    assert.equal(kept, part);
    assert.match(record.transfer.commands.at(-2) ?? '', new RegExp(`skip=${String(part)} `));
    assert.equal(sha256(readFileSync(target)), sha256(BIG));
    assert.deepEqual(readdirSync(join(target, '..')).length, 2);
  });

  /** A disk that hangs, behind a connection that is well: so many bytes, and then none. */
  function hangsAfter(bytes: number, times: number): () => void {
    const tools = temporary();
    const counter = join(tools, 'left');
    writeFileSync(counter, 'x'.repeat(times));
    const script = `#!/bin/sh
left=$(cat ${counter})
[ -z "$left" ] && exec /bin/dd "$@"
printf %s "\${left#x}" > ${counter}
[ ${String(bytes)} -gt 0 ] && head -c ${String(bytes)} big.tar
exec sleep 60
`;
    writeFileSync(join(tools, 'dd'), script, { mode: 0o755 });
    cluster.exec.tools = tools;
    return () => (cluster.exec.tools = undefined);
  }

  test('as its node sends nothing any more goes on with another attempt', async () => {
    const works = hangsAfter(3_000_000, 1);
    const target = join(temporary(), 'hung.tar');
    const { record } = await download(opened, workshop(opened).files, request('big.tar', target), { silence: 300 });
    works();
    assert.equal(record.transfer.resumed, 1);
    assert.equal(sha256(readFileSync(target)), sha256(BIG));
  });

  test('as its node never sends anything ends with the word for it', async () => {
    const works = hangsAfter(0, 100);
    const folder = temporary();
    const { files } = workshop(opened);
    const wish = request('big.tar', join(folder, 'hung.tar'));
    const error = await failureOf(download(opened, files, wish, { silence: 300 }));
    works();
    assert.equal(error.reason, 'timeout');
    assert.match(error.message, /big\.tar could not be read: its node has sent nothing of it for 1 seconds/);
    assert.deepEqual(readdirSync(folder), []);
  });

  test('before anything came leaves nothing', async () => {
    const folder = temporary();
    const error = await broken(join(folder, 'big.tar'), 0);
    assert.equal(error.reason, 'unreachable');
    assert.deepEqual(readdirSync(folder), []);
  });

  test('or is given up, at any moment, can be gone on with', async () => {
    const { files, helpers } = workshop(opened);
    const target = join(temporary(), 'big.tar');
    let attempts = 0;
    for (; attempts < 200; attempts++) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), Math.random() * 60);
      try {
        await download(opened, files, request('big.tar', target), { signal: controller.signal });
        break;
      } catch (error) {
        assert.ok(CheckpointError.is(error, 'cancelled'), String(error));
        assert.equal(existsSync(target), false);
      }
    }
    if (!existsSync(target)) await download(opened, files, request('big.tar', target));
    assert.equal(sha256(readFileSync(target)), sha256(BIG));
    await helpers.close();
    assert.equal(helperPods(cluster).length, 0);
  });

  test('because its helper pod ended goes on with another', async () => {
    const { files, helpers } = workshop(opened);
    const target = join(temporary(), 'big.tar');
    const used = new Set<string>();
    const onProgress = ({ done }: { done: number }) => {
      // Its lifetime is over, or somebody deletes it, twice.
      if (used.size === 2 || done < (used.size + 1) * 3_000_000) return;
      for (const pod of helperPods(cluster)) {
        used.add(pod.metadata.name);
        cluster.exec.endPod(pod);
        cluster.store.remove(PODS, pod);
      }
    };
    const { record } = await download(opened, files, request('big.tar', target), { onProgress });
    assert.equal(used.size, 2);
    assert.ok(record.transfer.resumed >= 2, String(record.transfer.resumed));
    assert.ok(!used.has(record.transfer.helper.pod));
    assert.equal(sha256(readFileSync(target)), sha256(BIG));
    await helpers.close();
    assert.equal(helperPods(cluster).length, 0);
  });

  test('because its end was lost, though the command says that all is well, goes on', async () => {
    const { files } = workshop(opened);
    const folder = temporary();
    const tools = temporary();
    const once = join(tools, 'once');
    writeFileSync(
      join(tools, 'dd'),
      `#!/bin/sh\nPATH=/usr/bin:/bin\n[ -e ${once} ] && exec dd "$@"\ntouch ${once}\ndd "$@" | head -c 5000000\n`,
      { mode: 0o755 },
    );
    cluster.exec.tools = tools;
    const { record } = await download(opened, files, request('big.tar', join(folder, 'big.tar')));
    cluster.exec.tools = undefined;
    assert.match(record.transfer.commands.at(-2) ?? '', /skip=5000000 /);
    assert.equal(sha256(readFileSync(join(folder, 'big.tar'))), sha256(BIG));
  });

  test('is not gone on with when the archive became another', async () => {
    const { files } = workshop(opened);
    const local = join(cluster.node().checkpoints, 'changing.tar');
    writeFileSync(local, BIG);
    const target = join(temporary(), 'changing.tar');
    let left = 1;
    cluster.server.faults.add({ match: isCopying, cutAfter: () => (left-- > 0 ? 3_000_000 : 0) });
    await failureOf(download(opened, files, request('changing.tar', target), { pauses: [1] }));
    cluster.server.faults.clear();
    const other = Buffer.from(BIG).reverse();
    writeFileSync(local, other);
    utimesSync(local, 1_700_000_000, 1_700_000_000);
    await download(opened, files, request('changing.tar', target));
    assert.equal(sha256(readFileSync(target)), sha256(other));
  });
});

describe('what is not taken for whole', () => {
  test('an archive that is written anew meanwhile', async () => {
    const { files } = workshop(opened);
    const local = join(cluster.node().checkpoints, 'moving.tar');
    for (const change of [
      () => appendFileSync(local, 'more'),
      () => truncateSync(local, 5_000_000),
      () => utimesSync(local, 1, 1),
    ]) {
      writeFileSync(local, BIG);
      const folder = temporary();
      let done = false;
      const onProgress = () => {
        if (!done) change();
        done = true;
      };
      const error = await failureOf(
        download(opened, files, request('moving.tar', join(folder, 'moving.tar')), { onProgress }),
      );
      assert.equal(error.reason, 'changed');
      assert.match(error.message, /was written anew while it was being downloaded/);
      assert.deepEqual(readdirSync(folder), []);
    }
  });

  test('bytes that are not those of the node', async () => {
    const { files } = workshop(opened);
    const folder = temporary();
    const tools = temporary();
    for (const name of ['sha256sum', 'openssl']) {
      writeFileSync(join(tools, name), `#!/bin/sh\necho ${'0'.repeat(64)}  x\n`, { mode: 0o755 });
    }
    cluster.exec.tools = tools;
    const error = await failureOf(download(opened, files, request('big.tar', join(folder, 'big.tar'))));
    cluster.exec.tools = undefined;
    assert.equal(error.reason, 'damaged');
    assert.match(error.message, /the SHA-256 sums differ \([0-9a-f]{64} here, 0{64} there\)/);
    assert.deepEqual(readdirSync(folder), []);
  });
});

describe('nothing is written over', () => {
  test('neither an archive nor what only looks like a part of one', async () => {
    const { files } = workshop(opened);
    const target = join(temporary(), 'big.tar');
    for (const name of [target, `${target}.partial`, `${target}.partial.json`]) {
      writeFileSync(name, 'precious');
      const error = await failureOf(download(opened, files, request('big.tar', target)));
      assert.equal(error.reason, 'exists');
      assert.equal(readFileSync(name, 'utf8'), 'precious');
      const { rmSync } = await import('node:fs');
      rmSync(name);
    }
    writeFileSync(`${target}.acquisition.json`, 'precious');
    assert.equal((await failureOf(download(opened, files, request('big.tar', target)))).reason, 'exists');
    assert.equal(readFileSync(`${target}.acquisition.json`, 'utf8'), 'precious');
    assert.equal(existsSync(target), false);
  });

  test('two downloads to one place', async () => {
    const { files } = workshop(opened);
    const target = join(temporary(), 'big.tar');
    const both = [1, 2].map(() => download(opened, files, request('big.tar', target)));
    // Which of them is first is as the machine has it; on a busy one it may be done before the other looks.
    const refused = (await Promise.allSettled(both)).flatMap((end) =>
      end.status === 'rejected' ? [end.reason as unknown] : [],
    );
    assert.equal(refused.length, 1);
    assert.ok(CheckpointError.is(refused[0], 'exists'), String(refused[0]));
    assert.equal(sha256(readFileSync(target)), sha256(BIG));
  });

  test('a folder that is not there, or may not be written to', async () => {
    const { files } = workshop(opened);
    const folder = temporary();
    const error = await failureOf(download(opened, files, request('big.tar', join(folder, 'no', 'big.tar'))));
    assert.ok(['not-found', 'unwritable'].includes(error.reason), error.message);
    mkdirSync(join(folder, 'big.tar.partial'));
    const blocked = await failureOf(download(opened, files, request('big.tar', join(folder, 'big.tar'))));
    assert.ok(['exists', 'unwritable'].includes(blocked.reason));
  });
});

test('names are legal on every system', () => {
  const cases: readonly (readonly [string, string])[] = [
    [NAME, 'checkpoint-counter_lab-counter-2026-11-23T21-56-14Z.tar'],
    ['a<b>c"d/e\\f|g?h*i', 'a-b-c-d-e-f-g-h-i'],
    ['..', 'checkpoint.tar'],
    ['', 'checkpoint.tar'],
    ['con.tar', '_con.tar'],
    ['COM1', '_COM1'],
    ['console.tar', 'console.tar'],
    ['trailing. .', 'trailing'],
    ['a\u0000b\nc', 'a-b-c'],
  ];
  for (const [name, expected] of cases) assert.equal(legalName(name), expected);
  const long = legalName(`${'ä'.repeat(300)}.tar`);
  assert.ok(Buffer.byteLength(long) <= 230);
  assert.match(long, /^ä+~[0-9a-f]{8}\.tar$/);
  assert.notEqual(long, legalName(`${'ä'.repeat(301)}.tar`));
});
