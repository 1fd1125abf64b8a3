import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join } from 'node:path';
import { Linter } from 'eslint';
import { parser } from 'typescript-eslint';
import importTable from '../../../scripts/lint/import-table.mjs';
import { root } from '../../../scripts/lib/node.mjs';

const linter = new Linter({ cwd: root });

/** What the rule says about one line in one file: the ids of its messages. */
function judge(file: string, code: string): (string | undefined)[] {
  const messages = linter.verify(
    code,
    {
      files: ['**/*.ts', '**/*.tsx'],
      languageOptions: { parser, parserOptions: { ecmaFeatures: { jsx: true } } },
      plugins: { house: { rules: { 'import-table': importTable } } },
      rules: { 'house/import-table': 'error' },
    },
    join(root, file),
  );
  assert.ok(
    messages.every(({ fatal }) => !fatal),
    `${code} does not parse`,
  );
  return messages.map(({ messageId }) => messageId);
}

/** A file of each part of the house, and how another file of the same depth names it. */
const FILES = {
  protocol: 'src/protocol/x.ts',
  core: 'src/core/x.ts',
  'core/bytes': 'src/core/bytes/x.ts',
  'core/archive': 'src/core/archive/x.ts',
  'core/criu': 'src/core/criu/x.ts',
  'core/checkpoint': 'src/core/checkpoint/x.ts',
  'core/cluster': 'src/core/cluster/x.ts',
  'core/restore': 'src/core/restore/x.ts',
  worker: 'src/worker/x.ts',
  cli: 'src/cli/x.ts',
  vscode: 'src/vscode/x.ts',
  media: 'media/x.ts',
} as const;
type Zone = keyof typeof FILES;

/** The design's table: what each part may import of the others; `types` where only types may pass. */
const ALLOWED: Readonly<Record<Zone, Partial<Record<Zone, true | 'types'>>>> = {
  protocol: {},
  core: { protocol: true },
  'core/bytes': { protocol: true, core: true },
  'core/archive': { protocol: true, core: true, 'core/bytes': true },
  'core/criu': { protocol: true, core: true, 'core/bytes': true, 'core/archive': true },
  'core/checkpoint': { protocol: true, core: true, 'core/bytes': true, 'core/archive': true, 'core/criu': true },
  'core/cluster': {
    ...{ protocol: true, core: true, 'core/bytes': true, 'core/archive': true, 'core/criu': true },
    ...{ 'core/checkpoint': true, 'core/restore': true },
  },
  'core/restore': {
    ...{ protocol: true, core: true, 'core/bytes': true, 'core/archive': true, 'core/criu': true },
    ...{ 'core/checkpoint': true, 'core/cluster': true },
  },
  worker: {
    ...{ protocol: true, core: true, 'core/bytes': true, 'core/archive': true, 'core/criu': true },
    ...{ 'core/checkpoint': true, 'core/restore': true },
  },
  cli: {
    ...{ protocol: true, core: true, 'core/bytes': true, 'core/archive': true, 'core/criu': true },
    ...{ 'core/checkpoint': true, 'core/cluster': true, 'core/restore': true },
  },
  vscode: {
    ...{ protocol: true, core: 'types', 'core/bytes': 'types', 'core/archive': 'types', 'core/criu': 'types' },
    ...{ 'core/checkpoint': 'types', 'core/cluster': true, 'core/restore': true },
  },
  media: { protocol: true },
};

/** How a file imports one of another part. */
function specifier(from: Zone, to: Zone): string {
  const up = FILES[from].split('/').length - 1;
  return `${'../'.repeat(up)}${FILES[to]}`;
}

const zones = Object.keys(FILES) as Zone[];
for (const from of zones) {
  test(`${from} imports what the table allows, and nothing else`, () => {
    for (const to of zones.filter((zone) => zone !== from)) {
      const source = specifier(from, to);
      const allowed = ALLOWED[from][to];
      const value = allowed === true ? [] : [allowed === 'types' ? 'typesOnly' : 'zone'];
      const type = allowed === undefined ? ['zone'] : [];
      const file = FILES[from];
      assert.deepEqual(judge(file, `import { a } from '${source}';`), value, `${from} → ${to}`);
      assert.deepEqual(judge(file, `export { a } from '${source}';`), value, `${from} → ${to}, exported again`);
      assert.deepEqual(judge(file, `export * from '${source}';`), value, `${from} → ${to}, all exported again`);
      assert.deepEqual(judge(file, `await import('${source}');`), value, `${from} → ${to}, lazily`);
      assert.deepEqual(judge(file, `import type { A } from '${source}';`), type, `${from} → ${to}, types`);
      assert.deepEqual(judge(file, `let a: import('${source}').A;`), type, `${from} → ${to}, a type in place`);
    }
    assert.deepEqual(judge(FILES[from], `import { a } from './y.ts';`), [], `${from} → itself`);
    assert.deepEqual(judge(FILES[from], `import { a } from '${specifier(from, 'media')}/../../test/y.ts';`), [
      'outside',
    ]);
  });
}

test("Node's modules are for every floor but the protocol and the page", () => {
  for (const zone of zones) {
    const expected = zone === 'protocol' || zone === 'media' ? ['node'] : [];
    assert.deepEqual(judge(FILES[zone], `import { readSync } from 'node:fs';`), expected, zone);
    assert.deepEqual(judge(FILES[zone], `import { readSync } from 'fs';`), expected, zone);
  }
});

test('the vscode module is for src/vscode and the composition root alone', () => {
  for (const zone of zones) {
    assert.deepEqual(
      judge(FILES[zone], `import { window } from 'vscode';`),
      zone === 'vscode' ? [] : ['package'],
      zone,
    );
    assert.deepEqual(
      judge(FILES[zone], `import type { Uri } from 'vscode';`),
      zone === 'vscode' ? [] : ['package'],
      zone,
    );
  }
  assert.deepEqual(judge('src/extension.ts', `import { window } from 'vscode';`), []);
  assert.deepEqual(judge('src/extension.ts', `import { open } from './core/checkpoint/x.ts';`), ['typesOnly']);
});

test('the page may draw with its packages, and no other floor may', () => {
  for (const zone of zones) {
    assert.deepEqual(judge(FILES[zone], `import { h } from 'preact';`), zone === 'media' ? [] : ['package'], zone);
    assert.deepEqual(judge(FILES[zone], `import 'preact/hooks';`), zone === 'media' ? [] : ['package'], zone);
  }
});

test('the Kubernetes client loads when it is first needed, in core/cluster only', () => {
  const client = '@kubernetes/client-node';
  assert.deepEqual(judge(FILES['core/cluster'], `import { KubeConfig } from '${client}';`), ['heavy']);
  assert.deepEqual(judge(FILES['core/cluster'], `export * from '${client}';`), ['heavy']);
  assert.deepEqual(judge(FILES['core/cluster'], `const k = require('${client}');`), ['heavy']);
  assert.deepEqual(judge(FILES['core/cluster'], `import type { KubeConfig } from '${client}';`), []);
  assert.deepEqual(judge(FILES['core/cluster'], `const k = await import('${client}');`), []);
  for (const zone of zones.filter((name) => name !== 'core/cluster')) {
    assert.deepEqual(judge(FILES[zone], `await import('${client}');`), ['package'], zone);
  }
});

test('an import that cannot be judged is refused', () => {
  assert.deepEqual(judge(FILES.cli, 'await import(`${name}`);'), ['outside']);
  assert.deepEqual(judge(FILES.cli, `import { a } from '../../test/x.ts';`), ['outside']);
});
