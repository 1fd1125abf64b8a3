/** A restore in a cluster that is cut at any of its requests leaves nothing that is not written down and can be removed. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Api } from '../../../src/core/cluster/api/api.ts';
import { NAMESPACES as NAMESPACE } from '../../../src/core/cluster/api/resources.ts';
import { readCheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { measureImage } from '../../../src/core/restore/image/write-image.ts';
import { parseReference } from '../../../src/core/restore/registry/reference.ts';
import { SandboxJournal } from '../../../src/core/restore/sandbox/journal.ts';
import { KubernetesSandbox } from '../../../src/core/restore/sandbox/kubernetes.ts';
import { NETWORK_POLICIES } from '../../../src/core/restore/sandbox/pod-sandbox.ts';
import type { Subject } from '../../../src/core/restore/sandbox/sandbox.ts';
import type { Kind } from '../../cluster/kube.ts';
import { PODS } from '../../cluster/pod-life.ts';
import { RegistryServer } from '../../registry/registry-server.ts';
import { connect, startCluster } from '../cluster/support.ts';
import { archiveOf } from '../support/fixtures.ts';
import { CutTransport, REQUEST_CUTS, type RequestCut } from './cut-transport.ts';
import { inFolder, withCheckpoint } from './support.ts';

const POLICIES: Kind = { ...NETWORK_POLICIES, kind: 'NetworkPolicy', namespaced: true };
const NAMESPACES: Kind = { ...NAMESPACE, kind: 'Namespace', namespaced: false };
const NAME = 'sandbox';

const cluster = await startCluster({ kinds: [POLICIES] });
const opened = await connect(cluster);
const registry = await new RegistryServer().start();
after(() => registry.stop());

describe('a restore in a cluster', () => {
  interface Scene {
    readonly transport: CutTransport;
    readonly journal: SandboxJournal;
    readonly sandbox: KubernetesSandbox;
    readonly subject: Subject;
  }

  const scene = <T>(use: (scene: Scene) => Promise<T>): Promise<T> =>
    inFolder((folder, spill) =>
      withCheckpoint(archiveOf('crio-tty'), spill, async (checkpoint) => {
        const subject = { locator: 'x', facts: await readCheckpointFacts(checkpoint), checkpoint };
        const transport = new CutTransport(opened.api.transport);
        const journal = new SandboxJournal(folder);
        const sandbox = new KubernetesSandbox({
          cluster: { ...opened, api: new Api(transport) },
          journal,
          image: parseReference(`docker://${registry.host}/sandbox/app:1`),
          registry: { environment: { HOME: folder } },
          measure: (_subject, given) => measureImage(checkpoint, { ...given, spill }),
          namespace: NAME,
          createNamespace: true,
        });
        return use({ transport, journal, sandbox, subject });
      }),
    );

  const everything = (): readonly string[] =>
    [
      ...cluster.store.list(PODS, NAME),
      ...cluster.store.list(POLICIES, NAME),
      ...[cluster.store.find(NAMESPACES, undefined, NAME)].filter((one) => one !== undefined),
    ]
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`);

  const nothing = async (what: string): Promise<void> => {
    for (let look = 0; look < 100 && everything().length > 0; look++) await new Promise((go) => setTimeout(go, 20));
    assert.deepEqual(everything(), [], what);
  };

  for (const kind of REQUEST_CUTS) {
    test(`that is cut at each of its requests: ${kind}`, async () => {
      let steps = 0;
      while (await cut(kind, steps)) steps++;
      assert.ok(steps > 4, String(steps));
    });
  }

  /** @returns whether there was a request to be cut */
  const cut = (kind: (typeof REQUEST_CUTS)[number], step: number): Promise<boolean> =>
    scene(async ({ transport, journal, sandbox, subject }) => {
      const plan = sandbox.plan(subject, await sandbox.detect(subject), {});
      const stop = new AbortController();
      transport.cut(kind, step, stop);
      const record = await sandbox.run(plan, subject, { signal: stop.signal }).catch(() => undefined);
      const happened = await transport.recover();
      assert.ok(happened || record !== undefined);
      const records = await journal.list();
      if (everything().length > 0 && records.length === 0) await nothing(`after request ${String(step)}`);
      for (const one of records) await sandbox.remove(one);
      assert.deepEqual(await journal.list(), []);
      await nothing(`after request ${String(step)}`);
      return happened;
    });

  for (const kind of REQUEST_CUTS) {
    test(`whose removal is cut at each of its requests: ${kind}`, async () => {
      let steps = 0;
      while (await cutRemoval(kind, steps)) steps++;
      assert.ok(steps > 3, String(steps));
    });
  }

  /** @returns whether there was a request to be cut */
  const cutRemoval = (kind: RequestCut, step: number): Promise<boolean> =>
    scene(async ({ transport, journal, sandbox, subject }) => {
      const record = await sandbox.run(sandbox.plan(subject, await sandbox.detect(subject), {}), subject);
      assert.equal(everything().length, 3);
      const stop = new AbortController();
      transport.cut(kind, step, stop);
      const failed = await sandbox.remove(record, stop.signal).then(
        () => false,
        () => true,
      );
      const happened = await transport.recover();
      if (failed) {
        assert.deepEqual(await journal.list(), [record]);
        await sandbox.remove(record);
      }
      assert.deepEqual(await journal.list(), []);
      await nothing(`after request ${String(step)} of the removal`);
      return happened;
    });

  test('does not remove a namespace that somebody else made meanwhile', () =>
    scene(async ({ transport, journal, sandbox, subject }) => {
      const plan = sandbox.plan(subject, await sandbox.detect(subject), {});
      const work = sandbox.run(plan, subject, {
        onProgress: ({ template }) => {
          if (template !== 'Restoring') return;
          cluster.store.create(NAMESPACES, undefined, {
            apiVersion: 'v1',
            kind: 'Namespace',
            metadata: { name: NAME },
          });
        },
      });
      await assert.rejects(work);
      assert.deepEqual(everything(), [`Namespace ${NAME}`]);
      assert.deepEqual(await journal.list(), []);
      transport.close();
    }));
});
