import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Cluster } from '../../../src/core/cluster/cluster.ts';
import { checkRestore } from '../../../src/core/restore/compatibility/check.ts';
import { readCheckpointFacts, type CheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { blockersOf } from '../../../src/core/restore/compatibility/finding.ts';
import { measureImage } from '../../../src/core/restore/image/write-image.ts';
import { parseReference } from '../../../src/core/restore/registry/reference.ts';
import { checkpointPod } from '../../../src/core/restore/sandbox/checkpoint-pod.ts';
import { SandboxJournal } from '../../../src/core/restore/sandbox/journal.ts';
import { KubernetesSandbox, type KubernetesOptions } from '../../../src/core/restore/sandbox/kubernetes.ts';
import { podManifest } from '../../../src/core/restore/sandbox/pod-manifests.ts';
import type { Subject } from '../../../src/core/restore/sandbox/sandbox.ts';
import { RestoreFailed } from '../../../src/core/restore/sandbox/why-it-failed.ts';
import type { Kind, KubeObject, PodObject } from '../../cluster/kube.ts';
import { PODS } from '../../cluster/pod-life.ts';
import { NETWORK_POLICIES, type TestCluster } from '../../cluster/test-cluster.ts';
import { RegistryServer } from '../../registry/registry-server.ts';
import { temporary, workshop } from '../cluster/node-support.ts';
import { connect, startCluster } from '../cluster/support.ts';
import { archiveOf } from '../support/fixtures.ts';
import { inFolder, withCheckpoint } from './support.ts';

const NAMESPACES: Kind = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

interface Scene {
  readonly cluster: TestCluster;
  readonly opened: Cluster;
  readonly registry: RegistryServer;
  readonly journal: SandboxJournal;
  readonly subject: Subject;
  readonly sandbox: (options?: Partial<KubernetesOptions>) => KubernetesSandbox;
}

async function scene(use: (scene: Scene) => Promise<void>, archive = 'crio-tty'): Promise<void> {
  const cluster = await startCluster({ kinds: [NETWORK_POLICIES] });
  const opened = await connect(cluster);
  const registry = await new RegistryServer().start();
  after(() => registry.stop());
  await inFolder((folder, spill) =>
    withCheckpoint(archiveOf(archive), spill, async (checkpoint) => {
      const journal = new SandboxJournal(folder);
      const subject = { locator: archive, facts: await readCheckpointFacts(checkpoint), checkpoint };
      const sandbox = (options: Partial<KubernetesOptions> = {}): KubernetesSandbox =>
        new KubernetesSandbox({
          cluster: opened,
          journal,
          image: parseReference(`docker://${registry.host}/sandbox/app:1`),
          registry: { environment: { HOME: folder } },
          measure: (_subject, given) => measureImage(checkpoint, { ...given, spill }),
          namespace: 'lab',
          patience: 10_000,
          ...options,
        });
      await use({ cluster, opened, registry, journal, subject, sandbox });
    }),
  );
}

function objects(cluster: TestCluster, namespace = 'lab'): readonly KubeObject[] {
  return [...cluster.store.list(PODS, namespace), ...cluster.store.list(NETWORK_POLICIES, namespace)].filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined,
  );
}

async function gone(cluster: TestCluster): Promise<void> {
  for (let look = 0; look < 100 && objects(cluster).length > 0; look++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual(objects(cluster), []);
}

/** The kubelet says of a pod's container why it does not start. */
async function fail(cluster: TestCluster, name: string, message: string): Promise<void> {
  let pod: PodObject | undefined;
  while (pod?.spec.nodeName === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    pod = cluster.store.find(PODS, 'lab', name) as PodObject | undefined;
  }
  const waiting = { reason: 'RunContainerError', message };
  cluster.store.update<PodObject>(PODS, pod, {
    status: {
      phase: 'Pending',
      containerStatuses: [{ name: 'tty', state: { waiting } }],
    } as unknown as PodObject['status'],
  });
}

describe('restoring in a cluster', () => {
  test('makes what the plan shows, in the order that keeps it apart, and removes all of it', () =>
    scene(async ({ cluster, registry, journal, subject, sandbox }) => {
      const place = sandbox();
      const target = await place.detect(subject);
      assert.equal(target.engine, 'cri-o');
      assert.deepEqual(blockersOf(checkRestore(subject.facts, target)), []);
      const plan = place.plan(subject, target, {});
      const record = await place.run(plan, subject);
      const [pod] = cluster.store.list(PODS, 'lab') as readonly PodObject[];
      const [policy] = cluster.store.list(NETWORK_POLICIES, 'lab');
      assert.ok(pod && policy);
      assert.ok(Number(policy.metadata.resourceVersion) < Number(pod.metadata.resourceVersion));

      const digest = [...registry.manifests.keys()].find((key) => key.includes('sha256:'))?.split('app:')[1] ?? '';
      assert.equal(pod.spec.containers[0]?.image, `${registry.host}/sandbox/app@${digest}`);
      const shown = plan.steps.flatMap(({ manifest }) =>
        manifest === undefined ? [] : [JSON.parse(manifest) as object],
      );
      const tagged = JSON.stringify(shown).replaceAll(
        `${registry.host}/sandbox/app:1`,
        `${registry.host}/sandbox/app@${digest}`,
      );
      const made = JSON.parse(tagged) as readonly { kind: string; spec: Record<string, unknown> }[];
      assert.deepEqual(
        made.map(({ kind }) => kind),
        ['NetworkPolicy', 'Pod'],
      );
      assert.deepEqual(policy['spec'], made[0]?.spec);
      // What the cluster itself adds: the node that it chose.
      const { nodeName, ...spec } = pod.spec;
      assert.ok(nodeName !== undefined);
      assert.deepEqual(spec, made[1]?.spec);
      assert.deepEqual(
        [
          spec['automountServiceAccountToken'],
          spec['hostNetwork'],
          spec['hostPID'],
          spec['hostIPC'],
          spec['restartPolicy'],
        ],
        [false, false, false, false, 'Never'],
      );
      assert.equal(spec.containers[0]?.['tty'], true);
      assert.deepEqual((policy['spec'] as { policyTypes: unknown }).policyTypes, ['Ingress', 'Egress']);

      assert.equal(await place.state(record), 'running');
      assert.match(await place.logs(record), /count/);
      assert.deepEqual(await journal.list(), [record]);
      await place.remove(record);
      await gone(cluster);
      assert.equal(await place.state(record), 'gone');
      assert.deepEqual(await journal.list(), []);
      await place.remove(record);
    }));

  test('makes a namespace where it is asked to, and removes only that one', () =>
    scene(async ({ cluster, subject, sandbox }) => {
      const place = sandbox({ namespace: 'sandbox', createNamespace: true });
      const plan = place.plan(subject, await place.detect(subject), {});
      assert.equal(plan.steps.length, 4);
      const record = await place.run(plan, subject);
      assert.ok(cluster.store.find(NAMESPACES, undefined, 'sandbox'));
      await place.remove(record);
      assert.equal(cluster.store.find(NAMESPACES, undefined, 'sandbox'), undefined);
      const other = sandbox({ namespace: 'lab', createNamespace: true });
      const second = await other.run(other.plan(subject, await other.detect(subject), {}), subject);
      await other.remove(second);
      assert.ok(cluster.store.find(NAMESPACES, undefined, 'lab'));
    }));

  test('leaves nothing where it fails, and says why', () =>
    scene(async ({ cluster, journal, subject, sandbox }) => {
      const said = 'failed to generate container "x" spec: failed to generate spec: no command specified';
      cluster.life.pace.start = 10_000;
      const place = sandbox();
      const plan = place.plan(subject, await place.detect(subject), {});
      const work = place.run(plan, subject);
      const failing = assert.rejects(work, (error) => {
        assert.ok(error instanceof RestoreFailed, String(error));
        assert.match(error.message, /did not take the image for a checkpoint/);
        assert.match(error.log, /CreateContainerError/);
        return true;
      });
      let pod: PodObject | undefined;
      while (!pod) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        [pod] = cluster.store.list(PODS, 'lab') as readonly PodObject[];
      }
      const waiting = { reason: 'CreateContainerError', message: said };
      cluster.store.update<PodObject>(PODS, pod, {
        status: {
          phase: 'Pending',
          containerStatuses: [{ name: 'tty', state: { waiting } }],
        } as unknown as PodObject['status'],
      });
      await failing;
      await gone(cluster);
      assert.deepEqual(await journal.list(), []);
    }));

  test('fetches CRIU’s log from the node where CRI-O kept it, and only from there', () =>
    scene(async ({ cluster, opened, journal, subject, sandbox }) => {
      const { files } = workshop(opened, {}, { patience: 20_000 });
      const folder = `/run/containers/storage/overlay-containers/${'0a'.repeat(32)}/userdata`;
      mkdirSync(join(cluster.node().root, folder), { recursive: true });
      const line =
        "(00.1) 10: Error (criu/files-reg.c:2353): Can't open file data/x on restore: No such file or directory";
      writeFileSync(join(cluster.node().root, folder, 'restore.log'), `(00.0) before\n${line}\n`);
      mkdirSync(join(cluster.node().root, 'etc'), { recursive: true });
      writeFileSync(join(cluster.node().root, 'etc/restore.log'), 'a secret of the node');
      // Time enough to say that it failed before it would run; the helper pod starts all the same.
      cluster.life.pace.start = 800;
      const place = sandbox({ files });
      const target = await place.detect(subject);
      for (const [path, isRead] of [
        [`${folder}/restore.log`, true],
        ['/etc/restore.log', false],
        [
          `/run/containers/storage/overlay-containers/${'0a'.repeat(32)}/userdata/../../../../../etc/restore.log`,
          false,
        ],
      ] as const) {
        const plan = place.plan(subject, target, {});
        assert.match(plan.steps.at(-1)?.what.template ?? '', /helper pod/);
        const failing = place.run(plan, subject).catch((error: unknown) => error);
        const name = (plan as unknown as { wishes: { name: string } }).wishes.name;
        await fail(cluster, name, `container restore failed: level=warning msg="--- Quoting \\"${path}\\""`);
        const error = await failing;
        assert.ok(error instanceof RestoreFailed, String(error));
        assert.equal(error.log.includes(line), isRead);
        assert.ok(!error.log.includes('a secret'));
        if (isRead) assert.match(error.message, /A file that the container had open/);
      }
      assert.deepEqual(await journal.list(), []);
    }));

  test('tells what decided where the runtime quotes CRIU’s log, which is not fetched then', () =>
    scene(async ({ cluster, opened, subject, sandbox }) => {
      const { files } = workshop(opened, {}, { patience: 20_000 });
      cluster.life.pace.start = 800;
      const place = sandbox({ files });
      const plan = place.plan(subject, await place.detect(subject), {});
      const { name } = (plan as unknown as { wishes: { name: string } }).wishes;
      const failing = place.run(plan, subject).catch((error: unknown) => error);
      // As CRI-O 1.37 with runc 1.3.6 says it: with pages of quotes before.
      const folder = `/run/containers/storage/overlay-containers/${'0a'.repeat(32)}/userdata`;
      const quote = (text: string): string => `time="2026-11-27T08:14:03Z" level=warning msg="${text}"`;
      const said = [
        `failed to restore container a35b: container restore failed: ${quote(`--- Quoting \\"${folder}/restore.log\\"`)}`,
        ...Array<string>(20).fill(quote('13:(00.003931) cpu: fpu: x87 floating point registers xstate_offsets 0 / 0')),
        quote(
          "290:(00.059166)      1: Error (criu/sysctl.c:258): Can't open sysctl kernel/hostname: Read-only file system",
        ),
        quote('291:(00.061235) Error (criu/cr-restore.c:2331): Restoring FAILED.'),
      ].join('\n');
      await fail(cluster, name, said);
      const error = await failing;
      assert.ok(error instanceof RestoreFailed, String(error));
      assert.match(
        error.message,
        /^The cluster could not restore it: .*\/proc\/sys is read-only there.* \(\(00\.059166\) +1: Error \(criu\/sysctl\.c:258\): [^()]*\)$/,
      );
      const made = cluster.server.seen.filter(({ method, path }) => method === 'POST' && path.endsWith('/pods'));
      assert.equal(made.length, 1, 'no helper pod, only the sandbox');
    }));

  test('is checkpointed again by its node, and the archive fetched', () =>
    scene(async ({ cluster, opened, subject, sandbox }) => {
      const { files } = workshop(opened);
      cluster.node().archives.set('*', archiveOf('crio-tty'));
      const place = sandbox();
      const record = await place.run(place.plan(subject, await place.detect(subject), {}), subject);
      const target = join(temporary(), 'again.tar');
      const access = { cluster: opened, files, tool: { name: 'test', version: '1' } };
      await checkpointPod(record, access, target);
      assert.deepEqual(readFileSync(target), readFileSync(archiveOf('crio-tty')));
      assert.equal(await place.state(record), 'running');
      await assert.rejects(checkpointPod({ ...record, server: 'another:6443' }, access, `${target}2`), {
        reason: 'changed',
      });
      await place.remove(record);
      await assert.rejects(checkpointPod(record, access, `${target}3`), { reason: 'not-found' });
    }));

  test('leaves nothing where it is cancelled', () =>
    scene(async ({ cluster, journal, subject, sandbox }) => {
      cluster.life.pace.start = 10_000;
      const place = sandbox();
      const plan = place.plan(subject, await place.detect(subject), {});
      const stop = new AbortController();
      const work = place.run(plan, subject, { signal: stop.signal });
      const stopping = assert.rejects(work, { reason: 'cancelled' });
      while (cluster.store.list(PODS, 'lab').length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      stop.abort();
      await stopping;
      await gone(cluster);
      assert.deepEqual(await journal.list(), []);
    }));

  test('does not remove anything of another cluster that has the same name', () =>
    scene(async ({ cluster, journal, subject, sandbox }) => {
      const place = sandbox();
      const record = await place.run(place.plan(subject, await place.detect(subject), {}), subject);
      await assert.rejects(place.remove({ ...record, server: '10.0.0.1:6443' }), { reason: 'changed' });
      assert.equal(objects(cluster).length, 2);
      assert.deepEqual(await journal.list(), [record]);
      await place.remove(record);
    }));

  test('is predicted not to work where files were open on a volume', () =>
    scene(async ({ subject, sandbox }) => {
      const target = await sandbox().detect(subject);
      assert.deepEqual(
        blockersOf(checkRestore(subject.facts, target)).map(({ id }) => id),
        ['mount:/data'],
      );
    }, 'crio-rich'));
});

describe('a manifest', () => {
  const WISHES = { id: 'abc', name: 'checkpoint-abc', namespace: 'lab', image: 'r.example/a@sha256:0', lifetime: 60 };
  const facts = (more: Partial<CheckpointFacts>): CheckpointFacts =>
    ({ mounts: [], isTerminal: false, ...more }) as unknown as CheckpointFacts;
  const mount = (destination: string) =>
    ({
      destination,
      source: '/',
      kind: 'bind',
      isFile: false,
      isReadOnly: false,
      hasContents: false,
      openFiles: [],
    }) as const;

  test('has nothing of the archive but a name that is one, and places of empty volumes', () => {
    const hostile = 'x","hostNetwork":true,"y":"';
    const plain = JSON.stringify(podManifest(facts({}), WISHES));
    assert.equal(JSON.stringify(podManifest(facts({ containerName: hostile }), WISHES)), plain);
    const odd = '/data"}],"hostPID";{{"x';
    const { spec } = podManifest(facts({ mounts: [mount(odd), mount('/var/run/secrets/x')] }), WISHES) as {
      spec: { volumes: object[]; containers: { volumeMounts: { mountPath: string }[] }[] };
    };
    assert.deepEqual(spec.volumes, [
      { name: 'empty-0', emptyDir: {} },
      { name: 'empty-1', emptyDir: {} },
    ]);
    assert.deepEqual(
      spec.containers[0]?.volumeMounts.map(({ mountPath }) => mountPath),
      [odd, '/var/run/secrets/x'],
    );
  });

  for (const destination of ['relative', '/a/../../etc', '/proc', '/sys/fs', '/a:b', '/a\nb', `/${'x'.repeat(2000)}`]) {
    test(`has no mount at ${JSON.stringify(destination).slice(0, 30)}`, () => {
      assert.throws(() => podManifest(facts({ mounts: [mount(destination)] }), WISHES), { reason: 'unsupported' });
    });
  }

  test('has no file for which nothing can stand', () => {
    const mounts = [{ ...mount('/etc/app.conf'), isFile: true }];
    assert.throws(() => podManifest(facts({ mounts }), WISHES), { reason: 'unsupported' });
    assert.throws(
      () => podManifest(facts({ mounts: Array.from({ length: 65 }, (_, at) => mount(`/m${String(at)}`)) }), WISHES),
      {
        reason: 'unsupported',
      },
    );
  });
});
