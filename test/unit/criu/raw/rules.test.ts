import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { JsonObject } from '../../../../src/core/criu/json-text.ts';
import { at, readRaw } from './support.ts';

const recorded = join(import.meta.dirname, 'recorded');
const text = (name: string): string => readFileSync(join(recorded, name), 'utf8');

suite('the text of nft', () => {
  test('has the tables, chains, rules and objects that nft -j told of the same kernel', async () => {
    const { nftables } = JSON.parse(text('nft.json')) as { nftables: Record<string, Record<string, string>>[] };
    const { entries, notes } = await readRaw('nftables-10.img', text('nftables-10.img'));
    assert.deepEqual(notes, []);
    const of = (kind: string, table?: string): Record<string, string>[] =>
      nftables
        .flatMap((item) => (item[kind] ? [item[kind]] : []))
        .filter((item) => table === undefined || item['table'] === table);
    assert.deepEqual(
      entries.map((table) => ({ family: at(table, 'family'), table: at(table, 'table') })),
      of('table').map(({ family, name }) => ({ family, table: name })),
    );
    for (const table of entries) {
      const name = at(table, 'table') as string;
      const chains = at(table, 'chains') as readonly JsonObject[];
      assert.deepEqual(
        chains.map((chain) => [chain['name'], (chain['rules'] as unknown[]).length]),
        of('chain', name).map((chain) => [
          chain['name'],
          of('rule', name).filter((rule) => rule['chain'] === chain['name']).length,
        ]),
      );
      const kinds = ['counter', 'quota', 'limit', 'ct helper', 'ct timeout', 'set', 'map'];
      assert.deepEqual(
        (at(table, 'objects') as readonly JsonObject[]).map(({ type, name: object }) => [type, object]),
        kinds.flatMap((kind) => of(kind, name).map((object) => [kind, object['name']])),
      );
    }
  });

  test('keeps each line as it stands, and one that goes on as one', async () => {
    const { entries } = await readRaw('nftables-10.img', text('nftables-10.img'));
    assert.deepEqual(at(entries[0], 'lines'), ['comment "made { by hand }"']);
    assert.deepEqual(at(entries[0], 'chains', 0, 'rules'), [
      'tcp dport { 80, 443 } counter packets 0 bytes 0 accept comment "web } brace"',
      'ip saddr @blocked drop',
    ]);
    assert.deepEqual(at(entries[0], 'chains', 1, 'properties'), [
      'type filter hook input priority filter; policy drop;',
    ]);
    const set = at(entries[0], 'objects', 5, 'lines') as readonly string[];
    assert.equal(set.length, 3);
    assert.match(set[2] ?? '', /^elements = \{ 10\.0\.0\.0\/8, .* 203\.0\.113\.11 \}$/);
  });

  test('that ends within a table is shown as far as it goes, and told', async () => {
    const whole = text('nftables-10.img');
    for (let length = 0; length < whole.length; length += 7) {
      const { entries, notes } = await readRaw('nftables-10.img', whole.slice(0, length));
      const json = JSON.stringify(entries);
      for (const line of whole.slice(0, length).split('\n').slice(0, -1)) {
        const words = line.trim().replace(/[{}]$/, '').trim();
        if (words === '' || /^(table|chain|set|map|counter|quota|limit|ct) /.test(words)) continue;
        assert.ok(json.includes(JSON.stringify(words).slice(1, -1)), `${words} of ${length} characters`);
      }
      const ends = [...whole.matchAll(/^\}\n?/gm)].map((match) => match.index + 1);
      const isWhole =
        length === 0 ||
        whole.slice(0, length).trim() === '' ||
        ends.some((end) => end === length || end + 1 === length);
      assert.deepEqual(
        notes.map(({ kind }) => kind),
        isWhole ? [] : ['truncated'],
        `of ${length} characters`,
      );
    }
  });

  test('with bytes that are no text shows them', async () => {
    const bytes = Buffer.concat([
      Buffer.from('table ip t {\n chain c {\n  ip daddr '),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('\n }\n}\n'),
    ]);
    const { entries, notes } = await readRaw('nftables-10.img', bytes);
    assert.deepEqual(at(entries[0], 'chains', 0, 'rules', 0), {
      text: 'ip daddr \u{FFFD}\u{FFFD}',
      text_bytes: Buffer.concat([Buffer.from('  ip daddr '), Buffer.from([0xff, 0xfe])]).toString('base64'),
    });
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ['damaged'],
    );
  });

  test('of more than is kept is cut, and told', async () => {
    const line = `  ${'x'.repeat(1000)}\n`;
    const { entries, notes } = await readRaw(
      'nftables-10.img',
      `table ip t {\n chain c {\n${line.repeat(40_000)} }\n}\n`,
    );
    assert.equal(entries.length, 1);
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ['may-be-incomplete'],
    );
  });
});

suite('the text of iptables-save', () => {
  test('has tables with their chains, counters and rules', async () => {
    const { entries, notes } = await readRaw('iptables-10.img', text('iptables-10.img'));
    assert.deepEqual(notes, []);
    assert.deepEqual(entries, [
      {
        table: 'filter',
        chains: [
          { name: 'INPUT', policy: 'ACCEPT', packets: 0n, bytes: 0n },
          { name: 'FORWARD', policy: 'DROP', packets: 0n, bytes: 0n },
          { name: 'OUTPUT', policy: 'ACCEPT', packets: 0n, bytes: 0n },
          { name: 'DOCKER', packets: 0n, bytes: 0n },
        ],
        rules: ['-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "ssh [1:2]" -j ACCEPT', '-A FORWARD -j DOCKER'],
      },
      {
        table: 'nat',
        chains: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'].map((name) => ({
          name,
          policy: 'ACCEPT',
          packets: 0n,
          bytes: 0n,
        })),
        rules: ['-A POSTROUTING -s 10.88.0.0/16 -j MASQUERADE'],
      },
    ]);
  });

  test('without its end is shown, and told', async () => {
    const { entries, notes } = await readRaw(
      'ip6tables-10.img',
      '*raw\n:PREROUTING ACCEPT [12:345]\n-A PREROUTING -j DROP',
    );
    assert.deepEqual(entries, [
      {
        table: 'raw',
        chains: [{ name: 'PREROUTING', policy: 'ACCEPT', packets: 12n, bytes: 345n }],
        rules: ['-A PREROUTING -j DROP'],
      },
    ]);
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ['truncated'],
    );
  });

  test('of no byte has no table', async () => {
    assert.deepEqual(await readRaw('iptables-10.img', ''), { entries: [], notes: [] });
  });
});

suite('what the standard streams were', () => {
  test('is a list of names', async () => {
    const { entries } = await readRaw('descriptors.json', '["/dev/null","pipe:[12]","pipe:[13]"]');
    assert.deepEqual(entries, ['/dev/null', 'pipe:[12]', 'pipe:[13]']);
  });

  test('is shown as it stands where it is no such list', async () => {
    for (const content of ['["/dev/null",', '{"a":1}', '[1,2]', '['.repeat(500_000)]) {
      const { entries, notes } = await readRaw('descriptors.json', content);
      assert.deepEqual([entries, notes.map(({ kind }) => kind)], [[content], ['damaged']]);
    }
  });

  test('is not read where it is larger than any', async () => {
    const { entries, notes } = await readRaw('descriptors.json', ' '.repeat(2 * 1024 * 1024));
    assert.deepEqual([entries, notes.map(({ kind }) => kind)], [[], ['may-be-incomplete']]);
  });
});

suite('a log', () => {
  test('is its lines, those of odd bytes with them', async () => {
    const log = Buffer.concat([
      Buffer.from('(00.000001) one\r\n(00.000002) '),
      Buffer.from([0xc3]),
      Buffer.from('\nlast'),
    ]);
    const { entries } = await readRaw('dump.log', log);
    assert.deepEqual(entries, [
      '(00.000001) one',
      {
        text: '(00.000002) \u{FFFD}',
        text_bytes: Buffer.concat([Buffer.from('(00.000002) '), Buffer.from([0xc3])]).toString('base64'),
      },
      'last',
    ]);
  });

  test('of one endless line comes in pieces', async () => {
    const { entries } = await readRaw('dump.log', Buffer.alloc(5 * 1024 * 1024, 0x61));
    assert.ok(entries.length > 2);
    assert.equal(
      entries.map((entry) => (entry as string).length).reduce((a, b) => a + b),
      5 * 1024 * 1024,
    );
  });
});
