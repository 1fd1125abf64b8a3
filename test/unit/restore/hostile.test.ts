/**
 * Whatever stands in an archive's descriptions of its container: nothing of it gets into a command, a manifest, a path or
 * what is written down, but the places of mounts, and those only where a finding has named them.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Cluster } from '../../../src/core/cluster/cluster.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { checkRestore } from '../../../src/core/restore/compatibility/check.ts';
import { readCheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { blockersOf, type Finding } from '../../../src/core/restore/compatibility/finding.ts';
import type { TargetKind } from '../../../src/core/restore/compatibility/target-facts.ts';
import { CrioSandbox } from '../../../src/core/restore/sandbox/crio.ts';
import { SandboxJournal } from '../../../src/core/restore/sandbox/journal.ts';
import { KubernetesSandbox } from '../../../src/core/restore/sandbox/kubernetes.ts';
import { OperatorSandbox } from '../../../src/core/restore/sandbox/operator.ts';
import { PodmanSandbox } from '../../../src/core/restore/sandbox/podman.ts';
import type { Plan, Subject } from '../../../src/core/restore/sandbox/sandbox.ts';
import { archiveOf } from '../support/fixtures.ts';
import { members, writeTar, type Member } from '../support/repack.ts';
import { ModelMachine } from './model-machine.ts';
import { inFolder, withCheckpoint } from './support.ts';

/** In everything hostile, and in nothing else. */
const MARK = '¤';
const HOSTILE = [
  `$(touch ${MARK})`,
  `\`${MARK}\``,
  `'; rm -rf ${MARK} #`,
  `../../${MARK}`,
  `/a/../../${MARK}`,
  `${MARK}\n  hostNetwork: true`,
  `"},"hostNetwork":true,"${MARK}":{"x":"`,
  `--privileged=${MARK}`,
  `{{${MARK}}}`,
  `&a *a !!binary ${MARK}`,
  `\0${MARK}`,
  `\u202e${MARK}`,
  `/\u202e${MARK}`,
  `/dev/${MARK}`,
  `/${MARK}`,
  `/data/${MARK} x`,
  `%s%n${MARK}`,
  MARK.repeat(5000),
] as const;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const hostile = fc.constantFrom(...HOSTILE);
/** How an archive's description is changed: which texts, by which others, and what it asks for beyond. */
const attack = fc.record({
  every: fc.integer({ min: 1, max: 6 }),
  from: fc.nat({ max: 5 }),
  texts: fc.array(hostile, { minLength: 1, maxLength: 6 }),
  mounts: fc.array(fc.tuple(hostile, hostile), { maxLength: 3 }),
  asks: fc.boolean(),
});
type Attack = Parameters<Parameters<typeof attack.map>[0]>[0];

const DESCRIPTIONS: ReadonlySet<string> = new Set(['spec.dump', 'config.dump', 'status.dump', 'network.status']);
const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The archive as an attacker would hand it over. */
function attacked(list: readonly Member[], one: Attack): readonly Member[] {
  let count = one.from;
  const change = (value: Json, key = ''): Json => {
    if (Array.isArray(value)) return value.map((item) => change(item));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, change(item, name)]));
    }
    // Which engine made it is told by these: an archive of none is not restored at all.
    const isKept = typeof value !== 'string' || key === 'type' || key === 'ociVersion' || value.startsWith('{');
    if (isKept || ++count % one.every !== 0) return value;
    return one.texts[count % one.texts.length] ?? value;
  };
  return list.map((member) => {
    const name = member.header.name.replace(/^\.\//, '');
    if (!DESCRIPTIONS.has(name)) return member;
    const json = change(JSON.parse(member.content.toString('utf8')) as Json) as Record<string, Json>;
    if (name === 'spec.dump') ask(json, one);
    return { header: member.header, content: Buffer.from(JSON.stringify(json)) };
  });
}

function ask(spec: Record<string, Json>, { mounts, asks }: Attack): void {
  const more = mounts.map(([destination, source]) => ({ destination, source, type: 'bind', options: ['rbind', 'rw'] }));
  spec['mounts'] = [...((spec['mounts'] ?? []) as Json[]), ...more];
  if (!asks) return;
  const keys = { 'cdi.k8s.io/x': MARK, 'run.oci.hooks.stdout': MARK, 'org.criu.config': MARK };
  const own = (spec['annotations'] ?? {}) as Record<string, Json>;
  spec['annotations'] = { ...own, ...keys, 'io.kubernetes.cri-o.Annotations': JSON.stringify(keys) };
  spec['hooks'] = { prestart: [{ path: `/bin/${MARK}`, args: [MARK] }] };
  const linux = (spec['linux'] ?? {}) as Record<string, Json>;
  spec['linux'] = { ...linux, devices: [{ path: `/dev/${MARK}`, type: 'b', major: 8, minor: 0 }], namespaces: [] };
}

/** Keys that no manifest of a sandbox has, with any value. */
const FORBIDDEN =
  /^(?:hostPath|devices|annotations|env|envs|args|capabilities|add_capabilities|nodeName|serviceAccountName|host_network|network|ipc|ports|port_mappings|sysctls|runtimeClassName|hostAliases)$/;

/** Goes through a manifest: whatever of the archive is in it must be the place of a mount. */
function lookThrough(value: unknown, key: string, places: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) lookThrough(item, key, places);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, item] of Object.entries(value)) {
      assert.ok(!name.includes(MARK) && !FORBIDDEN.test(name), name);
      lookThrough(item, name, places);
    }
  } else if (typeof value === 'boolean') {
    if (value) assert.ok(['tty', 'stdin', 'shareProcessNamespace'].includes(key), key);
  } else if (typeof value === 'string' && (key === 'mountPath' || key === 'container_path')) {
    places.add(value);
    assert.ok(value.startsWith('/') && !value.split('/').includes('..') && !/[\0-\x1f]/.test(value), value);
  } else if (key === 'pid') {
    // The container's own numbers or its pod's, never the machine's.
    assert.ok(value === 0 || value === 1, String(value));
  } else assert.ok(!String(value).includes(MARK), `${key}: ${String(value)}`);
}

function checkPlan({ steps }: Plan, findings: readonly Finding[]): void {
  const places = new Set<string>();
  for (const { command = [], manifest } of steps) {
    for (const word of command) assert.ok(!word.includes(MARK), command.join(' '));
    if (manifest === undefined) continue;
    lookThrough(JSON.parse(manifest), '', places);
    // Nothing that a reader would not see, or would see elsewhere.
    assert.doesNotMatch(manifest, /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u);
  }
  const named = new Set(findings.map(({ id }) => id));
  for (const place of places) assert.ok(named.has(`mount:${place}`), place);
}

/** What is plain about the demands of such an archive must stand in the way, until somebody agrees. */
function checkDemands(kind: TargetKind, findings: readonly Finding[]): void {
  const standing = new Set(blockersOf(findings).map(({ id }) => id));
  const expected = kind === 'podman' ? ['hooks', 'devices', 'annotations', 'host-namespaces'] : ['annotations'];
  for (const id of expected) assert.ok(standing.has(id), `${kind}: ${id}`);
}

const CLUSTER = { name: 'c', server: 's' } as unknown as Cluster;

async function checkRoute(
  route: TargetKind | 'operator',
  subject: Subject,
  one: Attack,
  engine: string,
): Promise<void> {
  const kind = route === 'operator' ? 'kubernetes' : route;
  const journal = new SandboxJournal(mkdtempSync(join(folder, 'journal-')));
  const machine = new ModelMachine();
  const sandbox =
    kind === 'podman'
      ? new PodmanSandbox({ machine, journal })
      : kind === 'crio'
        ? new CrioSandbox({ machine, journal })
        : route === 'operator'
          ? operator(journal)
          : kubernetes(journal);
  const target = kind === 'kubernetes' ? { kind } : await sandbox.detect(subject);
  const findings = checkRestore(subject.facts, target);
  if (one.asks && (kind === 'podman') === (engine === 'podman')) checkDemands(kind, findings);
  let plan: Plan;
  try {
    plan = sandbox.plan(subject, target, { tcp: 'close' });
  } catch (error) {
    assert.ok(CheckpointError.is(error, 'unsupported'), String(error));
    return;
  }
  checkPlan(plan, findings);
  if (kind !== 'kubernetes') {
    const record = await sandbox.run(plan, subject);
    assert.ok(!JSON.stringify(record).includes(MARK));
  }
  for (const command of machine.commands) assert.ok(!command.join(' ').includes(MARK), command.join(' '));
  const shown = new Set(plan.steps.map(({ manifest }) => manifest));
  for (const [path, content] of machine.contents) {
    assert.ok(!path.includes(MARK));
    assert.ok(path.endsWith('.tar') || shown.has(content), path);
  }
}

/** The same. */
function operator(journal: SandboxJournal): OperatorSandbox {
  const path = '/var/lib/kubelet/checkpoints/checkpoint-app_lab-app-2026-11-23T21:56:14Z.tar';
  return new OperatorSandbox({ cluster: CLUSTER, journal, namespace: 'lab', node: 'node-1', path });
}

/** Of which only the plan is asked for: nothing is sent. */
function kubernetes(journal: SandboxJournal): KubernetesSandbox {
  return new KubernetesSandbox({
    cluster: CLUSTER,
    journal,
    image: { host: 'registry.example', name: 'sandbox/app', tag: '1' },
    registry: {},
    measure: () => Promise.reject(new Error('Nothing is sent.')),
    namespace: 'lab',
  });
}

for (const [fixture, numRuns] of [
  ['podman-counter-none', 25],
  // Larger, with a volume and hooks.
  ['podman-webapp-host', 6],
  ['crio-rich', 25],
  ['containerd-counter', 25],
] as const) {
  describe(`an archive like ${fixture} in which hostile words stand`, () => {
    test('gets nothing of them anywhere unseen', async () => {
      const original = await members(archiveOf(fixture));
      let read = 0;
      await fc.assert(
        fc.asyncProperty(attack, async (one) => {
          const path = join(folder, `${fixture}.tar`);
          await writeTar(path, attacked(original, one));
          await inFolder((_, spill) =>
            withCheckpoint(path, spill, async (checkpoint) => {
              const facts = await readCheckpointFacts(checkpoint);
              if (JSON.stringify(facts).includes(MARK)) read++;
              const subject: Subject = { locator: path, path, facts, checkpoint };
              for (const route of ['podman', 'crio', 'kubernetes', 'operator'] as const) {
                await checkRoute(route, subject, one, facts.engine);
              }
            }),
          );
        }),
        { numRuns },
      );
      // Else it would have looked at nothing hostile at all.
      assert.ok(read > numRuns / 3, String(read));
    });
  });
}
