import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeNode } from '../../../src/core/cluster/inventory/nodes.ts';
import { checkRestore } from '../../../src/core/restore/compatibility/check.ts';
import { factsOfNode } from '../../../src/core/restore/sandbox/kubernetes.ts';
import { readCheckpointFacts, type CheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { blockersOf, type Finding } from '../../../src/core/restore/compatibility/finding.ts';
import type { RestoreChoices, TargetFacts } from '../../../src/core/restore/compatibility/target-facts.ts';
import { openPaths } from '../../../src/core/restore/compatibility/open-paths.ts';
import { compareVersions, parseVersion } from '../../../src/core/restore/compatibility/version.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { archiveOf, archives, expectedText } from '../support/fixtures.ts';
import { facts, inFolder, NO_DEMANDS, withCheckpoint } from './support.ts';

const PODMAN: TargetFacts = {
  kind: 'podman',
  engine: 'podman',
  engineVersion: '5.8.6',
  runtime: 'runc',
  criuVersion: '4.2.1',
  architecture: 'amd64',
  memory: 1024 ** 3,
  isRoot: true,
  hasImage: true,
  lsms: [],
  takenVolumes: [],
};

function verdict(id: string, findings: readonly Finding[]): string | undefined {
  return findings.find((finding) => finding.id === id)?.verdict;
}

function check(checkpoint: CheckpointFacts, target: TargetFacts, choices: RestoreChoices = {}) {
  const findings = checkRestore(checkpoint, target, choices);
  assert.equal(new Set(findings.map(({ id }) => id)).size, findings.length, 'each is named once');
  return { findings, blockers: blockersOf(findings).map(({ id }) => id) };
}

test('nothing stands in the way of what fits', () => {
  assert.deepEqual(check(facts('podman'), PODMAN).blockers, []);
});

describe('engines', () => {
  test('read only what they wrote themselves', () => {
    const engines = ['podman', 'cri-o', 'containerd'] as const;
    for (const made of [...engines, 'docker', 'criu'] as const) {
      for (const engine of engines) {
        const target: TargetFacts = {
          kind: engine === 'podman' ? 'podman' : 'kubernetes',
          engine,
          engineVersion: '2.3.3',
        };
        assert.equal(verdict('engine', check(facts(made), target).findings), made === engine ? 'ok' : 'blocker');
      }
    }
  });

  for (const [version, expected, turnedOn] of [
    ['1.7.20', 'blocker', undefined],
    ['2.0.9', 'blocker', undefined],
    ['2.1.0', 'ok', undefined],
    ['2.2.6', 'ok', undefined],
    ['2.2.7', 'warning', undefined],
    ['2.2.7', 'ok', true],
    ['2.2.7', 'blocker', false],
    ['2.3.3', 'ok', undefined],
    ['2.3.4', 'warning', undefined],
    ['2.4.0-beta.0', 'blocker', undefined],
    ['2.4.0-beta.0', 'blocker', true],
    ['unknown', 'warning', undefined],
  ] as const) {
    test(`containerd ${version}${turnedOn === undefined ? '' : `, turned ${turnedOn ? 'on' : 'off'}`}: ${expected}`, () => {
      const target: TargetFacts = {
        kind: 'kubernetes',
        engine: 'containerd',
        engineVersion: version,
        ...(turnedOn !== undefined && { restoreViaCreate: turnedOn }),
      };
      assert.equal(verdict('restores', check(facts('containerd'), target).findings), expected);
    });
  }

  for (const [version, isDangerous] of [
    ['2.1.8', true],
    ['2.1.9', false],
    ['2.2.4', true],
    ['2.2.5', false],
    ['2.3.1', true],
    ['2.3.2', false],
  ] as const) {
    test(`containerd ${version} ${isDangerous ? 'can be taken over by an archive' : 'has the fixes'}`, () => {
      const { findings } = check(facts('containerd'), {
        kind: 'kubernetes',
        engine: 'containerd',
        engineVersion: version,
      });
      const finding = findings.find(({ id }) => id === 'cve');
      assert.equal(finding?.verdict, isDangerous ? 'blocker' : 'ok');
      if (isDangerous)
        assert.match(say(finding.reason), /CVE-2026-53489.*CVE-2026-53492.*CVE-2026-50195.*CVE-2026-53488/s);
      assert.deepEqual(
        blockersOf(findings, new Set(['cve'])).map(({ id }) => id),
        [],
      );
    });
  }

  test('CRI-O says in its configuration whether it restores', () => {
    const target: TargetFacts = { kind: 'crio', engine: 'cri-o', engineVersion: '1.37.0' };
    assert.equal(verdict('restores', check(facts('cri-o'), target).findings), 'ok');
    for (const more of [{ containerLevel: 'none' }, { containerLevel: 'checkpoint_only' }] as const) {
      assert.deepEqual(check(facts('cri-o'), { ...target, ...more }).blockers, ['restores']);
    }
  });
});

test('a node has memory for all of its pods, as it says in quantities', () => {
  const verdictOf = (quantity: string | undefined): string | undefined => {
    const status = { nodeInfo: { containerRuntimeVersion: 'cri-o://1.37.0' }, allocatable: { memory: quantity } };
    const node = describeNode({ metadata: { name: 'n' }, status } as Parameters<typeof describeNode>[0]);
    return verdict('memory', check(facts('cri-o', { memory: 2 ** 30 }), factsOfNode(node)).findings);
  };
  for (const enough of ['2097152Ki', '2Gi', '2048Mi', '2000000000', '2G'])
    assert.equal(verdictOf(enough), 'ok', enough);
  for (const little of ['1Gi', '1048576Ki', '100M', '0']) assert.equal(verdictOf(little), 'blocker', little);
  for (const unclear of [undefined, '', 'lots', '1.5', '-1Gi', '2Xi']) assert.equal(verdictOf(unclear), undefined);
});

test('CRI-O may have a policy about signatures, with which it restores no image', () => {
  const crio: TargetFacts = { kind: 'kubernetes', engine: 'cri-o', engineVersion: '1.37.0' };
  assert.equal(verdict('signatures', check(facts('cri-o'), crio).findings), 'warning');
  for (const other of [{ kind: 'crio' }, { engine: 'containerd', engineVersion: '2.1.9' }] as const) {
    assert.equal(verdict('signatures', check(facts('cri-o'), { ...crio, ...other }).findings), undefined);
  }
});

describe('what does not fit is a blocker', () => {
  const tcp = { connections: ['10.0.0.1:80 ↔ 10.0.0.2:4711'] };
  const mount = { destination: '/data', kind: 'bind', isFile: false, isReadOnly: false, hasContents: false } as const;
  for (const [what, id, checkpoint, target] of [
    ['another architecture', 'architecture', {}, { architecture: 'arm64' }],
    ['another runtime', 'runtime', {}, { runtime: 'crun' }],
    ['not being root', 'restores', {}, { isRoot: false }],
    ['a CRIU that is too old', 'criu', {}, { criuVersion: '3.10' }],
    ['compressed memory', 'criu', { compressedPages: true, criuVersion: '4.0' }, { criuVersion: '4.1' }],
    ['features that the processor lacks', 'cpu', { cpuFeatures: ['AVX', 'AVX-512'] }, { cpuFlags: ['avx', 'avx2'] }],
    ['too little memory', 'memory', { memory: 2 * 1024 ** 3 }, {}],
    ['a security module that is not there', 'lsm', { lsm: 'apparmor' }, {}],
    ['memory in another dump', 'complete', { hasParent: true }, {}],
    ['damage', 'complete', { isDamaged: true }, {}],
    ['an unknown image', 'image', { image: {} }, {}],
    ['connections', 'tcp', tcp, {}],
    [
      'a volume that is there',
      'mount:/data',
      { mounts: [{ ...mount, kind: 'volume', volume: 'v', openFiles: [] }] },
      { takenVolumes: ['v'] },
    ],
    ['a pod of Podman', 'pod', { isInPodmanPod: true }, {}],
    ['programs on the host', 'hooks', { demands: { ...NO_DEMANDS, hooks: ['/bin/sh -c id'] } }, {}],
    ['paths of the host', 'host-paths', { demands: { ...NO_DEMANDS, hostPaths: ['/'] } }, {}],
    ['devices', 'devices', { demands: { ...NO_DEMANDS, devices: ['/dev/sda'] } }, {}],
    ['privileges', 'privileged', { demands: { ...NO_DEMANDS, isPrivileged: true } }, {}],
    [
      'annotations that are acted upon',
      'annotations',
      { demands: { ...NO_DEMANDS, annotations: ['run.oci.hooks'] } },
      {},
    ],
    ['what else Podman takes of the host', 'of-podman', { demands: { ...NO_DEMANDS, ofPodman: ['rootfs=/'] } }, {}],
    ['capabilities', 'capabilities', { demands: { ...NO_DEMANDS, capabilities: ['CAP_SYS_ADMIN'] } }, {}],
    ['what engines may read differently', 'form', { doubts: ['spec.dump: Hooks'] }, {}],
    ['paths that stay open', 'open-paths', { demands: { ...NO_DEMANDS, openPaths: ['/proc/kcore'] } }, {}],
    ['namespaces of the host', 'host-namespaces', { demands: { ...NO_DEMANDS, hostNamespaces: ['pid'] } }, {}],
  ] as const) {
    test(what, () => {
      const { blockers, findings } = check(facts('podman', checkpoint), {
        ...PODMAN,
        ...target,
      });
      assert.deepEqual(blockers, [id]);
      assert.ok(findings.every(({ reason }) => !/\{\d\}/.test(say(reason))));
    });
  }

  test('but for files on a volume that a sandbox makes empty', () => {
    const onVolume = { mounts: [{ ...mount, openFiles: ['/data/pipe.log'] }] };
    const target: TargetFacts = { kind: 'kubernetes', engine: 'cri-o', engineVersion: '1.37.0' };
    const { blockers, findings } = check(facts('cri-o', onVolume), target);
    assert.deepEqual(blockers, ['mount:/data']);
    assert.deepEqual(blockersOf(findings, new Set(['mount:/data'])), []);
  });

  test('unless what becomes of connections was chosen', () => {
    for (const choice of ['close', 'established'] as const) {
      assert.deepEqual(check(facts('podman', tcp), PODMAN, { tcp: choice }).blockers, []);
    }
  });

  test('and what an older Podman has no option for', () => {
    const blockers = (engineVersion: string, choice: 'close' | 'established'): readonly string[] =>
      check(facts('podman', { ...tcp, hasFileLocks: true }), { ...PODMAN, engineVersion }, { tcp: choice }).blockers;
    assert.deepEqual(blockers('3.4.4', 'close'), ['tcp', 'file-locks']);
    assert.deepEqual(blockers('5.6.2', 'close'), ['tcp']);
    assert.deepEqual(blockers('5.6.2', 'established'), []);
    assert.deepEqual(blockers('5.7.0', 'close'), []);
  });
});

describe('paths that an archive has the engine leave open', () => {
  const linux = { maskedPaths: ['/proc/kcore', '/sys/firmware'], readonlyPaths: [] };

  test('are told of the engines that follow it', () => {
    const open = openPaths('cri-o', { linux });
    assert.ok(open.includes('/proc/keys') && open.includes('/proc/sys'));
    assert.ok(!open.includes('/proc/kcore'));
    assert.deepEqual(openPaths('podman', { linux }), open);
    assert.deepEqual(openPaths('containerd', { linux }), []);
    const target: TargetFacts = { kind: 'kubernetes', engine: 'cri-o', engineVersion: '1.37.0' };
    const { blockers, findings } = check(facts('cri-o', { demands: { ...NO_DEMANDS, openPaths: open } }), target);
    assert.deepEqual(blockers, ['open-paths']);
    assert.deepEqual(blockersOf(findings, new Set(['open-paths'])), []);
  });

  test('are those of the pod where CRI-O finds no list, and all of them where Podman finds none', () => {
    assert.deepEqual(openPaths('cri-o', { linux: { maskedPaths: null } }), []);
    assert.equal(openPaths('podman', { linux: {} }).length, 14);
    assert.deepEqual(openPaths('podman', undefined), []);
    const privileged = { demands: { ...NO_DEMANDS, isPrivileged: true, openPaths: ['/proc/sys'] } };
    assert.deepEqual(check(facts('podman', privileged), PODMAN).blockers, ['privileged']);
  });
});

describe('what decides is read out of', () => {
  for (const name of archives) {
    test(name, () =>
      inFolder((_, spill) =>
        withCheckpoint(archiveOf(name), spill, async (checkpoint) => {
          const read = await readCheckpointFacts(checkpoint);
          const overview = await checkpoint.overview();
          assert.equal(read.engine, overview.engine);
          assert.equal(read.architecture, 'amd64');
          assert.match(read.runtime ?? '', /^(?:runc|crun)$/);
          assert.deepEqual(read.demands.hooks, []);
          assert.deepEqual(read.demands.devices, []);
          assert.equal(read.demands.isPrivileged, false);
          assert.deepEqual(read.demands.openPaths, []);
          assert.deepEqual(read.doubts, []);
          assert.deepEqual(read.demands.ofPodman, []);
          // They were asked for: `--cap-add MKNOD`.
          assert.deepEqual(read.demands.capabilities, name.startsWith('podman-webapp') ? ['CAP_MKNOD'] : []);
          assert.equal(read.restartPolicy, undefined);
          // What engines mount by themselves is not expected of anybody.
          assert.ok(read.mounts.every(({ destination }) => !['/etc/resolv.conf', '/dev/shm'].includes(destination)));
          for (const kind of ['podman', 'crio', 'kubernetes'] as const) {
            for (const { reason } of checkRestore(read, { kind })) assert.doesNotMatch(say(reason), /\{\d\}|undefined/);
          }
        }),
      ),
    );
  }

  for (const name of archives.filter((one) => expectedText(one, 'crit.json') !== undefined)) {
    test(`${name}: the processor’s features of which threads had state`, () =>
      inFolder((_, spill) =>
        withCheckpoint(archiveOf(name), spill, async (checkpoint) => {
          const states = [...(expectedText(name, 'crit.json') ?? '').matchAll(/"xstate_bv": ?(\d+)/g)];
          const used = states.reduce((all, [, bits = '']) => all | BigInt(bits), 0n);
          const expected = [
            ...((used & 0x4n) !== 0n ? ['AVX'] : []),
            ...((used & 0xe0n) !== 0n ? ['AVX-512'] : []),
            ...((used & 0x200n) !== 0n ? ['PKU'] : []),
          ];
          const { cpuFeatures } = await readCheckpointFacts(checkpoint);
          assert.deepEqual(cpuFeatures, states.length === 0 ? undefined : expected);
        }),
      ));
  }

  test('the richest one: connections, locks, volumes, paths of the host', () =>
    inFolder((_, spill) =>
      withCheckpoint(archiveOf('podman-webapp-host'), spill, async (checkpoint) => {
        const read = await readCheckpointFacts(checkpoint);
        assert.equal(read.connections.length, 2);
        assert.equal(read.hasFileLocks, true);
        assert.deepEqual(read.demands.hostPaths, ['/srv/bindsrc']);
        assert.deepEqual(read.demands.hostNamespaces, ['network']);
        assert.deepEqual(
          read.mounts.map(({ destination, kind, volume, hasContents }) => [destination, kind, volume, hasContents]),
          [
            ['/mnt/bind', 'bind', undefined, false],
            ['/mnt/vol', 'volume', 'appdata', true],
          ],
        );
      }),
    ));

  test('a pod of Kubernetes: what must be mounted, and what was open there', () =>
    inFolder((_, spill) =>
      withCheckpoint(archiveOf('crio-rich'), spill, async (checkpoint) => {
        const { mounts } = await readCheckpointFacts(checkpoint);
        const byPath = new Map(mounts.map((mount) => [mount.destination, mount]));
        assert.deepEqual([...byPath.keys()].sort(), ['/data', '/dev/termination-log', '/etc/hosts']);
        assert.deepEqual(byPath.get('/data')?.openFiles, ['/data/pipe.log']);
        assert.equal(byPath.get('/etc/hosts')?.isFile, true);
      }),
    ));
});

test('a processor is told to have what threads were using, and what nobody knows is said', () => {
  const verdicts = (checkpoint: Partial<CheckpointFacts>, target: Partial<TargetFacts>): unknown =>
    check(facts('podman', checkpoint), { ...PODMAN, ...target })
      .findings.filter(({ id }) => id === 'cpu')
      .map(({ verdict }) => verdict);
  assert.deepEqual(verdicts({ cpuFeatures: ['AVX-512', 'PKU'] }, { cpuFlags: ['ospke', 'avx512f'] }), ['ok']);
  assert.deepEqual(verdicts({ cpuFeatures: [] }, { cpuFlags: ['sse2'] }), ['ok']);
  assert.deepEqual(verdicts({ cpuFeatures: ['AVX'] }, {}), ['warning']);
  assert.deepEqual(verdicts({}, { cpuFlags: ['sse2'] }), []);
  assert.deepEqual(verdicts({ cpuFeatures: ['AVX'] }, { architecture: 'arm64', cpuFlags: ['asimd'] }), []);
});

test('what Podman starts anew by itself is told, and that it checks the health of nothing that it only restored', () => {
  const about = (checkpoint: Partial<CheckpointFacts>): unknown =>
    check(facts('podman', checkpoint), PODMAN)
      .findings.filter(({ id }) => id === 'restart' || id === 'health-check')
      .map(({ id, verdict: one }) => [id, one]);
  assert.deepEqual(about({}), []);
  assert.deepEqual(about({ hasHealthCheck: true }), [['health-check', 'ok']]);
  assert.deepEqual(about({ hasHealthCheck: true, restartPolicy: 'always' }), [['restart', 'warning']]);
});

test('versions are compared by their numbers', () => {
  assert.deepEqual(parseVersion('40201'), [4, 2, 1]);
  assert.deepEqual(parseVersion('v1.36.2'), [1, 36, 2]);
  assert.deepEqual(parseVersion('2.1.9+unknown'), [2, 1, 9]);
  assert.equal(parseVersion('latest'), undefined);
  assert.ok(compareVersions([2, 10, 0], [2, 9, 9]) > 0);
});
