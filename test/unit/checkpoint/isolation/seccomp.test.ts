import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readAll } from '../../../../src/core/bytes/read.ts';
import type { Checkpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import { errnoName } from '../../../../src/core/checkpoint/isolation/bpf/actions.ts';
import type { SeccompSummary } from '../../../../src/protocol/seccomp.ts';
import { say } from '../../../../src/protocol/sentence.ts';
import { image, entry } from '../../criu/build-image.ts';
import { concat, core, madeUp, program, pstree, seccompImage, withFixture, type Filter } from './support.ts';

const LOAD_NUMBER = [0x20, 0, 0, 0] as const;
const LOAD_ARCHITECTURE = [0x20, 0, 0, 4] as const;
const X86_64 = 0xc000003e;
const ALLOW = [0x06, 0, 0, 0x7fff0000] as const;
const EPERM = [0x06, 0, 0, 0x00050001] as const;
const KILL = [0x06, 0, 0, 0x80000000] as const;

interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly unknown[];
}

interface Profile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly syscalls: readonly Rule[];
}

for (const name of ['podman-webapp-host', 'podman-criu411-counter', 'podman-redis']) {
  test(`${name}: each call gets the answer that the profile asked for`, () =>
    withFixture(name, async (checkpoint) => {
      const profile = await profileOf(checkpoint);
      const summary = await checkpoint.isolation.seccompSummary(1, 1);
      assert.ok(summary?.complete);
      assert.deepEqual(
        summary.verdicts.map(({ architecture }) => architecture),
        ['X86_64', 'X32', 'I386'],
      );
      assert.deepEqual(summary.otherArchitectures, ['KILL_THREAD']);
      for (const { architecture, groups, otherCalls } of summary.verdicts) {
        assert.deepEqual(otherCalls, ['ERRNO(ENOSYS)']);
        assert.ok(groups.flatMap(({ calls }) => calls).length > 370);
        for (const { actions, calls } of groups) {
          for (const call of calls) {
            const wanted = wantedFor(call, profile);
            const place = `${architecture} ${call}: ${actions.join(' or ')}, not ${wanted.join(' or ')}`;
            assert.ok(
              actions.every((action) => wanted.includes(action)),
              place,
            );
          }
        }
      }
    }));
}

test('reads a large image once, and sees that all its filters are the same', () =>
  withFixture('podman-manyprocs', async (checkpoint) => {
    const first = await checkpoint.isolation.process(1);
    const last = await checkpoint.isolation.process(301);
    assert.deepEqual(first?.seccomp?.filters, [{ index: 0, instructions: 1161, flags: ['TSYNC'], offset: 15 }]);
    assert.equal(last?.seccomp?.filters.length, 1);
    assert.equal(last.seccomp.filters[0]?.sameAs, 0);
    const listing = await checkpoint.isolation.seccompListing(300, 301);
    assert.equal(listing?.lines.length, 1161);
    assert.equal(listing.filter.index, 300);
    assert.deepEqual(
      listing.lines.filter(({ problem }) => problem),
      [],
    );
  }));

test('lists a filter in words', () =>
  withFixture('podman-webapp-host', async (checkpoint) => {
    const { lines = [] } = (await checkpoint.isolation.seccompListing(0, 1)) ?? {};
    assert.deepEqual(
      [0, 1, 2, 3, 4, 130, 707, 710, 721, 731, 1149, 1152, 1159].map((index) => `${index} ${lines[index]?.text ?? ''}`),
      [
        '0 A = arch',
        '1 if (A == X86_64) goto 0003',
        '2 goto 0721',
        '3 A = nr',
        '4 if (A == read) goto 0131',
        '130 if (A != rt_sigpending) goto 0132',
        '707 A = args[0].high',
        '710 if (A == 0x28) goto 0875',
        '721 if (A == I386) goto 0723',
        // Number 7 is poll on 64-bit x86 and waitpid on 32-bit x86.
        '731 if (A == waitpid) goto 0902',
        '1149 return ERRNO(EINVAL)',
        '1152 A = args[0].low',
        '1159 return ALLOW',
      ],
    );
    assert.equal(lines[1]?.raw, '0015 01 00 c000003e');
  }));

test('threads have the filters of the thread that leads them where CRIU left theirs out', () =>
  withFixture('podman-webapp-host', async (checkpoint) => {
    const threads = await checkpoint.isolation.threads(1);
    assert.deepEqual(
      threads.map(({ tid, differs }) => [tid, differs]),
      [1, 6, 9, 10, 11, 12].map((tid) => [tid, []]),
    );
    assert.deepEqual(await checkpoint.isolation.seccompSummary(1, 11), await checkpoint.isolation.seccompSummary(1, 1));
  }));

describe('a chain of filters', () => {
  // The older one refuses getpid and kills at write, the newer one refuses write.
  const older = program(LOAD_NUMBER, [0x15, 2, 0, 39], [0x15, 2, 0, 1], ALLOW, EPERM, KILL);
  const newer = program(LOAD_NUMBER, [0x15, 0, 1, 1], EPERM, ALLOW);
  const images = (filters: readonly Filter[]) => ({
    'pstree.img': pstree({ pid: 1 }),
    'core-1.img': core({ thread: { seccomp_mode: 2, seccomp_filter: 1 } }),
    'seccomp.img': seccompImage(...filters),
  });

  // The image of a thread with two filters, as CRIU 4.2.1 wrote one: it leads to the older, and that to the newer.
  const two = [
    { filter: newer, flags: 6 },
    { filter: older, prev: 0 },
  ] as const;

  test('asks each of them, and takes the strongest answer', async () => {
    const { isolation } = madeUp(images(two));
    const facts = await isolation.process(1);
    assert.deepEqual(
      facts?.seccomp?.filters.map(({ index, flags, previous }) => ({ index, flags, previous })),
      [
        { index: 0, flags: ['LOG', 'SPEC_ALLOW'], previous: 1 },
        { index: 1, flags: [], previous: undefined },
      ],
    );
    const answers = await answersOf(isolation.seccompSummary(1, 1));
    assert.equal(answers.get('getpid'), 'ERRNO(EPERM)');
    assert.equal(answers.get('write'), 'KILL_PROCESS');
    assert.equal(answers.get('read'), 'ALLOW');
  });

  test('of equal answers takes that of the filter that was added last, whichever CRIU wrote it', async () => {
    const refuses = (errno: number) => program(LOAD_NUMBER, [0x15, 0, 1, 1], [0x06, 0, 0, 0x50000 | errno], ALLOW);
    const [first, second] = [refuses(1), refuses(13)];
    const now = madeUp(images([{ filter: second }, { filter: first, prev: 0 }])).isolation;
    assert.equal((await answersOf(now.seccompSummary(1, 1))).get('write'), 'ERRNO(EACCES)');
    const { isolation: before } = madeUp({
      ...images([{ filter: first }, { filter: second, prev: 0 }]),
      'core-1.img': core({ task: { old_seccomp_mode: 2, old_seccomp_filter: 1 } }),
    });
    assert.equal((await answersOf(before.seccompSummary(1, 1))).get('write'), 'ERRNO(EACCES)');
    assert.deepEqual(
      (await before.process(1))?.seccomp?.filters.map(({ index }) => index),
      [1, 0],
    );
  });

  test('of which none is there answers nothing', async () => {
    const { isolation } = madeUp(images([]));
    assert.equal((await isolation.seccomp(1, 1))?.mode, 'filter');
    assert.equal(await isolation.seccompSummary(1, 1), undefined);
  });

  test('that leads in a ring ends', async () => {
    const ring = images([
      { filter: older, prev: 1 },
      { filter: newer, prev: 0 },
    ]);
    const facts = await madeUp(ring).isolation.process(1);
    assert.deepEqual(
      facts?.seccomp?.filters.map(({ index }) => index),
      [0, 1],
    );
  });

  test('that leads to no filter ends', async () => {
    const facts = await madeUp(images([{ filter: older }, { filter: newer, prev: 77 }])).isolation.process(1);
    assert.equal(facts?.seccomp?.filters.length, 1);
  });
});

test('follows both ways where the answer depends on an argument', async () => {
  // personality(0) only; the upper half of the argument must be zero.
  const filter = program(
    LOAD_ARCHITECTURE,
    [0x15, 0, 6, X86_64],
    LOAD_NUMBER,
    [0x15, 0, 4, 135],
    [0x20, 0, 0, 20],
    [0x15, 0, 2, 0],
    [0x20, 0, 0, 16],
    [0x15, 1, 0, 0],
    EPERM,
    ALLOW,
  );
  const { isolation } = madeUp({
    'pstree.img': pstree({ pid: 1 }),
    'core-1.img': core({ thread: { seccomp_mode: 2, seccomp_filter: 0 } }),
    'seccomp.img': seccompImage({ filter }),
  });
  const answers = await answersOf(isolation.seccompSummary(1, 1));
  assert.equal(answers.get('personality'), 'ERRNO(EPERM) or ALLOW');
  assert.equal(answers.get('read'), 'ERRNO(EPERM)');
  const { lines = [] } = (await isolation.seccompListing(0, 1)) ?? {};
  assert.deepEqual(
    lines.map(({ text }) => text),
    [
      'A = arch',
      'if (A != X86_64) goto 0008',
      'A = nr',
      'if (A != personality) goto 0008',
      'A = args[0].high',
      'if (A != 0) goto 0008',
      'A = args[0].low',
      'if (A == 0) goto 0009',
      'return ERRNO(EPERM)',
      'return ALLOW',
    ],
  );
});

test('computes as the kernel does', async () => {
  // A = nr * 2 + len - 64, kept in memory and taken back: 78 is getdents, and twice getpid.
  const filter = program(
    LOAD_NUMBER,
    [0x24, 0, 0, 2],
    [0x07, 0, 0, 0],
    [0x80, 0, 0, 0],
    [0x0c, 0, 0, 0],
    [0x14, 0, 0, 64],
    [0x02, 0, 0, 3],
    [0x00, 0, 0, 7],
    [0x60, 0, 0, 3],
    [0x15, 0, 1, 78],
    EPERM,
    ALLOW,
  );
  const { isolation } = madeUp({
    'pstree.img': pstree({ pid: 1 }),
    'core-1.img': core({ thread: { seccomp_mode: 2, seccomp_filter: 0 } }),
    'seccomp.img': seccompImage({ filter }),
  });
  const answers = await answersOf(isolation.seccompSummary(1, 1));
  assert.equal(answers.get('getpid'), 'ERRNO(EPERM)');
  assert.equal(answers.get('getdents'), 'ALLOW');
});

test('says what no kernel would have accepted', async () => {
  const filter = concat(
    program(
      [0x20, 0, 0, 6],
      [0x15, 200, 0, 1],
      [0x60, 0, 0, 16],
      [0x34, 0, 0, 0],
      [0x30, 0, 0, 0],
      [0xbeef, 0, 0, 0],
      LOAD_NUMBER,
    ),
    [1, 2, 3],
  );
  const { isolation } = madeUp({
    'pstree.img': pstree({ pid: 1 }),
    'core-1.img': core({ thread: { seccomp_mode: 2, seccomp_filter: 0 } }),
    'seccomp.img': seccompImage({ filter }),
  });
  const listing = await isolation.seccompListing(0, 1);
  assert.deepEqual(
    listing?.lines.map(({ problem }) => problem && say(problem)),
    [
      'It reads outside of what a filter is given.',
      'It jumps behind the end of the filter.',
      'It uses a memory word that does not exist.',
      'It divides by zero, or shifts by more bits than there are.',
      'No kernel accepts this instruction in a seccomp filter.',
      'No kernel accepts this instruction in a seccomp filter.',
      'The filter ends without an answer.',
    ],
  );
  assert.match(say(listing.left ?? { template: '', args: [] }), /^3 bytes at the end/);
});

test('reads on behind what is damaged, and says where', async () => {
  const good = { filter: program(ALLOW) };
  const whole = image('SECCOMP', entry('seccomp_entry', { seccomp_filters: [good, good, good] }));
  const cut = madeUp({
    'pstree.img': pstree({ pid: 1 }),
    'core-1.img': core({ thread: { seccomp_mode: 2, seccomp_filter: 1 } }),
    'seccomp.img': whole.slice(0, whole.length - 4),
  });
  const facts = await cut.isolation.process(1);
  assert.equal(facts?.seccomp?.filters[0]?.index, 1);
  const [note] = cut.notebook.list().filter(({ where }) => where === 'checkpoint/seccomp.img');
  assert.equal(note?.kind, 'truncated');

  const huge = madeUp({
    'pstree.img': pstree({ pid: 1 }),
    'core-1.img': core({ thread: { seccomp_mode: 2, seccomp_filter: 1 } }),
    'seccomp.img': seccompImage({ filter: new Uint8Array(40_000) }, good),
  });
  assert.equal((await huge.isolation.process(1))?.seccomp?.filters[0]?.instructions, 1);
  assert.match(say(huge.notebook.list()[0]?.text ?? { template: '', args: [] }), /larger than any that a kernel makes/);
});

test('knows the modes that need no filter', async () => {
  const strict = madeUp({ 'pstree.img': pstree({ pid: 1 }), 'core-1.img': core({ thread: { seccomp_mode: 1 } }) });
  assert.deepEqual((await strict.isolation.process(1))?.seccomp, { mode: 'strict', filters: [] });
  const none = madeUp({ 'pstree.img': pstree({ pid: 1 }), 'core-1.img': core() });
  assert.deepEqual((await none.isolation.process(1))?.seccomp, { mode: 'disabled', filters: [] });
  assert.equal(await none.isolation.seccompSummary(1, 1), undefined);
  const old = madeUp({
    'pstree.img': pstree({ pid: 1 }),
    'core-1.img': core({ task: { old_seccomp_mode: 2, old_seccomp_filter: 0 } }),
    'seccomp.img': seccompImage({ filter: program(ALLOW) }),
  });
  assert.equal((await old.isolation.process(1))?.seccomp?.filters.length, 1);
});

test('knows that before CRIU 3.10 the filters of a process are those of all its threads', async () => {
  const images = (mode: number) => ({
    'pstree.img': pstree({ pid: 1, threads: [1, 2] }),
    'core-1.img': core({ task: { old_seccomp_mode: mode, ...(mode === 2 && { old_seccomp_filter: 0 }) } }),
    'core-2.img': core({ task: false }),
    'seccomp.img': seccompImage({ filter: program(ALLOW) }),
  });
  const filtered = madeUp(images(2));
  assert.deepEqual(await filtered.isolation.seccomp(1, 2), await filtered.isolation.seccomp(1, 1));
  assert.equal((await filtered.isolation.seccomp(1, 2))?.filters.length, 1);
  assert.deepEqual(
    (await filtered.isolation.threads(1)).map(({ differs }) => differs),
    [[], []],
  );
  assert.equal((await madeUp(images(1)).isolation.seccomp(1, 2))?.mode, 'strict');
});

async function answersOf(summary: Promise<SeccompSummary | undefined>): Promise<ReadonlyMap<string, string>> {
  const { verdicts = [] } = (await summary) ?? {};
  const groups = verdicts.find(({ architecture }) => architecture === 'X86_64')?.groups ?? [];
  return new Map(groups.flatMap(({ actions, calls }) => calls.map((call) => [call, actions.join(' or ')] as const)));
}

async function profileOf(checkpoint: Checkpoint): Promise<Profile> {
  const source = await checkpoint.files.open('/archive/spec.dump');
  const spec = JSON.parse(new TextDecoder().decode(await readAll(source, 1 << 20))) as {
    readonly linux: { readonly seccomp: Profile };
  };
  return spec.linux.seccomp;
}

/** Answers that rules of a profile give: those without conditions alone where there are any. */
function wantedFor(call: string, { defaultAction, defaultErrnoRet, syscalls }: Profile): readonly string[] {
  const rules = syscalls.filter(({ names }) => names.includes(call));
  const always = rules.filter(({ args = [] }) => args.length === 0);
  const answers = (always.length > 0 ? always : rules).map(({ action, errnoRet }) => answer(action, errnoRet));
  const otherwise = always.length > 0 ? [] : [answer(defaultAction, defaultErrnoRet)];
  return [...answers, ...otherwise];
}

function answer(action: string, errno = 1): string {
  const name = action.replace('SCMP_ACT_', '');
  return name === 'ERRNO' ? `ERRNO(${errnoName(errno, undefined) ?? ''})` : name;
}
