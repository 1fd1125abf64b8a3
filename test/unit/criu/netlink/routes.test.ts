import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { JsonObject, JsonValue } from '../../../../src/core/criu/json-text.ts';
import { bytes, uint32 } from '../build-image.ts';
import { at, readRaw } from '../raw/support.ts';
import { attribute, message } from './build-netlink.ts';

const recorded = join(import.meta.dirname, 'recorded');
const image = (name: string): Buffer => readFileSync(join(recorded, name));
const truth = (name: string): Record<string, unknown>[] =>
  JSON.parse(readFileSync(join(recorded, name), 'utf8')) as Record<string, unknown>[];

/** The words of `ip` for those of the kernel's headers: `RT_SCOPE_HOST` is `host`. */
const plain = (word: unknown): string =>
  String(word)
    .replace(/^(RT_SCOPE|RTN|RTPROT|RT_TABLE|AF|FR_ACT)_/, '')
    .toLowerCase();
const routeMagic = uint32(0x45311224);

suite('what ip saved', () => {
  test('addresses are those that ip -json addr told of the same kernel', async () => {
    const { entries, notes } = await readRaw('ifaddr-10.img', image('ifaddr-10.img'), true);
    assert.deepEqual(notes, []);
    const links = truth('addr.json');
    const expected = links.flatMap(({ ifindex, addr_info }) =>
      (addr_info as Record<string, unknown>[]).map(({ family, local, prefixlen, scope, label }) => ({
        ifindex,
        family,
        local,
        prefixlen,
        scope,
        label,
      })),
    );
    const found = entries.map((entry) => ({
      ifindex: at(entry, 'ifaddrmsg', 'index'),
      family: plain(at(entry, 'ifaddrmsg', 'family')),
      local: at(entry, 'attributes', 'IFA_LOCAL') ?? at(entry, 'attributes', 'IFA_ADDRESS'),
      prefixlen: at(entry, 'ifaddrmsg', 'prefixlen'),
      scope: plain(at(entry, 'ifaddrmsg', 'scope')).replace('universe', 'global'),
      label: at(entry, 'attributes', 'IFA_LABEL'),
    }));
    const byAddress = (a: { local?: unknown }, b: { local?: unknown }): number =>
      String(a.local).localeCompare(String(b.local));
    assert.deepEqual(found.sort(byAddress), expected.sort(byAddress));
    assert.equal(at(entries[0], 'nlmsghdr', 'type'), 'RTM_NEWADDR');
  });

  for (const [name, listing] of [
    ['route-10.img', 'route.json'],
    ['route6-10.img', 'route6.json'],
  ] as const) {
    test(`routes are those of ip -json route: ${name}`, async () => {
      const { entries, notes } = await readRaw(name, image(name), true);
      assert.deepEqual(notes, []);
      const known = truth(listing);
      const found = entries.map((entry) => routeOf(entry, { 1: 'lo', 2: 'va' }));
      const compared = known.map((route) =>
        Object.fromEntries(Object.entries(route).filter(([key]) => key !== 'flags' && key !== 'pref')),
      );
      assert.deepEqual(
        found,
        compared.map((route) => ({
          ...route,
          ...(route['nexthops'] !== undefined && {
            nexthops: (route['nexthops'] as JsonObject[]).map(({ gateway, dev, weight }) => ({ gateway, dev, weight })),
          }),
        })),
      );
    });
  }

  test('rules are those of ip -json rule', async () => {
    const { entries, notes } = await readRaw('rule-10.img', image('rule-10.img'), true);
    assert.deepEqual(notes, []);
    const found = entries.map((entry) => {
      const attributes = at(entry, 'attributes') as JsonObject;
      const action = at(entry, 'fib_rule_hdr', 'action');
      const [sports, dports, uids] = [
        attributes['FRA_SPORT_RANGE'],
        attributes['FRA_DPORT_RANGE'],
        attributes['FRA_UID_RANGE'],
      ];
      return defined({
        priority: attributes['FRA_PRIORITY'] ?? 0,
        src: attributes['FRA_SRC'] ?? 'all',
        dst: attributes['FRA_DST'],
        dstlen: attributes['FRA_DST'] === undefined ? undefined : at(entry, 'fib_rule_hdr', 'dst_len'),
        fwmark: attributes['FRA_FWMARK'],
        fwmask: attributes['FRA_FWMARK'] === undefined ? undefined : attributes['FRA_FWMASK'],
        iif: attributes['FRA_IIFNAME'],
        uid_start: at(uids, 'start'),
        uid_end: at(uids, 'end'),
        ipproto: attributes['FRA_IP_PROTO'] === undefined ? undefined : plain(attributes['FRA_IP_PROTO']),
        sport_start: at(sports, 'start'),
        sport_end: at(sports, 'end'),
        dport: at(dports, 'start'),
        action: action === 'FR_ACT_TO_TBL' ? undefined : plain(action),
        table: action === 'FR_ACT_TO_TBL' ? plain(attributes['FRA_TABLE']) : undefined,
      });
    });
    assert.deepEqual(found, truth('rule.json'));
  });

  test('has numbers for words where no words are wanted', async () => {
    const { entries } = await readRaw('rule-10.img', image('rule-10.img'));
    assert.deepEqual(at(entries[1], 'attributes', 'FRA_FWMARK'), 16);
    assert.deepEqual(at(entries[1], 'nlmsghdr', 'type'), 32);
    assert.deepEqual(at(entries[1], 'fib_rule_hdr', 'action'), 1);
  });

  test('without a byte is an empty table', async () => {
    assert.deepEqual(await readRaw('route-10.img', ''), { entries: [], notes: [] });
  });

  test('that starts with something else is told as such', async () => {
    for (const [content, kind] of [
      [uint32(0x47361222), 'damaged'],
      [Uint8Array.of(0x24, 0x12), 'truncated'],
    ] as const) {
      const { entries, notes } = await readRaw('route-10.img', content);
      assert.deepEqual(entries, []);
      assert.deepEqual(
        notes.map((note) => [note.kind, note.offset]),
        [[kind, 0]],
      );
    }
  });

  test('shows what it does not know with its bytes', async () => {
    const unknown = bytes(
      routeMagic,
      message(24, new Uint8Array(12), attribute(99, 'abcd'), attribute(5, [1, 2, 3])),
      message(77, 'what'),
    );
    const { entries, notes } = await readRaw('route-10.img', unknown, true);
    assert.deepEqual(notes, []);
    assert.deepEqual(at(entries[0], 'attributes'), {
      unknown_attributes: [
        { type: 99, value: Buffer.from('abcd').toString('base64') },
        { type: 5, value: Buffer.from([1, 2, 3]).toString('base64') },
      ],
    });
    assert.deepEqual(at(entries[1], 'nlmsghdr', 'type'), 77);
    assert.equal(at(entries[1], 'payload'), Buffer.from('what').toString('base64'));
  });

  test('has an attribute that is there again as a list, however often', async () => {
    const one = attribute(30, uint32(7));
    const many = Buffer.alloc(one.length * 100_000, one);
    const { entries } = await readRaw('route-10.img', bytes(routeMagic, message(24, new Uint8Array(12), many)));
    const list = at(entries[0], 'attributes', 'RTA_NH_ID') as readonly number[];
    assert.deepEqual([list.length, list[0], list.at(-1)], [100_000, 7, 7]);
  });

  test('with hops whose lengths do not fit shows their bytes', async () => {
    for (const length of [0, 7, 100]) {
      const hop = bytes([length, 0, 0, 0], uint32(2));
      const { entries } = await readRaw(
        'route-10.img',
        bytes(routeMagic, message(24, new Uint8Array(12), attribute(9, hop))),
      );
      assert.deepEqual(at(entries[0], 'attributes', 'unknown_attributes'), [
        { type: 9, value: Buffer.from(hop).toString('base64') },
      ]);
    }
  });

  test('nests no deeper than it should', async () => {
    let inner = bytes(uint32(0));
    for (let depth = 0; depth < 2000; depth++)
      inner = attribute(9, bytes(lengthOf(8 + inner.length), [0, 0], uint32(1), inner));
    const { entries, notes } = await readRaw('route-10.img', bytes(routeMagic, message(24, new Uint8Array(12), inner)));
    assert.equal(entries.length, 1);
    assert.ok(JSON.stringify(entries).split('RTA_MULTIPATH').length < 20);
    assert.deepEqual(notes, []);
  });
});

function lengthOf(length: number): Uint8Array {
  return Uint8Array.of(length & 0xff, (length >> 8) & 0xff);
}

function routeOf(entry: JsonValue, devices: Readonly<Record<number, string>>): object {
  const attributes = at(entry, 'attributes') as JsonObject;
  const length = at(entry, 'rtmsg', 'dst_len') as number;
  const family = at(entry, 'rtmsg', 'family');
  const host = family === 'AF_INET' ? 32 : 128;
  const destination = attributes['RTA_DST'] as string | undefined;
  const { RTA_METRICS: metrics, RTA_VIA: via, RTA_MULTIPATH: hops } = attributes;
  const device = devices[attributes['RTA_OIF'] as number];
  return defined({
    type: plain(at(entry, 'rtmsg', 'type')),
    dst: destination === undefined ? 'default' : length === host ? destination : `${destination}/${length}`,
    gateway: attributes['RTA_GATEWAY'],
    via: via && { family: plain(at(via, 'family')), host: at(via, 'address') },
    dev: device,
    protocol: plain(at(entry, 'rtmsg', 'protocol')),
    scope: plain(at(entry, 'rtmsg', 'scope')).replace('universe', 'global'),
    prefsrc: attributes['RTA_PREFSRC'],
    metric: attributes['RTA_PRIORITY'],
    metrics: metrics && [{ mtu: at(metrics, 'RTAX_MTU'), advmss: at(metrics, 'RTAX_ADVMSS') }],
    nexthops:
      hops &&
      (hops as readonly JsonValue[]).map((hop) => ({
        gateway: at(hop, 'attributes', 'RTA_GATEWAY'),
        dev: devices[at(hop, 'rtnexthop', 'ifindex') as number],
        weight: (at(hop, 'rtnexthop', 'hops') as number) + 1,
      })),
  });
}

function defined(all: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
