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
import { Cuts } from './cut-sandbox.ts';
import { CutTransport, REQUEST_CUTS } from './cut-transport.ts';
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

  const cuts = new Cuts(
    (use) => scene(async (one) => use({ ...one, target: await one.sandbox.detect(one.subject) })),
    everything,
  );

  for (const kind of REQUEST_CUTS) {
    test(`that is cut at each of its requests: ${kind}`, async () => {
      let steps = 0;
      while (await cuts.restore(kind, steps)) steps++;
      assert.ok(steps > 4, String(steps));
    });
  }

  for (const kind of REQUEST_CUTS) {
    test(`whose removal is cut at each of its requests: ${kind}`, async () => {
      let steps = 0;
      while (await cuts.removal(kind, steps, 3)) steps++;
      assert.ok(steps > 3, String(steps));
    });
  }

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
