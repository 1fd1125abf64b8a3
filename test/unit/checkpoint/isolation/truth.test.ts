import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CapabilitySet, IsolationFacts } from '../../../../src/protocol/isolation.ts';
import { archives, truthOf, type LiveProcess } from '../../support/fixtures.ts';
import { withFixture } from './support.ts';

/** /proc/PID of the processes of a fixture that were there a moment before the dump. */
function liveOf(name: string): readonly LiveProcess[] {
  const live: unknown = truthOf(name).liveBeforeDump;
  return Array.isArray(live) ? (live as readonly LiveProcess[]) : [];
}

/** The bits of a mask in /proc/PID/status, from 0 on. */
function bits(mask: string): readonly number[] {
  const value = BigInt(`0x${mask}`);
  return Array.from({ length: 64 }, (_, bit) => bit).filter((bit) => ((value >> BigInt(bit)) & 1n) === 1n);
}

function capabilities(facts: IsolationFacts, set: CapabilitySet): readonly number[] {
  return (facts.capabilities?.rows ?? []).filter(({ sets }) => sets.includes(set)).map(({ number }) => number);
}

function signals(facts: IsolationFacts, is: (row: NonNullable<IsolationFacts['signals']>['rows'][number]) => boolean) {
  return (facts.signals?.rows ?? []).filter(is).map(({ number }) => number - 1);
}

for (const name of archives.filter((archive) => liveOf(archive).length > 0)) {
  test(`${name}: what each process may do is what /proc said before the dump`, () =>
    withFixture(name, async (checkpoint) => {
      let compared = 0;
      for (const live of liveOf(name)) {
        const facts = await checkpoint.isolation.process(live.pid);
        // Of a process that ended before the dump nothing is there; a pid may have been taken again.
        if (facts?.comm !== live.comm) continue;
        compared++;
        const { uids, gids } = facts.credentials ?? {};
        assert.equal([uids?.real, uids?.effective, uids?.saved, uids?.fileSystem].join('\t'), live.uid);
        assert.equal([gids?.real, gids?.effective, gids?.saved, gids?.fileSystem].join('\t'), live.gid);
        assert.deepEqual(facts.credentials?.groups, live.groups.split(' ').filter(Boolean).map(Number));
        assert.equal(facts.credentials.noNewPrivileges, live.nnp === '1');
        assert.equal(facts.seccomp?.mode, ['disabled', 'strict', 'filter'][Number(live.seccomp)]);
        const sets = [
          ['inheritable', 'CapInh'],
          ['permitted', 'CapPrm'],
          ['effective', 'CapEff'],
          ['bounding', 'CapBnd'],
          ['ambient', 'CapAmb'],
        ] as const;
        for (const [set, line] of sets) assert.deepEqual(capabilities(facts, set), bits(live.caps[line] ?? ''), set);
        assert.deepEqual(
          signals(facts, ({ disposition }) => disposition === 'ignored'),
          bits(live.sig['SigIgn'] ?? ''),
          'ignored',
        );
        assert.deepEqual(
          signals(facts, ({ disposition }) => disposition === 'handled'),
          bits(live.sig['SigCgt'] ?? ''),
          'caught',
        );
        assert.equal(facts.settings?.umask, Number.parseInt(live.umask, 8));
        assert.equal(String(facts.settings.oomScoreAdjust), live.oom_score_adj);
        assert.deepEqual(
          facts.cgroups.map(({ hierarchy, controllers, path }) => `${hierarchy}:${controllers}:${path}`),
          live.cgroup,
        );
      }
      assert.ok(compared > 0, 'no process of the snapshot is in the dump');
    }));
}

test('a capability that was added stands out from what Podman gives', () =>
  withFixture('podman-webapp-host', async (checkpoint) => {
    const { capabilities: table } = (await checkpoint.isolation.process(1)) ?? {};
    assert.equal(table?.defaults, 'podman');
    assert.deepEqual(
      table.rows.filter(({ beyondDefault }) => beyondDefault),
      [
        {
          name: 'CAP_MKNOD',
          number: 27,
          sets: ['effective', 'permitted', 'bounding'],
          byDefault: false,
          asked: ['effective', 'permitted', 'bounding'],
          beyondDefault: true,
        },
      ],
    );
    assert.equal(table.rows.length, 41);
  }));

for (const name of ['podman-redis', 'crio-rich', 'containerd-redis']) {
  test(`${name}: has exactly what its engine gives by default`, () =>
    withFixture(name, async (checkpoint) => {
      const rows = (await checkpoint.isolation.process(1))?.capabilities?.rows ?? [];
      assert.deepEqual(
        rows.filter(({ byDefault }) => byDefault).map(({ name: capability }) => capability),
        rows.filter(({ sets }) => sets.includes('effective')).map(({ name: capability }) => capability),
      );
      assert.deepEqual(
        rows.filter(({ beyondDefault }) => beyondDefault),
        [],
      );
    }));
}

test('limits, handlers and timers of a server', () =>
  withFixture('podman-webapp-host', async (checkpoint) => {
    const facts = await checkpoint.isolation.process(1);
    assert.deepEqual(
      facts?.limits.find(({ name }) => name === 'RLIMIT_NOFILE'),
      {
        name: 'RLIMIT_NOFILE',
        label: 'Max open files',
        unit: 'files',
        soft: 4096n,
        hard: 8192n,
        asked: { soft: 4096n, hard: 8192n },
      },
    );
    assert.deepEqual(
      facts.limits.find(({ name }) => name === 'RLIMIT_CPU'),
      { name: 'RLIMIT_CPU', label: 'Max cpu time', unit: 'seconds' },
    );
    const hangup = facts.signals?.rows.find(({ name }) => name === 'SIGHUP');
    assert.equal(hangup?.handler?.mapping, '/usr/bin/python3.14');
    assert.deepEqual(hangup.flags, ['ONSTACK']);
    // The workload set 5000 s and no interval, a little before the dump.
    const [real, virtual] = facts.timers?.interval ?? [];
    assert.deepEqual(real, { kind: 'real', signal: 'SIGALRM', remaining: 4_998_761_992n, interval: 0n });
    assert.equal(virtual?.remaining, 0n);
    assert.deepEqual(facts.thread?.scheduling, { policy: 'SCHED_OTHER', policyNumber: 0, resetOnFork: false, nice: 0 });
    assert.deepEqual(facts.settings?.flags, ['SUPERPRIV', 'RANDOMIZE']);
    assert.equal(facts.settings.dumpable, 'yes');
    assert.equal(facts.settings.loginUid, undefined);
  }));

describe('control groups', () => {
  test('with the limits of version 1 in words', () =>
    withFixture('crio-rich', async (checkpoint) => {
      const { cgroups = [] } = (await checkpoint.isolation.process(1)) ?? {};
      const words = Object.fromEntries(
        cgroups.flatMap(({ properties }) =>
          properties.flatMap(({ name, words: text }) =>
            text ? [[name, [text.template, ...text.args].join(' | ')]] : [],
          ),
        ),
      );
      assert.equal(words['memory.limit_in_bytes'], 'at most {0} | 128.0 MiB');
      assert.equal(words['memory.soft_limit_in_bytes'], 'no limit');
      assert.equal(words['cpu.cfs_quota_us'], '{0} processors at most | 0.5');
      assert.equal(words['pids.max'], 'no limit');
      assert.equal(words['devices.list'], 'only the devices listed');
      const memory = cgroups.find(({ controllers }) => controllers === 'memory');
      assert.match(memory?.path ?? '', /^\/kubepods\/burstable\/pod8e902947/);
      assert.equal(memory?.pathInside, undefined);
    }));

  test('with what the OCI spec asked for, under the names of version 2', () =>
    withFixture('crio-rich', async (checkpoint) => {
      const { resources = [] } = (await checkpoint.isolation.process(1)) ?? {};
      const values = Object.fromEntries(resources.map(({ name, value }) => [name, value]));
      assert.deepEqual(
        [values['memory.max'], values['memory.swap.max'], values['cpu.max'], values['cpu.shares'], values['pids.max']],
        ['134217728', '0', '50000 100000', '51', 'max'],
      );
    }));

  test('as the container sees its own', () =>
    withFixture('containerd-webapp', async (checkpoint) => {
      const unified = (await checkpoint.isolation.process(1))?.cgroups.find(({ version }) => version === 2);
      assert.match(unified?.path ?? '', /^\/kubepods\/besteffort\/pod/);
      assert.equal(unified?.pathInside, '/');
    }));
});

describe('namespaces', () => {
  test('of a container on the network of its host', () =>
    withFixture('podman-webapp-host', async (checkpoint) => {
      const { namespaces = [] } = (await checkpoint.isolation.process(1)) ?? {};
      assert.deepEqual(
        namespaces.filter(({ ofHost }) => ofHost).map(({ kind }) => kind),
        ['user', 'net', 'time'],
      );
      const { kinds } = await checkpoint.isolation.sharing();
      assert.deepEqual(
        kinds.find(({ kind }) => kind === 'pid')?.spaces.map(({ id, pids }) => ({ id, pids })),
        [{ id: 9, pids: [1, 2, 4, 13, 3, 5, 14] }],
      );
      assert.deepEqual(kinds.find(({ kind }) => kind === 'uts')?.spaces[0]?.facts[0]?.args, ['web-1', '(none)']);
      const memory = kinds.find(({ kind }) => kind === 'memory')?.spaces ?? [];
      assert.equal(memory.length, 7);
    }));

  test('of a pod, whose network the engine keeps', () =>
    withFixture('containerd-webapp', async (checkpoint) => {
      const { kinds } = await checkpoint.isolation.sharing();
      const [network] = kinds.find(({ kind }) => kind === 'net')?.spaces ?? [];
      assert.equal(network?.external, 'extRootNetNS');
      assert.equal(network.ofHost, false);
    }));
});

test('every image that is named as a source is there', () =>
  withFixture('podman-webapp-host', async (checkpoint) => {
    const entries = new Set((await checkpoint.files.list('/archive/checkpoint')).map((entry) => entry.name));
    for (const { pid } of await checkpoint.processes()) {
      const facts = await checkpoint.isolation.process(pid);
      for (const image of facts?.images ?? []) assert.ok(entries.has(image.replace('checkpoint/', '')), image);
    }
  }));
