/**
 * Opens checkpoints that today's Podman and CRIU just made (make-checkpoints.sh) and compares them with what /proc said
 * of the containers shortly before. CHECKPOINT_EXPLORER_LAB_OUT names their folder.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ProcessFacts } from '../../src/protocol/processes.ts';
import { askEverything, type Answers } from '../unit/support/ask.ts';

interface Live {
  readonly pid: number;
  readonly comm: string;
  readonly state: string;
  readonly uid: string;
  readonly gid: string;
  readonly cmdline: readonly string[];
  readonly environ: readonly string[];
  readonly cwd: string | null;
  readonly exe: string | null;
  readonly threads: readonly number[];
  readonly mountinfo: readonly string[];
}

interface PodmanDiff {
  readonly added?: readonly string[];
  readonly changed?: readonly string[];
  readonly deleted?: readonly string[];
}

const out = process.env['CHECKPOINT_EXPLORER_LAB_OUT'] ?? '';
const archives = ['crun-plain.tar', 'crun-gzip.tar.gz', 'runc-zstd.tar.zst', 'odd.tar'];
const STATES: Readonly<Record<string, string>> = {
  S: 'running',
  R: 'running',
  D: 'running',
  T: 'stopped',
  Z: 'zombie',
};

for (const archive of archives) {
  const name = archive.replace(/\.tar.*$/, '');
  const live = json(`${name}.truth.json`) as readonly Live[];
  let asked: Promise<Answers> | undefined;
  const answers = (): Promise<Answers> => (asked ??= askEverything(join(out, archive), join(out, 'spill')));

  describe(archive, () => {
    test('processes are those of the running container', async () => {
      const { processes } = await answers();
      for (const process of live.filter(({ comm }) => comm !== 'sleep')) compare(process, processes);
      assert.equal(processes[0]?.pid, 1);
    });

    test('mounts are those of the running container', async () => {
      const { mounts } = await answers();
      const shown = mounts
        .filter((mount) => mount.seenIn !== 'spec')
        .map((mount) => `${String(mount.id)} ${mount.destination}`);
      const expected = (live[0]?.mountinfo ?? [])
        .map((line) => line.split(' '))
        .map((words) => `${words[0] ?? ''} ${words[4] ?? ''}`);
      assert.deepEqual(shown.sort(), expected.sort());
    });

    test('changed files are those that Podman names', async () => {
      const { changes } = await answers();
      const diff = json(`${name}.diff.json`) as PodmanDiff;
      const rootfs = changes.filter((change) => change.source === 'rootfs-diff');
      const deleted = rootfs.filter((change) => change.kind === 'deleted').map((change) => change.path);
      assert.deepEqual(deleted.sort(), [...(diff.deleted ?? [])].sort());
      const shown = rootfs.filter((change) => change.kind !== 'deleted').map((change) => change.path);
      assert.deepEqual(
        (diff.added ?? []).filter((path) => !shown.includes(path)),
        [],
      );
      assert.deepEqual(
        shown.filter((path) => ![...(diff.added ?? []), ...(diff.changed ?? [])].includes(path)),
        [],
      );
    });

    test('nothing is damaged', async () => {
      const { notes } = await answers();
      assert.deepEqual(
        notes.filter(({ kind }) => kind === 'damaged' || kind === 'truncated' || kind === 'unknown'),
        [],
      );
    });
  });
}

test('what lay on a volume and on a tmpfs is there', async () => {
  const { changes } = await askEverything(join(out, 'odd.tar'), join(out, 'spill'));
  const mounted = changes.filter((change) => change.kind === 'mounted').map((change) => [change.path, change.source]);
  assert.ok(
    mounted.some(([path, source]) => path === '/mnt/volume/kept' && source === 'volume'),
    JSON.stringify(mounted),
  );
  assert.ok(
    mounted.some(([path, source]) => path === '/mnt/scratch/kept' && source === 'tmpfs'),
    JSON.stringify(mounted),
  );
});

test('a zombie shows the code that it ended with, a stopped process its arguments', async () => {
  const { processes } = await askEverything(join(out, 'odd.tar'), join(out, 'spill'));
  assert.equal(processes.find(({ state }) => state === 'zombie')?.exitCode, 7);
  assert.deepEqual(processes.find(({ state }) => state === 'stopped')?.arguments, ['python3', '/app/workload.py']);
});

function compare(live: Live, processes: readonly ProcessFacts[]): void {
  const process = processes.find(({ pid }) => pid === live.pid);
  assert.ok(process, `process ${String(live.pid)} is missing`);
  assert.equal(process.comm, live.comm);
  assert.equal(process.state, STATES[live.state]);
  if (process.state === 'zombie') return;
  assert.deepEqual(process.arguments, live.cmdline);
  assert.deepEqual(process.environment, live.environ);
  assert.equal(process.executable, live.exe);
  assert.equal(process.workingDirectory, live.cwd);
  assert.equal(process.uids?.join('\t'), live.uid);
  assert.equal(process.gids?.join('\t'), live.gid);
  assert.deepEqual(
    process.threads.map(({ tid }) => tid).sort((a, b) => a - b),
    [...live.threads].sort((a, b) => a - b),
  );
}

function json(file: string): unknown {
  return JSON.parse(readFileSync(join(out, file), 'utf8')) as unknown;
}
