import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { drawTable, drawTree, tableLines, type TreeNode } from '../../../src/cli/layout.ts';
import type { Inspected, Sections } from '../../../src/cli/inspect-json.ts';
import { inspectTree } from '../../../src/cli/inspect-tree.ts';
import { findProcess, processTree } from '../../../src/cli/process-tree.ts';
import type { ProcessFacts } from '../../../src/protocol/processes.ts';

describe('tables and trees', () => {
  test('columns are as wide as their widest cell and three more, the last one ends with its text', () => {
    assert.equal(
      drawTable(
        ['A', 'Name'],
        [
          ['1234567', 'x'],
          ['', 'longer'],
        ],
      ),
      'A         NAME\n-         ----\n1234567   x\n          longer\n',
    );
  });

  test('lines join what belongs together', () => {
    const tree: TreeNode = {
      label: 'root',
      children: [
        { label: 'a', children: [{ label: 'b' }, { label: 'c' }] },
        { label: 'd', children: [{ label: 'e' }] },
      ],
    };
    assert.equal(drawTree(tree), 'root\n├── a\n│   ├── b\n│   └── c\n└── d\n    └── e\n');
  });

  test('text from a checkpoint cannot command the terminal or reorder its line', () => {
    const hostile = '\u001b[2J\u202egnp\nfake';
    for (const drawn of [drawTable(['X'], [[hostile]]), drawTree({ label: hostile, children: [{ label: hostile }] })]) {
      assert.doesNotMatch(drawn, /[\u0000-\u0009\u000b-\u001f\u202e]/);
      assert.doesNotMatch(drawn, /^fake/m);
    }
  });

  test('what is drawn can only have been one text', () => {
    const texts = [
      '\n',
      '\\n',
      '\\\\n',
      '\\\n',
      '\u202e',
      '\\u202e',
      '\\\u202e',
      '\t',
      '\\t',
      '\\',
      '\\\\',
      'a\\',
      '\\a',
    ];
    const drawn = texts.map((text) => drawTree({ label: `[${text}]` }));
    assert.equal(new Set(drawn).size, texts.length);
    assert.deepEqual(
      drawn.map(unescape),
      texts.map((text) => `[${text}]`),
    );
    // Command lines stay as they are typed.
    const command = String.raw`grep -E '\.js\(' \d`;
    assert.equal(drawTree({ label: command }), `${command}\n`);
    fc.assert(
      fc.property(fc.array(fc.constantFrom('\\', 'n', 'u', '2028', '\n', '\u2028', ' ', 'x')), (parts) => {
        assert.equal(unescape(drawTree({ label: parts.join('') })), parts.join(''));
      }),
    );
  });

  test('a tree may be deeper than the stack', () => {
    let node: TreeNode = { label: 'end' };
    for (let depth = 0; depth < 2000; depth++) node = { label: '', children: [node] };
    assert.ok(drawTree(node).endsWith('└── end\n'));
  });
});

/** What a reader of a drawn line takes it for. */
function unescape(line: string): string {
  const run = /(\\+)(n|r|t|u[0-9a-f]{4}|u\{[0-9a-f]+\})?/g;
  return line.slice(0, -1).replace(run, (whole, slashes: string, word: string | undefined, at: number) => {
    const next = word?.[0] ?? line[at + slashes.length];
    if (next === undefined || !/[nrtu]/.test(next)) return whole;
    const own = '\\'.repeat(slashes.length >> 1);
    if (slashes.length % 2 === 0 || word === undefined) return own + (word ?? '');
    const short = { n: '\n', r: '\r', t: '\t' }[word];
    return own + (short ?? String.fromCodePoint(Number.parseInt(word.replace(/[u{}]/g, ''), 16)));
  });
}

function process(pid: number, ppid: number): ProcessFacts {
  return { pid, ppid, pgid: pid, sid: pid, state: 'running', threads: [], complete: true };
}

/** Nested lists of pids. */
function shape(processes: readonly ProcessFacts[]): unknown {
  type Node = ReturnType<typeof processTree>[number];
  const draw = (node: Node): unknown => [node.facts.pid, ...node.children.map(draw)];
  return processTree(processes).map(draw);
}

test('the tree of a checkpoint may have more notes than a call takes arguments', async () => {
  const note = { kind: 'missing', where: 'x', text: { template: 'gone', args: [] } } as const;
  const overview = { engine: 'criu', container: {}, sizes: {}, criu: {}, networks: [], annotations: [], labels: [] };
  const inspected = {
    locator: 'x',
    overview: overview as unknown as Inspected['overview'],
    notes: () => Promise.resolve(Array.from({ length: 200_000 }, () => note)),
  };
  const { children } = await inspectTree(inspected, {} as Sections);
  assert.equal(children?.at(-1)?.children?.length, 200_000);
});

describe('the process tree', () => {
  test('children stand below their parent, by pid', () => {
    assert.deepEqual(shape([process(1, 0), process(9, 1), process(3, 1), process(4, 3)]), [[1, [3, [4]], [9]]]);
  });

  test('a root need not be pid 1, and there may be several', () => {
    assert.deepEqual(shape([process(7, 0), process(8, 7), process(20, 19)]), [[7, [8]], [20]]);
  });

  test('processes whose parents form a ring, or one that is its own parent, are shown once', () => {
    assert.deepEqual(shape([process(1, 0), process(2, 3), process(3, 2), process(4, 4), process(5, 3)]), [
      [1],
      [2, [3, [5]]],
      [4],
    ]);
  });

  test('a chain without end in sight is cut into several trees, and nobody is lost', () => {
    const chain = Array.from({ length: 50_000 }, (_, index) => process(index + 1, index));
    const roots = processTree(chain);
    assert.equal(roots.length, Math.ceil(50_000 / 64));
    assert.equal(
      roots.reduce((sum, root) => sum + root.bottomUp().length, 0),
      50_000,
    );
  });

  test('more processes than a call may have arguments may be too deep at once', () => {
    const chain = Array.from({ length: 64 }, (_, index) => process(index + 1, index));
    const deep = Array.from({ length: 200_000 }, (_, index) => process(index + 100, 64));
    assert.equal(processTree([...chain, ...deep]).length, 200_001);
  });

  test('a folder of more children than a call may have arguments is drawn', () => {
    const children = Array.from({ length: 200_000 }, (_, index) => ({ label: String(index) }));
    assert.equal(drawTree({ label: 'root', children }).split('\n').length, 200_002);
  });

  test('a process is found wherever it is', () => {
    const roots = processTree([process(1, 0), process(2, 1), process(3, 2)]);
    assert.deepEqual(
      findProcess(roots, 2)
        ?.bottomUp()
        .map(({ facts }) => facts.pid),
      [3, 2],
    );
    assert.equal(findProcess(roots, 4), undefined);
  });
});

test('a table of more rows than are kept as texts is the same table', () => {
  const rows = Array.from({ length: 5000 }, (_, number) => [
    String(number),
    'ü\n\0'.repeat(number % 40),
    `end ${String(number)}`,
  ]);
  const lines = [...tableLines(['A', 'B', 'C'], rows.values())];
  assert.equal(lines.length, 5002);
  const starts = new Set(lines.slice(2).map((line) => line.indexOf('end')));
  assert.deepEqual(
    lines.slice(2).map((line) => /end \d+$/m.exec(line)?.[0]),
    rows.map(([, , end]) => end),
  );
  assert.equal(starts.size, 1);
});
