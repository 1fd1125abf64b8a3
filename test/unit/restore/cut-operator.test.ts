/** A restore by the operator that is cut at any of its requests leaves nothing that is not written down and can be removed. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Api } from '../../../src/core/cluster/api/api.ts';
import { readCheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { SandboxJournal } from '../../../src/core/restore/sandbox/journal.ts';
import { OperatorSandbox } from '../../../src/core/restore/sandbox/operator.ts';
import { NETWORK_POLICIES } from '../../../src/core/restore/sandbox/pod-sandbox.ts';
import { OPERATOR_KINDS } from '../../cluster/custom-kinds.ts';
import type { Kind } from '../../cluster/kube.ts';
import { PODS } from '../../cluster/pod-life.ts';
import { operate, RESTORES } from '../../cluster/restore-operator.ts';
import { connect, startCluster } from '../cluster/support.ts';
import { archiveOf } from '../support/fixtures.ts';
import { Cuts } from './cut-sandbox.ts';
import { CutTransport, REQUEST_CUTS } from './cut-transport.ts';
import { inFolder, withCheckpoint } from './support.ts';

const POLICIES: Kind = { ...NETWORK_POLICIES, kind: 'NetworkPolicy', namespaced: true };
const NAME = 'checkpoint-tty_lab-tty-2026-11-23T22:31:03Z.tar';

const cluster = await startCluster({ kinds: [...OPERATOR_KINDS, POLICIES] });
const opened = await connect(cluster);
copyFileSync(archiveOf('crio-tty'), join(cluster.node().checkpoints, NAME));
after(operate(cluster));

const cuts = new Cuts(
  (use) =>
    inFolder((folder, spill) =>
      withCheckpoint(archiveOf('crio-tty'), spill, async (checkpoint) => {
        const subject = { locator: 'node://test/node-1/x', facts: await readCheckpointFacts(checkpoint), checkpoint };
        const transport = new CutTransport(opened.api.transport);
        const journal = new SandboxJournal(folder);
        const sandbox = new OperatorSandbox({
          cluster: { ...opened, api: new Api(transport) },
          journal,
          namespace: 'lab',
          node: 'node-1',
          path: `/var/lib/kubelet/checkpoints/${NAME}`,
          patience: 10_000,
        });
        return use({ transport, journal, sandbox, subject, target: { kind: 'kubernetes' } });
      }),
    ),
  everything,
);

function everything(): readonly string[] {
  return [PODS, POLICIES, RESTORES].flatMap((kind) =>
    cluster.store
      .list(kind, 'lab')
      .filter(({ metadata }) => metadata.name.startsWith('checkpoint-') && metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => `${kind.kind} ${metadata.name}`),
  );
}

/** Cuts request after request until none is left, or so many were cut: how often it looks depends on the operator. */
async function walk(cut: (step: number) => Promise<boolean>): Promise<number> {
  for (let step = 0; step < 8; step++) if (!(await cut(step))) return step;
  return 8;
}

describe('a restore by the checkpoint-restore-operator that is cut at each of its requests', () => {
  for (const kind of REQUEST_CUTS) {
    test(kind, async () => {
      const steps = await walk((step) => cuts.restore(kind, step));
      assert.ok(steps > 2, String(steps));
    });
  }
});

describe('a removal of what the operator restored that is cut at each of its requests', () => {
  for (const kind of REQUEST_CUTS) {
    test(kind, async () => {
      const steps = await walk((step) => cuts.removal(kind, step, 3));
      assert.equal(steps, 3);
    });
  }
});
