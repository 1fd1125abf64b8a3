import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { join } from 'node:path';
import { ESLint } from 'eslint';
import { root } from '../../../scripts/lib/node.mjs';

let eslint: ESLint;
before(() => {
  eslint = new ESLint({ cwd: root, ruleFilter: ({ ruleId }) => ruleId === 'house/no-platform-globals' });
});

/** The names that the rule refuses in a text that stands where a file of the protocol does. */
async function refused(code: string): Promise<string[]> {
  const [result] = await eslint.lintText(code, { filePath: join(root, 'src/protocol/note.ts') });
  return (result?.messages ?? []).map(({ message }) => message.split(' ')[0] ?? '');
}

test('the protocol may not use what only the DOM or only Node has', async () => {
  assert.deepEqual(
    await refused(`
      export const a = document.title;
      export const b = process.pid;
      export const c = Buffer.alloc(1);
      export const d = (event: KeyboardEvent): void => window.alert(event.key);
    `),
    ['document', 'process', 'Buffer', 'KeyboardEvent', 'window'],
  );
});

test('the protocol may use the language and what every platform has', async () => {
  assert.deepEqual(
    await refused(`
      export type Part = Partial<Record<string, Uint8Array>>;
      export const a = new Map<string, bigint>([['x', BigInt(1)]]);
      export const b = (signal: AbortSignal): string => (signal.aborted ? '' : new TextDecoder().decode());
    `),
    [],
  );
});
