import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { CheckpointError } from '../../../src/core/errors.ts';
import { readCheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { SandboxJournal } from '../../../src/core/restore/sandbox/journal.ts';
import { NETWORK_POLICIES } from '../../../src/core/restore/sandbox/pod-sandbox.ts';
import { OperatorSandbox, type OperatorOptions } from '../../../src/core/restore/sandbox/operator.ts';
import type { Subject } from '../../../src/core/restore/sandbox/sandbox.ts';
import { RestoreFailed } from '../../../src/core/restore/sandbox/why-it-failed.ts';
import { OPERATOR_KINDS } from '../../cluster/custom-kinds.ts';
import type { Kind } from '../../cluster/kube.ts';
import { PODS } from '../../cluster/pod-life.ts';
import { operate, RESTORES, type PodRestore } from '../../cluster/restore-operator.ts';
import { addPod } from '../../cluster/workloads.ts';
import { program } from '../cli/support.ts';
import { temporary } from '../cluster/node-support.ts';
import { connect, startCluster } from '../cluster/support.ts';
import { archiveOf } from '../support/fixtures.ts';
import { inFolder, withCheckpoint } from './support.ts';

const POLICIES: Kind = { ...NETWORK_POLICIES, kind: 'NetworkPolicy', namespaced: true };
const NAME = 'checkpoint-tty_lab-tty-2026-11-23T22:31:03Z.tar';
const PATH = `/var/lib/kubelet/checkpoints/${NAME}`;
/** As the archive has it. */
const UID = '932207ef-5956-4f56-ad08-269759338900';

const cluster = await startCluster({ kinds: [...OPERATOR_KINDS, POLICIES] });
const opened = await connect(cluster);
copyFileSync(archiveOf('crio-tty'), join(cluster.node().checkpoints, NAME));
after(operate(cluster));

function scene(
  use: (scene: {
    sandbox: (more?: Partial<OperatorOptions>) => OperatorSandbox;
    subject: Subject;
    journal: SandboxJournal;
  }) => Promise<void>,
): Promise<void> {
  return inFolder((folder, spill) =>
    withCheckpoint(archiveOf('crio-tty'), spill, async (checkpoint) => {
      const journal = new SandboxJournal(folder);
      const subject = { locator: 'node://test/node-1/x', facts: await readCheckpointFacts(checkpoint), checkpoint };
      const options = { cluster: opened, journal, namespace: 'lab', node: 'node-1', path: PATH, patience: 10_000 };
      await use({ sandbox: (more = {}) => new OperatorSandbox({ ...options, ...more }), subject, journal });
    }),
  );
}

function made(): readonly string[] {
  return [PODS, POLICIES, RESTORES].flatMap((kind) =>
    cluster.store
      .list(kind, 'lab')
      .filter(({ metadata }) => metadata.name.startsWith('checkpoint-') && metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => `${kind.kind} ${metadata.name}`),
  );
}

async function nothing(): Promise<void> {
  for (let look = 0; look < 100 && made().length > 0; look++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(made(), []);
}

describe('restoring by the checkpoint-restore-operator', () => {
  test('makes what the plan shows, and removes all of it', () =>
    scene(async ({ sandbox, subject, journal }) => {
      const place = sandbox();
      const target = await place.detect(subject);
      assert.deepEqual([target.engine, target.architecture], ['cri-o', 'amd64']);
      const plan = place.plan(subject, target, {});
      const record = await place.run(plan, subject);
      const shown = JSON.parse(plan.steps.at(-1)?.manifest ?? '') as PodRestore & { readonly spec: object };
      const restore = cluster.store.find(RESTORES, 'lab', record.name) as PodRestore;
      assert.deepEqual(restore.spec, shown.spec);
      assert.equal(restore.spec.targetNode, 'node-1');
      const { template, ...spec } = shown.spec as unknown as {
        readonly checkpoints: unknown;
        readonly template: { readonly spec: Record<string, unknown> };
      };
      assert.deepEqual(spec.checkpoints, [{ container: 'tty', path: PATH }]);
      assert.equal(template.spec['automountServiceAccountToken'], false);
      assert.equal(made().length, 3);
      assert.equal(await place.state(record), 'running');
      assert.deepEqual(await journal.list(), [record]);
      await place.remove(record);
      await nothing();
      assert.deepEqual(await journal.list(), []);
    }));

  test('says what the operator says where it does not, and leaves nothing', () =>
    scene(async ({ sandbox, subject, journal }) => {
      const plan = sandbox({ node: 'node-9' }).plan(subject, { kind: 'kubernetes' }, {});
      await assert.rejects(sandbox({ node: 'node-9' }).run(plan, subject), (error) => {
        assert.ok(error instanceof RestoreFailed, String(error));
        assert.match(error.message, /did not restore it: NodeNotFound: target node "node-9" not found/);
        return true;
      });
      await nothing();
      assert.deepEqual(await journal.list(), []);
    }));

  test('is not offered where it is not, nor for what it would refuse', () =>
    scene(async ({ sandbox, subject }) => {
      const other = await connect(await startCluster());
      await assert.rejects(sandbox({ cluster: other }).detect(subject), (error) =>
        CheckpointError.is(error, 'not-found'),
      );
      for (const more of [
        { path: `/tmp/${NAME}` },
        { path: `/var/lib/kubelet/checkpoints/deeper/${NAME}` },
        { path: PATH.replace('.tar', '.tgz') },
        { path: '/var/lib/kubelet/checkpoints/mine.tar' },
        { namespace: 'default' },
      ]) {
        assert.throws(() => sandbox(more).plan(subject, { kind: 'kubernetes' }, {}), { reason: 'unsupported' });
      }
    }));
});

test('a pod is moved: restored first, and the original deleted when its name was typed and the sandbox runs', async () => {
  const environment = {
    KUBECONFIG: cluster.kubeconfig(),
    CHECKPOINT_EXPLORER_SANDBOXES: temporary(),
    XDG_CACHE_HOME: temporary(),
  };
  const locator = `node://test/node-1${PATH}`;
  const move = (...more: readonly string[]): ReturnType<typeof program> =>
    program(['restore', locator, '--to', 'kubernetes', '--operator', '-n', 'lab', '--move', ...more], {
      env: environment,
    });
  const original = addPod(cluster, { name: 'tty', owner: { kind: 'ReplicaSet', name: 'ttys' } });
  const another = await move('--confirm', 'lab/tty');
  assert.deepEqual([another.code, another.stdout], [1, '']);
  assert.match(another.stderr, /another one has its name now/);
  cluster.store.update(PODS, original, { metadata: { ...original.metadata, uid: UID } });

  for (const confirm of [[], ['--confirm', 'tty']]) {
    const { code, stderr } = await move(...confirm);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--confirm lab\/tty/);
  }
  assert.deepEqual(made(), []);
  assert.ok(cluster.store.find(PODS, 'lab', 'tty'));

  const done = await move('--confirm', 'lab/tty');
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stderr, /belongs to ReplicaSet ttys[\s\S]*lab\/tty was deleted/);
  assert.equal(made().length, 3);
  const left = cluster.store.find(PODS, 'lab', 'tty');
  assert.ok(left === undefined || left.metadata.deletionTimestamp !== undefined);
  const [id = ''] = done.stdout.split(/\s+/);
  assert.equal((await program(['sandboxes', 'remove', id], { env: environment })).code, 0);
  await nothing();
});
