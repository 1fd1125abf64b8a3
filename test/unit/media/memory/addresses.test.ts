import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { addressText, shortName } from '../../../../media/memory/address-map.ts';
import { resolveAddress } from '../../../../src/protocol/address-expression.ts';
import { addressMap } from './build.ts';

suite('an address space', () => {
  const map = addressMap();

  test('knows what covers an address, from its first one to its last', () => {
    assert.equal(map.at(0x3fffffn), undefined);
    assert.equal(map.at(0x400000n)?.index, 0);
    assert.equal(map.at(0x400fffn)?.index, 0);
    assert.equal(map.at(0x401000n)?.index, 1);
    assert.equal(map.at(0x611000n), undefined);
    assert.equal(map.at(0xffffffffff600fffn)?.name, '[vsyscall]');
    assert.equal(map.at(0xffffffffffffffffn), undefined);
  });

  test('knows the mapping that is nearest to an address that nothing covers', () => {
    assert.equal(map.nearest(0n)?.index, 0);
    assert.equal(map.nearest(0x500000n)?.index, 2);
    assert.equal(map.nearest(2n ** 64n - 1n)?.index, 6);
  });

  test('names addresses from where their file begins, and as a person would type them', () => {
    const names = [
      [0x401010n, 'app+0x1010'],
      [0x600040n, '[heap]+0x40'],
      [0x610008n, '0x610000+0x8'],
      [0x7f0000001234n, 'lib-c++.so.6+0x1234'],
      [0x500000n, undefined],
    ] as const;
    for (const [address, name] of names) {
      assert.equal(map.describe(address), name);
      if (name === undefined) continue;
      const found = resolveAddress(name, { map, registers: new Map(), cursor: 0n });
      assert.deepEqual(found, { address });
    }
    assert.equal(map.label(0x610008n), '0x610008');
    assert.equal(map.label(0x600040n), '[heap]+0x40');
  });

  test('writes addresses as wide as they are', () => {
    assert.equal(addressText(0x400000n, 8), '000000400000');
    assert.equal(addressText(0x400000n, 4), '00400000');
    assert.equal(addressText(0xffffffffff600000n, 8), 'ffffffffff600000');
    assert.equal(shortName({ name: '/tmp/x (deleted)', start: 0n }), 'x');
  });
});

suite('an address that a person writes', () => {
  const names = {
    map: addressMap(),
    registers: new Map([
      ['rsp', 0x7ffe00001000n],
      ['a0', 0x1234n],
    ]),
    cursor: 0x600100n,
  };
  const resolve = (text: string) => resolveAddress(text, names);

  const right: readonly (readonly [string, bigint])[] = [
    ['0x600000', 0x600000n],
    ['0X60_0000', 0x600000n],
    ['4198400', 4198400n],
    ['7ffe00001000', 0x7ffe00001000n],
    ['rsp', 0x7ffe00001000n],
    [' $RSP ', 0x7ffe00001000n],
    ['rsp+0x10', 0x7ffe00001010n],
    ['rsp - 16 + 0x8', 0x7ffe00000ff8n],
    ['a0', 0x1234n],
    ['[stack]', 0x7ffe00000000n],
    ['[STACK]+8', 0x7ffe00000008n],
    ['lib-c++.so.6+0x2000', 0x7f0000002000n],
    ['/usr/bin/app', 0x400000n],
    ['+16', 0x600110n],
    ['-0x100', 0x600000n],
    ['0', 0n],
  ];
  for (const [text, address] of right) test(text, () => assert.deepEqual(resolve(text), { address }));

  for (const text of [
    '',
    'rbx',
    '0x',
    '0xg',
    '[nowhere]',
    '1 2',
    'rsp+',
    '+',
    '-0x700000',
    '0x1ffffffffffffffff',
    '0xffffffffffffffff+1',
  ]) {
    test(`${text} is none`, () => assert.ok('unknown' in resolve(text)));
  }
});
