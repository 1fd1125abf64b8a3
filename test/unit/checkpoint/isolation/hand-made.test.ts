import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { entry, image, NO_MEMORY } from '../../criu/build-image.ts';
import { core, credentials, madeUp, pstree, siginfo } from './support.ts';

const INFINITY = 2n ** 64n - 1n;

describe('a dump from before CRIU 2.0', () => {
  const timer = { isec: 1, iusec: 500_000, vsec: 2, vusec: 250_000 };
  const off = { isec: 0, iusec: 0, vsec: 0, vusec: 0 };
  const { isolation } = madeUp({
    'pstree.img': pstree({ pid: 1, threads: [1, 7] }),
    'core-1.img': core({ thread: { creds: undefined } }),
    'creds-1.img': image('CREDS', entry('creds_entry', { ...credentials, euid: 33, cap_bnd: [1, 1 << 9] })),
    'ids-1.img': image(
      'IDS',
      entry('task_kobj_ids_entry', { vm_id: 1, files_id: 1, fs_id: 1, sighand_id: 1, pid_ns_id: 4 }),
    ),
    'rlimit-1.img': image(
      'RLIMIT',
      ...[60n, 1024n].map((cur) => entry('rlimit_entry', { cur: String(cur), max: String(INFINITY) })),
    ),
    'itimers-1.img': image('ITIMERS', ...[timer, off, off].map((fields) => entry('itimer_entry', fields))),
    'posix-timers-1.img': image(
      'POSIX_TIMERS',
      entry('posix_timer_entry', {
        it_id: 3,
        clock_id: 1,
        si_signo: 34,
        it_sigev_notify: 4,
        sival_ptr: '18446744073709551615',
        overrun: 2,
        isec: 0,
        insec: 100,
        vsec: 9,
        vnsec: 1,
        notify_thread_id: 7,
      }),
    ),
    'sigacts-1.img': image(
      'SIGACT',
      ...[0, 1, 0x1234].map((sigaction) =>
        entry('sa_entry', { sigaction, flags: 0x14000004, restorer: 0, mask: sigaction === 0x1234 ? 0x4001 : 0 }),
      ),
    ),
    'signal-s-1.img': image('SIGNAL', entry('siginfo_entry', { siginfo: siginfo(10, 0, [42, 1000]) })),
    'signal-p-1.img': image('PSIGNAL', entry('siginfo_entry', { siginfo: siginfo(35, -1, [42, 1000, 0xabcd]) })),
  });

  test('has in images of their own what later ones have in the core image', async () => {
    const facts = await isolation.process(1);
    assert.deepEqual(facts?.images, [
      'checkpoint/core-1.img',
      'checkpoint/ids-1.img',
      'checkpoint/rlimit-1.img',
      'checkpoint/itimers-1.img',
      'checkpoint/posix-timers-1.img',
      'checkpoint/sigacts-1.img',
      'checkpoint/signal-s-1.img',
      'checkpoint/creds-1.img',
      'checkpoint/signal-p-1.img',
    ]);
    assert.equal(facts.credentials?.uids.effective, 33);
    assert.deepEqual(facts.namespaces, [{ kind: 'pid', id: 4, ofHost: false }]);
    assert.deepEqual(
      facts.limits.map(({ name, soft, hard }) => [name, soft, hard]),
      [
        ['RLIMIT_CPU', 60n, undefined],
        ['RLIMIT_FSIZE', 1024n, undefined],
      ],
    );
    assert.deepEqual(facts.timers, {
      interval: [
        { kind: 'real', signal: 'SIGALRM', remaining: 2_250_000n, interval: 1_500_000n },
        { kind: 'virtual', signal: 'SIGVTALRM', remaining: 0n, interval: 0n },
        { kind: 'profiling', signal: 'SIGPROF', remaining: 0n, interval: 0n },
      ],
      posix: [
        {
          id: 3,
          clock: 'CLOCK_MONOTONIC',
          notification: 'thread-id',
          signal: 'SIGRTMIN',
          threadId: 7,
          value: INFINITY,
          overrun: 2,
          remaining: 9_000_000_001n,
          interval: 100n,
        },
      ],
    });
  });

  test('tells handlers and what waits', async () => {
    const facts = await isolation.process(1);
    assert.deepEqual(
      facts?.signals?.rows.map(({ name, disposition, pending }) => [name, disposition, pending]),
      [
        ['SIGHUP', 'default', 0],
        ['SIGINT', 'ignored', 0],
        ['SIGQUIT', 'handled', 0],
      ],
    );
    assert.deepEqual(facts.signals.rows[2]?.masked, ['SIGHUP', 'SIGTERM']);
    assert.deepEqual(facts.signals.rows[2].flags, ['SIGINFO', 'RESTART']);
    assert.deepEqual(facts.signals.pending, [
      { number: 10, name: 'SIGUSR1', code: 'SI_USER', senderPid: 42, senderUid: 1000 },
    ]);
    assert.deepEqual(facts.thread?.pending, [
      { number: 35, name: 'SIGRTMIN+1', code: 'SI_QUEUE', senderPid: 42, senderUid: 1000, value: 0xabcdn },
    ]);
  });

  test('shows a capability without a name by its number', async () => {
    const rows = (await isolation.process(1))?.capabilities?.rows ?? [];
    assert.deepEqual(
      rows.filter(({ sets }) => sets.includes('bounding')).map(({ name, beyondDefault }) => [name, beyondDefault]),
      [
        ['CAP_CHOWN', false],
        ['CAP_41', true],
      ],
    );
  });
});

test('timers that signal a thread tell which, where the number is one of the process’s', async () => {
  const clocks = [0, 4294967290, 4294967294];
  const timers = clocks.map((clock_id, it_id) => ({
    ...{ it_id, clock_id, si_signo: 10, it_sigev_notify: 4, sival_ptr: 0, overrun: 0 },
    ...{ isec: 0, insec: 0, vsec: 1, vnsec: 0, notify_thread_id: -281696400 },
  }));
  const off = { isec: 0, iusec: 0, vsec: 0, vusec: 0 };
  const of = async (threads: readonly number[]) => {
    const { isolation } = madeUp({
      'pstree.img': pstree({ pid: 1, threads }),
      'core-1.img': core({ task: { timers: { real: off, virt: off, prof: off, posix: timers } } }),
    });
    return (await isolation.process(1))?.timers?.posix.map(({ clock, threadId }) => [clock, threadId]);
  };
  assert.deepEqual(await of([1]), [
    ['CLOCK_REALTIME', 1],
    ['CLOCK_PROCESS_CPUTIME_ID', 1],
    ['CLOCK_THREAD_CPUTIME_ID', 1],
  ]);
  assert.deepEqual((await of([1, 5]))?.[0], ['CLOCK_REALTIME', undefined]);
});

test('signals that wait tell what the kernel put beside them', async () => {
  const queue = [
    siginfo(14, -2, [5, 3, 77]),
    siginfo(17, 2, [9, 0, 15]),
    siginfo(11, 1, [0xdead0000, 0x7fff]),
    siginfo(31, 1, [0x400000, 0, 257, 0xc000003e]),
    siginfo(15, 0x80, [1, 2]),
    siginfo(10, 999, []),
  ];
  const { isolation } = madeUp({
    'pstree.img': pstree({ pid: 1 }),
    'core-1.img': core({
      task: {
        sigactions: [{ sigaction: 0, flags: 0, restorer: 0, mask: 0 }],
        signals_s: { signals: queue.map((bytes) => ({ siginfo: bytes })) },
      },
    }),
  });
  assert.deepEqual((await isolation.process(1))?.signals?.pending, [
    { number: 14, name: 'SIGALRM', code: 'SI_TIMER', timerId: 5, overrun: 3, value: 77n },
    { number: 17, name: 'SIGCHLD', code: 'CLD_KILLED', senderPid: 9, senderUid: 0, status: 15 },
    { number: 11, name: 'SIGSEGV', code: 'SEGV_MAPERR', address: 0x7fff_dead_0000n },
    { number: 31, name: 'SIGSYS', code: 'SYS_SECCOMP', address: 0x400000n, systemCall: 'openat' },
    { number: 15, name: 'SIGTERM', code: 'SI_KERNEL' },
    { number: 10, name: 'SIGUSR1', code: '999' },
  ]);
});

test('settings that most processes do not have', async () => {
  const { isolation } = madeUp(
    {
      'pstree.img': pstree({ pid: 1 }),
      'inventory.img': image('INVENTORY', entry('inventory_entry', { img_version: 2, lsmtype: 1 })),
      'core-1.img': core({
        task: {
          personality: 0x0040008,
          flags: 0x40 | 0x400000 | 0x20,
          loginuid: 1000,
          oom_score_adj: -998,
          child_subreaper: true,
          stop_signo: 19,
          membarrier_registration_mask: 0x110,
        },
        thread: {
          sched_policy: 0x40000001,
          sched_prio: 50,
          sched_nice: -5,
          pdeath_sig: 15,
          sas: { ss_sp: 0x1000, ss_size: 8192, ss_flags: 0 },
          creds: {
            ...credentials,
            secbits: 0x2f,
            no_new_privs: 1,
            lsm_profile: 'system_u:system_r:container_t:s0:c1,c2',
            lsm_sockcreate: 'system_u:object_r:x_t:s0',
          },
        },
      }),
      'mm-1.img': image('MM', entry('mm_entry', { ...NO_MEMORY, dumpable: 2, thp_disabled: true })),
    },
    { process: { selinuxLabel: 'system_u:system_r:container_t:s0:c1,c2', oomScoreAdj: -500, noNewPrivileges: false } },
  );
  const facts = await isolation.process(1);
  assert.deepEqual(facts?.settings, {
    architecture: 'X86_64',
    dumpable: 'root-only',
    oomScoreAdjust: -998,
    oomScoreAsked: -500,
    loginUid: 1000,
    personality: ['PER_LINUX32', 'ADDR_NO_RANDOMIZE'],
    childSubreaper: true,
    hugePagesDisabled: true,
    flags: ['FORKNOEXEC', 'RANDOMIZE'],
    stopSignal: 'SIGSTOP',
    membarrier: ['PRIVATE_EXPEDITED', 'PRIVATE_EXPEDITED_RSEQ'],
  });
  assert.deepEqual(facts.thread?.scheduling, {
    policy: 'SCHED_FIFO',
    policyNumber: 1,
    resetOnFork: true,
    nice: -5,
    priority: 50,
  });
  assert.equal(facts.thread.parentDeathSignal, 'SIGTERM');
  assert.deepEqual(facts.thread.alternateStack, { address: 0x1000n, size: 8192n, flags: [] });
  assert.deepEqual(facts.credentials?.secureBits, [
    'NOROOT',
    'NOROOT_LOCKED',
    'NO_SETUID_FIXUP',
    'NO_SETUID_FIXUP_LOCKED',
    'KEEP_CAPS_LOCKED',
  ]);
  assert.deepEqual(facts.lsm, {
    kind: 'selinux',
    label: 'system_u:system_r:container_t:s0:c1,c2',
    socketLabel: 'system_u:object_r:x_t:s0',
    asked: 'system_u:system_r:container_t:s0:c1,c2',
  });
  assert.equal(facts.credentials.noNewPrivileges, true);
  assert.equal(facts.credentials.asked?.noNewPrivileges, false);
});

test('a thread shows in what it differs from the one that leads it', async () => {
  const { isolation } = madeUp({
    'pstree.img': pstree({ pid: 1, threads: [1, 2, 3, 4] }),
    'core-1.img': core({ thread: { cg_set: 1 } }),
    'core-2.img': core({ task: false, thread: { cg_set: 2, comm: 'other', creds: { ...credentials, fsuid: 5 } } }),
    'core-3.img': core({ task: false, thread: { cg_set: 1, creds: { ...credentials, cap_eff: [1, 0] } } }),
    'cgroup.img': image(
      'CGROUP',
      entry('cgroup_entry', {
        sets: [1, 2].map((id) => ({ id, ctls: [{ name: '', path: `/set${id}` }] })),
        controllers: [{ cnames: [''], dirs: [] }],
      }),
    ),
  });
  const threads = await isolation.threads(1);
  assert.deepEqual(
    threads.map(({ tid, differs, missing }) => [tid, differs, missing === true]),
    [
      [1, [], false],
      [2, ['credentials', 'cgroups'], false],
      [3, ['capabilities'], false],
      [4, [], true],
    ],
  );
  assert.equal(threads[1]?.credentials?.uids.fileSystem, 5);
  assert.equal(threads[1].comm, 'other');
  assert.equal(threads[1].cgroups?.[0]?.path, '/set2');
  assert.equal(threads[2]?.credentials, undefined);
  const groups = async (tid: number) => (await isolation.threadGroups(1, tid)).map(({ path }) => path);
  assert.deepEqual(await Promise.all([1, 2, 4].map(groups)), [['/set1'], ['/set2'], ['/set1']]);
});

test('namespaces say who maps whom, and what their clocks showed', async () => {
  const ids = { user_ns_id: 3, pid_ns_id: 4, time_ns_id: 6 };
  const { isolation } = madeUp({
    'pstree.img': pstree({ pid: 1 }, { pid: 2 }),
    'core-1.img': core({ ids }),
    'core-2.img': core({ ids: { ...ids, pid_ns_id: 5 } }),
    'userns-3.img': image(
      'USERNS',
      entry('userns_entry', {
        uid_map: [{ first: 0, lower_first: 100_000, count: 65_536 }],
        gid_map: [{ first: 0, lower_first: 4_294_967_295, count: 1 }],
      }),
    ),
    'pidns-5.img': image('PIDNS', entry('pidns_entry', { ext_key: 'extRootPidNS' })),
    'timens-6.img': image(
      'TIMENS',
      entry('timens_entry', { monotonic: { tv_sec: 12, tv_nsec: 5 }, boottime: { tv_sec: 13, tv_nsec: 0 } }),
    ),
  });
  const { kinds } = await isolation.sharing();
  const spaces = new Map(kinds.map(({ kind, spaces: all }) => [kind, all]));
  assert.deepEqual(spaces.get('user')?.[0]?.uidMap, [{ inside: 0, outside: 100_000, count: 65_536 }]);
  assert.deepEqual(spaces.get('user')?.[0]?.gidMap, [{ inside: 0, outside: 4_294_967_295, count: 1 }]);
  assert.deepEqual(
    spaces.get('pid')?.map(({ id, pids, external }) => [id, pids, external]),
    [
      [4, [1], undefined],
      [5, [2], 'extRootPidNS'],
    ],
  );
  assert.deepEqual(
    spaces.get('time')?.[0]?.facts.map(({ args }) => args),
    [
      ['CLOCK_MONOTONIC', '12.000000005'],
      ['CLOCK_BOOTTIME', '13.000000000'],
    ],
  );
});

test('policies of AppArmor are found in whatever namespace they lie', async () => {
  const policy = (name: string) => ({ name, blob: new Uint8Array(10) });
  const { isolation } = madeUp({
    'pstree.img': pstree({ pid: 1 }),
    'apparmor.img': image(
      'APPARMOR',
      entry('apparmor_entry', {
        namespaces: [
          { name: 'outer', policies: [policy('a')], namespaces: [{ name: 'inner', policies: [policy('b')] }] },
        ],
      }),
    ),
  });
  assert.deepEqual(await isolation.policies(), [
    { namespace: 'outer', name: 'a', size: 10 },
    { namespace: 'outer//inner', name: 'b', size: 10 },
  ]);
});

test('more namespaces of AppArmor than a call may have arguments are looked through', async () => {
  const namespaces = Array.from({ length: 200_000 }, () => ({ name: 'n' }));
  const last = { name: 'last', policies: [{ name: 'a', blob: new Uint8Array(1) }] };
  const { isolation } = madeUp({
    'pstree.img': pstree({ pid: 1 }),
    'apparmor.img': image(
      'APPARMOR',
      entry('apparmor_entry', { namespaces: [{ name: 'outer', namespaces: [last, ...namespaces] }] }),
    ),
  });
  assert.deepEqual(await isolation.policies(), [{ namespace: 'outer//last', name: 'a', size: 1 }]);
});

test('says of what older dumps keep silent about that they do', async () => {
  const told = async (fields: object) => {
    const { isolation } = madeUp({
      'pstree.img': pstree({ pid: 1 }),
      'core-1.img': core({ thread: { creds: { ...credentials, ...fields } } }),
    });
    const facts = await isolation.process(1);
    return [facts?.credentials?.noNewPrivileges, facts?.capabilities?.untold];
  };
  assert.deepEqual(await told({}), [undefined, ['ambient']]);
  assert.deepEqual(await told({ no_new_privs: 1 }), [true, ['ambient']]);
  assert.deepEqual(await told({ cap_amb: [0, 0] }), [false, []]);
  assert.deepEqual(await told({ cap_amb: [0, 0], no_new_privs: 1 }), [true, []]);
});
