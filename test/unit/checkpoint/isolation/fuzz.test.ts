import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { evaluate } from '../../../../src/core/checkpoint/isolation/bpf/evaluate.ts';
import { disassemble } from '../../../../src/core/checkpoint/isolation/bpf/disassemble.ts';
import { problemOf, readProgram } from '../../../../src/core/checkpoint/isolation/bpf/program.ts';
import { summarize } from '../../../../src/core/checkpoint/isolation/seccomp-summary.ts';
import { systemCalls } from '../../../../src/core/checkpoint/isolation/syscalls/names.ts';
import { entry, image } from '../../criu/build-image.ts';
import { core, madeUp, program, pstree, seccompImage } from './support.ts';

const X86_64 = 0xc000003e;

/** Mostly instructions that seccomp knows, so that programs do something; else anything. */
const code = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(0x20, 0x15, 0x25, 0x35, 0x45, 0x05, 0x06, 0x16, 0x54, 0x0c, 0x60, 0x02, 0x07, 0x87),
  },
  { weight: 1, arbitrary: fc.nat(0xffff) },
);
const operand = fc.oneof(fc.constantFrom(0, 4, 16, 20, X86_64, 0x7fff0000, 0x00050001), fc.nat(70), fc.nat(0xffffffff));
const instruction = fc.tuple(code, fc.nat(255), fc.nat(255), operand);

test('any program can be listed, checked and followed', () => {
  fc.assert(
    fc.property(fc.array(instruction, { maxLength: 300 }), fc.nat(500), (instructions, number) => {
      const read = readProgram(program(...instructions));
      assert.equal(read.length, instructions.length);
      const texts = disassemble(read, X86_64);
      assert.equal(texts.length, read.length);
      for (const text of texts) assert.match(text, /^[\x20-\x7e]+$/);
      read.forEach((_, index) => problemOf(read, index));
      const budget = { steps: 100_000 };
      const answers = evaluate(read, X86_64, number, budget);
      assert.ok(budget.steps > -2);
      assert.ok(answers.words.length <= 512);
    }),
    { numRuns: 300 },
  );
});

test('a program that forks at every step is given up, and says so', async () => {
  // Each step adds one of two numbers to A, depending on an argument: 2^800 ways, all with another A.
  const steps = Array.from({ length: 800 }, (_, index) => [
    [0x02, 0, 0, 0] as const,
    [0x20, 0, 0, 16] as const,
    [0x45, 0, 1, 2 ** (index % 31)] as const,
    [0x00, 0, 0, index] as const,
    [0x0c, 0, 0, 0] as const,
  ]).flat();
  const read = readProgram(program(...steps, [0x16, 0, 0, 0]));
  const summary = await summarize([read], X86_64);
  assert.equal(summary.complete, false);
});

test('the largest program that a kernel takes is followed for every call', async () => {
  const numbers = [...systemCalls(X86_64).keys()].filter((number) => number < 1000);
  const comparisons = Array.from(
    { length: 4093 },
    (_, index) => [0x15, 0, 0, numbers[index % numbers.length] ?? 0] as const,
  );
  const read = readProgram(program([0x20, 0, 0, 0], ...comparisons, [0x06, 0, 0, 0x7fff0000], [0x06, 0, 0, 0]));
  const summary = await summarize([read], X86_64);
  assert.equal(summary.complete, true);
  assert.deepEqual(
    summary.verdicts[0]?.groups.map(({ actions }) => actions),
    [['ALLOW']],
  );
});

test('bytes that are no filters do no harm', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.uint8Array({ maxLength: 60 }), async (bytes, filter) => {
      for (const content of [bytes, image('SECCOMP', bytes), seccompImage({ filter, prev: 0 })]) {
        const { isolation } = madeUp({
          'pstree.img': pstree({ pid: 1 }),
          'core-1.img': core({ thread: { seccomp_mode: 2, seccomp_filter: 0 } }),
          'seccomp.img': content,
        });
        const facts = await isolation.process(1);
        assert.equal(facts?.seccomp?.mode, 'filter');
        await isolation.seccompListing(0, 1);
        await isolation.seccompSummary(1, 1);
      }
    }),
    { numRuns: 60 },
  );
});

test('a tree of control groups of any depth and width is bounded', async () => {
  let deep: object = { dir_name: 'leaf', properties: [] };
  for (let depth = 0; depth < 60; depth++) deep = { dir_name: `d${depth}`, children: [deep] };
  const wide = Array.from({ length: 30_000 }, (_, index) => ({ dir_name: `w${index}`, properties: [] }));
  const { isolation } = madeUp({
    'pstree.img': pstree({ pid: 1 }),
    'core-1.img': core({ thread: { cg_set: 1 } }),
    'cgroup.img': image(
      'CGROUP',
      entry('cgroup_entry', {
        sets: [
          {
            id: 1,
            ctls: [
              { name: 'memory', path: '/a/../b', cgns_prefix: 4_000_000 },
              { name: '', path: '' },
            ],
          },
        ],
        controllers: [
          { cnames: ['memory'], dirs: [deep, ...wide] },
          { cnames: [], dirs: [] },
        ],
      }),
    ),
  });
  const { cgroups = [] } = (await isolation.process(1)) ?? {};
  assert.deepEqual(
    cgroups.map(({ controllers, path, pathInside }) => [controllers, path, pathInside]),
    [
      ['memory', '/a/../b', '/'],
      ['', '', undefined],
    ],
  );
});

test('words of a control group are said only of values that a kernel writes', async () => {
  const values = [
    '-1',
    'max',
    '9223372036854771712',
    '18446744073709551616',
    '1e9',
    '',
    ' 5',
    '0x10',
    '\n',
    '9'.repeat(900),
  ];
  const properties = ['memory.max', 'cpu.max', 'pids.max', 'cpu.cfs_quota_us', 'memory.low', 'devices.list'];
  for (const value of values) {
    const { isolation } = madeUp({
      'pstree.img': pstree({ pid: 1 }),
      'core-1.img': core({ thread: { cg_set: 1 } }),
      'cgroup.img': image(
        'CGROUP',
        entry('cgroup_entry', {
          sets: [{ id: 1, ctls: [{ name: '', path: '/' }] }],
          controllers: [
            { cnames: [''], dirs: [{ dir_name: '', properties: properties.map((name) => ({ name, value })) }] },
          ],
        }),
      ),
    });
    const [group] = (await isolation.process(1))?.cgroups ?? [];
    assert.deepEqual(
      group?.properties.map((property) => property.value),
      properties.map(() => value),
    );
    for (const { words } of group.properties)
      for (const word of words?.args ?? []) assert.ok(String(word).length < 1000);
  }
});
