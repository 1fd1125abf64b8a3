/** A restore in a cluster that is cut at any of its requests leaves nothing that is not written down and can be removed. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Api } from '../../../src/core/cluster/api/api.ts';
import { NAMESPACES as NAMESPACE } from '../../../src/core/cluster/api/resources.ts';
import { ClusterError } from '../../../src/core/cluster/cluster-error.ts';
import type { Answer, Call, Transport } from '../../../src/core/cluster/connection/transport.ts';
import { cancelled } from '../../../src/core/bytes/cancel.ts';
import { readCheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { measureImage } from '../../../src/core/restore/image/write-image.ts';
import { parseReference } from '../../../src/core/restore/registry/reference.ts';
import { SandboxJournal } from '../../../src/core/restore/sandbox/journal.ts';
import { KubernetesSandbox } from '../../../src/core/restore/sandbox/kubernetes.ts';
import { NETWORK_POLICIES } from '../../../src/core/restore/sandbox/pod-sandbox.ts';
import type { Subject } from '../../../src/core/restore/sandbox/sandbox.ts';
import { sentence } from '../../../src/protocol/sentence.ts';
import type { Kind } from '../../cluster/kube.ts';
import { PODS } from '../../cluster/pod-life.ts';
import { RegistryServer } from '../../registry/registry-server.ts';
import { connect, startCluster } from '../cluster/support.ts';
import { archiveOf } from '../support/fixtures.ts';
import { inFolder, withCheckpoint } from './support.ts';

const POLICIES: Kind = { ...NETWORK_POLICIES, kind: 'NetworkPolicy', namespaced: true };
const NAMESPACES: Kind = { ...NAMESPACE, kind: 'Namespace', namespaced: false };
const NAME = 'sandbox';

const CUTS = [
  // The request never leaves, or its answer never comes.
  'refused',
  'answer-lost',
  'cancelled-before',
  'cancelled-after',
  // It is carried out long after everything else.
  'late',
  // From it on nothing answers any more.
  'dies',
] as const;

/** A connection of which one request goes wrong. */
class CutTransport implements Transport {
  readonly #inner: Transport;
  #cut: { readonly kind: (typeof CUTS)[number]; left: number; readonly stop: AbortController } | undefined;
  #isDead = false;
  #late: Call | undefined;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  get peer(): Transport['peer'] {
    return this.#inner.peer;
  }

  get secrets(): Transport['secrets'] {
    return this.#inner.secrets;
  }

  cut(kind: (typeof CUTS)[number], after: number, stop: AbortController): void {
    this.#cut = { kind, left: after, stop };
  }

  /** @returns whether anything went wrong */
  async recover(): Promise<boolean> {
    const happened = this.#cut === undefined;
    this.#cut = undefined;
    this.#isDead = false;
    if (this.#late) (await this.#inner.send({ ...this.#late, signal: undefined })).discard();
    this.#late = undefined;
    return happened;
  }

  async send(call: Call): Promise<Answer> {
    const unreachable = (): ClusterError => new ClusterError('unreachable', sentence('Nothing answers.'));
    if (this.#isDead) throw unreachable();
    const cut = this.#cut && this.#cut.left-- === 0 ? this.#cut : undefined;
    if (!cut) return this.#inner.send(call);
    this.#cut = undefined;
    switch (cut.kind) {
      case 'dies':
        this.#isDead = true;
        throw unreachable();
      case 'refused':
        throw unreachable();
      case 'late':
        this.#late = call;
        throw unreachable();
      case 'cancelled-before':
        cut.stop.abort();
        if (call.signal) throw cancelled();
        return this.#inner.send(call);
      case 'answer-lost':
        (await this.#inner.send(call)).discard();
        throw unreachable();
      case 'cancelled-after': {
        const answer = await this.#inner.send(call);
        cut.stop.abort();
        return answer;
      }
    }
  }

  upgrade(...words: Parameters<Transport['upgrade']>): ReturnType<Transport['upgrade']> {
    return this.#inner.upgrade(...words);
  }

  close(): void {
    this.#inner.close();
  }
}

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

  for (const kind of CUTS) {
    test(`that is cut at each of its requests: ${kind}`, async () => {
      let steps = 0;
      while (await cut(kind, steps)) steps++;
      assert.ok(steps > 4, String(steps));
    });
  }

  /** @returns whether there was a request to be cut */
  const cut = (kind: (typeof CUTS)[number], step: number): Promise<boolean> =>
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
