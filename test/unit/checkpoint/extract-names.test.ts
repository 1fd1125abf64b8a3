import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { safeName, staysInside } from '../../../src/core/checkpoint/extract-names.ts';
import { compileGlobs } from '../../../src/core/checkpoint/globs.ts';

describe('names', () => {
  test('are kept where the disk can hold them', () => {
    for (const name of ['a', '...', 'space and "quote" \\back\ttab\n', 'CON', 'a:b', '100%', '日本語']) {
      assert.equal(safeName(name, 'linux'), name);
    }
  });

  test('are escaped on Windows where it reserves them', () => {
    const expected: Record<string, string> = {
      'a:b': 'a%3Ab',
      'back\\slash': 'back%5Cslash',
      'tab\t': 'tab%09',
      'dot.': 'dot%2E',
      CON: '%43ON',
      'lpt1.txt': '%6Cpt1.txt',
      console: 'console',
    };
    for (const [name, safe] of Object.entries(expected)) assert.equal(safeName(name, 'win32'), safe);
  });

  test('a link may climb through real folders only', () => {
    assert.ok(staysInside('../b', 1));
    assert.ok(!staysInside('../b', 0));
    assert.ok(!staysInside('a/../b', 3));
    assert.ok(!staysInside('C:\\x', 1, 'win32'));
    assert.ok(!staysInside('..\\..\\x', 1, 'win32'));
  });
});

describe('patterns', () => {
  const matches = (pattern: string, path: string) => {
    let state = compileGlobs([pattern]).start;
    for (const name of path.split('/').filter((part) => part !== '')) state = state.enter(name);
    return state.matched;
  };

  test('match as a shell would', () => {
    const cases: [pattern: string, path: string, expected: boolean][] = [
      ['/rootfs/*', '/rootfs/etc', true],
      ['/rootfs/*.conf', '/rootfs/etc/app.conf', false],
      ['/rootfs/**/*.conf', '/rootfs/app.conf', true],
      ['/rootfs/**/*.conf', '/rootfs/a/b/app.conf', true],
      ['/rootfs/etc', '/rootfs/etc/deep/file', true],
      ['/rootfs/etc', '/rootfs/etcetera', false],
      ['core-?.img', '/archive/checkpoint/core-1.img', true],
      ['core-?.img', '/archive/checkpoint/core-12.img', false],
      ['[a-c]x', '/bx', true],
      ['[!a-c]x', '/bx', false],
      ['[]]x', '/]x', true],
      ['[x', '/[x', true],
      ['\\*', '/*', true],
      ['\\*', '/a', false],
      ['a*b*c', '/axxbxxbxc', true],
      ['/**', '/', true],
    ];
    for (const [pattern, path, expected] of cases)
      assert.equal(matches(pattern, path), expected, `${pattern} on ${path}`);
  });

  test('stop where nothing below can match', () => {
    const { start } = compileGlobs(['/rootfs/etc/*.conf']);
    assert.ok(start.enter('archive').dead);
    assert.ok(!start.enter('rootfs').dead);
    assert.ok(start.enter('rootfs').enter('etc').enter('x').dead);
  });

  test('cost little on names made to be slow', () => {
    const pattern = `${'**/a*'.repeat(30)}/${'*a'.repeat(50)}b`;
    assert.equal(matches(pattern, `${'/aaaa'.repeat(200)}/${'a'.repeat(5000)}`), false);
  });
});
