/** Numbers, names and byte order of machines that no fixture is from. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { turnImage } from '../../criu/turn-image.ts';
import { core, madeUp, program, pstree, seccompImage, siginfo, wireable } from './support.ts';

describe('on other machines', () => {
  const limits = Array.from({ length: 10 }, (_, number) => ({ cur: number, max: number }));
  const task = {
    blk_sigset: 1n << 15n,
    blk_sigset_extended: 1n << 63n,
    rlimits: { rlimits: limits },
    sigactions: Array.from({ length: 24 }, (_, index) => ({ sigaction: index, flags: 8, restorer: 0, mask: 0 })),
  };
  const names = async (machine: number) => {
    const { isolation } = madeUp({
      'pstree.img': pstree({ pid: 1 }),
      'core-1.img': core({ machine, task: wireable(task), thread: {} }),
    });
    return isolation.process(1);
  };

  test('MIPS has numbers of its own', async () => {
    const facts = await names(6);
    assert.equal(facts?.settings?.architecture, 'MIPS');
    assert.deepEqual(facts.limits.map(({ name }) => name).slice(4), [
      'RLIMIT_CORE',
      'RLIMIT_NOFILE',
      'RLIMIT_AS',
      'RLIMIT_RSS',
      'RLIMIT_NPROC',
      'RLIMIT_MEMLOCK',
    ]);
    // 128 signals, SIGSTOP is 23.
    assert.deepEqual(facts.thread?.blocked, ['SIGUSR1', 'SIGRTMAX']);
    const rows = facts.signals?.rows ?? [];
    assert.deepEqual(
      rows.slice(-3).map(({ name, number }) => [name, number]),
      [
        ['SIGTSTP', 24],
        ['SIGCONT', 25],
        ['SIGTTIN', 26],
      ],
    );
    assert.deepEqual(rows.at(-1)?.flags, ['SIGINFO']);
  });

  test('MIPS has codes of signals and error numbers of its own, POWER an error number', async () => {
    // The code stands before the error number.
    const queued = [-2, -3, -4].map((code) => {
      const bytes = siginfo(14, 0, [5, 3, 77]);
      new DataView(bytes.buffer).setInt32(4, code, true);
      return { siginfo: bytes };
    });
    const task = { sigactions: [{ sigaction: 0, flags: 0, restorer: 0, mask: 0 }], signals_s: { signals: queued } };
    const thread = { seccomp_mode: 2, seccomp_filter: 0 };
    const answers = [89, 38, 58, 1, 1133].map((number) => [0x06, 0, 0, 0x00050000 | number] as const);
    const madeFor = (machine: number) =>
      madeUp({
        'pstree.img': pstree({ pid: 1 }),
        'core-1.img': core({ machine, task, thread }),
        'seccomp.img': seccompImage({ filter: program(...answers) }),
      }).isolation;
    const { signals } = (await madeFor(6).process(1)) ?? {};
    assert.deepEqual(
      signals?.pending.map(({ code, timerId }) => [code, timerId]),
      [
        ['SI_ASYNCIO', undefined],
        ['SI_TIMER', 5],
        ['SI_MESGQ', undefined],
      ],
    );
    const named = async (machine: number) =>
      (await madeFor(machine).seccompListing(0, 1))?.lines.map(({ text }) => text.replace(/^return /, ''));
    assert.deepEqual(await named(6), [
      'ERRNO(ENOSYS)',
      'ERRNO(EL2NSYNC)',
      'ERRNO(58)',
      'ERRNO(EPERM)',
      'ERRNO(EDQUOT)',
    ]);
    assert.deepEqual((await madeFor(6).seccompSummary(1, 1))?.otherArchitectures, ['ERRNO(ENOSYS)']);
    assert.equal((await named(4))?.[2], 'ERRNO(EDEADLOCK)');
    assert.deepEqual((await named(1))?.slice(0, 3), ['ERRNO(EDESTADDRREQ)', 'ERRNO(ENOSYS)', 'ERRNO(58)']);
  });

  test('a 32-bit process of 64-bit x86 makes the calls of 32-bit x86', async () => {
    const zeros = (names: string) => Object.fromEntries(names.split(' ').map((name) => [name, 0]));
    const gpregs = zeros(
      'r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss fs_base gs_base ds es fs gs',
    );
    const thread_info = {
      clear_tid_addr: 0,
      gpregs: { ...gpregs, mode: 'COMPAT' },
      fpregs: zeros('cwd swd twd fop rip rdp mxcsr mxcsr_mask'),
    };
    // Number 102, and nothing about architectures.
    const filter = program([0x20, 0, 0, 0], [0x15, 0, 1, 102], [0x06, 0, 0, 0x50001], [0x06, 0, 0, 0x7fff0000]);
    const { isolation } = madeUp({
      'pstree.img': pstree({ pid: 1 }),
      'core-1.img': core({ thread: { seccomp_mode: 2, seccomp_filter: 0 }, more: { thread_info } }),
      'seccomp.img': seccompImage({ filter }),
    });
    const listing = await isolation.seccompListing(0, 1);
    assert.equal(listing?.lines[1]?.text, 'if (A != socketcall) goto 0003');
    const summary = await isolation.seccompSummary(1, 1);
    assert.deepEqual(
      summary?.verdicts.map(({ architecture, groups }) => [architecture, groups.at(-1)?.calls]),
      [['I386', ['socketcall']]],
    );
  });

  test('64-bit ARM has those of x86', async () => {
    const facts = await names(3);
    assert.deepEqual(facts?.limits.map(({ name }) => name).slice(5), [
      'RLIMIT_RSS',
      'RLIMIT_NPROC',
      'RLIMIT_NOFILE',
      'RLIMIT_MEMLOCK',
      'RLIMIT_AS',
    ]);
    assert.deepEqual(facts.thread?.blocked, ['SIGSTKFLT']);
    assert.equal(facts.signals?.rows.at(-1)?.name, 'SIGVTALRM');
  });

  test('IBM Z writes its numbers with the highest byte first', async () => {
    const turned = (bytes: Uint8Array, ...words: readonly number[]): Uint8Array => {
      for (const at of words) bytes.subarray(at, at + 4).reverse();
      return bytes;
    };
    const queued = turned(siginfo(11, 1, [0x7fff, 0xdead0000]), 0, 8, 16, 20);
    const filter = program([0x20, 0, 0, 16], [0x20, 0, 0, 20], [0x06, 0, 0, 0x7fff0000]);
    for (let at = 0; at < filter.length; at += 8) {
      filter.subarray(at, at + 2).reverse();
      turned(filter, at + 4);
    }
    const seccomp = { seccomp_mode: 2, seccomp_filter: 0 };
    const images: Record<string, Uint8Array> = {
      'pstree.img': pstree({ pid: 1 }),
      'core-1.img': core({
        machine: 5,
        task: {
          sigactions: [{ sigaction: 0, flags: 0, restorer: 0, mask: 0 }],
          signals_s: { signals: [{ siginfo: queued }] },
        },
        thread: seccomp,
      }),
      'seccomp.img': seccompImage({ filter }),
    };
    for (const [name, content] of Object.entries(images)) images[name] = await turnImage(content, name);
    const { isolation } = madeUp(images);
    assert.deepEqual((await isolation.process(1))?.signals?.pending, [
      { number: 11, name: 'SIGSEGV', code: 'SEGV_MAPERR', address: 0x7fff_dead_0000n },
    ]);
    const listing = await isolation.seccompListing(0, 1);
    assert.deepEqual(
      listing?.lines.map(({ text }) => text),
      ['A = args[0].high', 'A = args[0].low', 'return ALLOW'],
    );
    assert.ok(await isolation.seccompSummary(1, 1));
  });

  test('a machine without a name keeps its number', async () => {
    const altered = core();
    // Behind the image's head and the entry's length stands the first field: its tag, and the machine.
    assert.deepEqual([...altered.subarray(12, 14)], [8, 1]);
    altered[13] = 77;
    const { isolation } = madeUp({ 'pstree.img': pstree({ pid: 1 }), 'core-1.img': altered });
    assert.equal((await isolation.process(1))?.settings?.architecture, 'MACHINE_77');
  });
});
