import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { BUNDLE, makeBundle } from '../../../scripts/l10n.ts';

describe('the texts for translators', () => {
  it('are those of the sources: where this fails, run `node scripts/l10n.ts`', () => {
    assert.deepEqual(
      Object.keys(JSON.parse(readFileSync(BUNDLE, 'utf8')) as object),
      Object.keys(JSON.parse(makeBundle()) as object),
    );
  });
});
