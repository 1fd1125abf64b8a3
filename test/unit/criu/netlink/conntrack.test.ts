import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import {
  protocolName,
  readConntrack,
  type ConntrackEntry,
  type ConntrackTuple,
} from '../../../../src/core/criu/netlink/conntrack.ts';
import { statusFlags } from '../../../../src/core/criu/netlink/conntrack-tables.ts';
import { bytes, type Part } from '../build-image.ts';
import { MemorySource } from '../memory-file-set.ts';
import { attribute, message } from './build-netlink.ts';

const recorded = join(import.meta.dirname, 'recorded');
const table = readFileSync(join(recorded, 'netns-ct-10.img'));
const where = 'checkpoint/netns-ct-10.img';

suite('the connection tracking table', () => {
  test('tells what conntrack -L told of the same kernel', async () => {
    const { entries, notes } = await readConntrack(new MemorySource(table), where);
    assert.deepEqual(notes, []);
    const truth = readFileSync(join(recorded, 'conntrack.txt'), 'utf8').trim().split('\n');
    assert.deepEqual(entries.map(asConntrackPrints).sort(), truth.map(withoutWhatPasses).sort());
  });

  test('tells when each connection began: all within the few seconds that the recording took', async () => {
    const { entries } = await readConntrack(new MemorySource(table), where);
    const started = entries.map(({ started: at = 0n }) => Number(at / 1_000_000n));
    assert.ok(Math.min(...started) > Date.UTC(2025, 0));
    assert.ok(Math.max(...started) - Math.min(...started) < 10_000);
  });

  test('of no byte is empty', async () => {
    assert.deepEqual(await readConntrack(new MemorySource(new Uint8Array()), where), { entries: [], notes: [] });
  });

  test('takes the messages of netns-exp for what they are', async () => {
    const image = bytes(
      table.subarray(0, 10),
      table.subarray(10),
      message(0x200, [2, 0, 0, 0], attribute(4, [0, 0, 0, 9])),
    );
    const { entries, notes } = await readConntrack(new MemorySource(image), 'checkpoint/netns-exp-10.img');
    assert.equal(entries.length, 10);
    assert.deepEqual(notes, []);
  });

  test('keeps what stands before the end of a short image', async () => {
    const whole = await readConntrack(new MemorySource(table), where);
    for (let length = 0; length < table.length; length += 13) {
      const { entries, notes } = await readConntrack(new MemorySource(table.subarray(0, length)), where);
      const expected = whole.entries.filter(
        ({ offset }, index) => (whole.entries[index + 1]?.offset ?? table.length) <= length && offset < length,
      );
      assert.deepEqual(entries, expected, `of ${length} bytes`);
      const end = expected.length === 0 ? 0 : (whole.entries[expected.length]?.offset ?? 0);
      assert.deepEqual(
        notes.map(({ kind, offset }) => ({ kind, offset })),
        end === length ? [] : [{ kind: 'truncated', offset: end }],
      );
    }
  });

  test('tells where an attribute reaches beyond its message, and keeps the others', async () => {
    const broken: Part[] = [[2, 0, 0, 0], attribute(7, [0, 0, 1, 0]), [200, 0, 8, 0, 1, 2, 3, 4]];
    const image = bytes(message(0x100, ...broken), message(0x100, [2, 0, 0, 0], attribute(7, [0, 0, 0, 5])));
    const { entries, notes } = await readConntrack(new MemorySource(image), where);
    assert.deepEqual(
      entries.map(({ timeout, mark }) => ({ timeout, mark })),
      [
        { timeout: 256, mark: undefined },
        { timeout: 5, mark: undefined },
      ],
    );
    assert.deepEqual(
      notes.map(({ kind, offset }) => ({ kind, offset })),
      [{ kind: 'damaged', offset: 16 + 4 + 8 }],
    );
  });

  test('stops at a length that no message has', async () => {
    for (const length of [0, 15, 0xffff_ffff]) {
      const head = Buffer.alloc(16);
      head.writeUInt32LE(length);
      const { entries, notes } = await readConntrack(new MemorySource(bytes(table, head)), where);
      assert.equal(entries.length, 10);
      assert.deepEqual(
        notes.map(({ kind, offset }) => ({ kind, offset })),
        [{ kind: 'damaged', offset: table.length }],
      );
    }
  });

  test('takes 32-bit counters, and gives none where there are none', async () => {
    const narrow = attribute(9, attribute(3, [0, 0, 0, 2]), attribute(4, [0, 0, 1, 0]));
    const image = message(0x100, [10, 0, 0, 0], narrow);
    const { entries } = await readConntrack(new MemorySource(image), where);
    assert.deepEqual(entries, [{ offset: 0, family: 10, originalCounters: { packets: 2n, bytes: 256n } }]);
  });
});

/** The lines of `conntrack -L -o extended,id`, but for what passes between two looks: timeout, use, age. */
function asConntrackPrints(entry: ConntrackEntry): string {
  const { original = {}, reply = {}, status = 0 } = entry;
  const has = (flag: string): boolean => (status & (statusFlags.find(([name]) => name === flag)?.[1] ?? 0)) !== 0;
  return [
    entry.family === 2 ? 'ipv4' : 'ipv6',
    entry.family,
    (protocolName(original.protocol ?? -1) ?? '').toLowerCase(),
    original.protocol,
    entry.state,
    ...tuple(original, entry.originalCounters),
    !has('IPS_SEEN_REPLY') && '[UNREPLIED]',
    ...tuple(reply, entry.replyCounters),
    has('IPS_ASSURED') && '[ASSURED]',
    `mark=${String(entry.mark)}`,
    entry.helper !== undefined && `helper=${entry.helper}`,
    `id=${String(entry.id)}`,
  ]
    .filter((part) => part !== undefined && part !== false)
    .join(' ');
}

function tuple(ends: ConntrackTuple, counters: ConntrackEntry['originalCounters']): readonly string[] {
  const { icmp } = ends;
  return [
    `src=${String(ends.source)}`,
    `dst=${String(ends.destination)}`,
    ...(icmp
      ? [`type=${String(icmp.type)}`, `code=${String(icmp.code)}`, `id=${String(icmp.id)}`]
      : [`sport=${String(ends.sourcePort)}`, `dport=${String(ends.destinationPort)}`]),
    `packets=${String(counters?.packets)}`,
    `bytes=${String(counters?.bytes)}`,
  ];
}

function withoutWhatPasses(line: string): string {
  return line.replace(/^(\S+) +(\d+) (\S+) +(\d+) \d+/, '$1 $2 $3 $4').replace(/ (use|delta-time)=\d+/g, '');
}
