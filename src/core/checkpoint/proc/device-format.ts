import type { NetworkAddress, NetworkDevice, NetworkNamespace, NetworkRoute } from '../../../protocol/networks.ts';
import { octetsOfAddress } from '../../criu/field-words.ts';
import { filled, hex, wordText, type MachineWords } from './net-format.ts';

/** Source: the kernel's net/core/net-procfs.c. The interfaces' counters are not in a checkpoint and stand as zeros. */
export function formatDevices({ devices }: NetworkNamespace): string {
  const widths = [7, 7, 4, 4, 4, 5, 10, 9, 8, 7, 4, 4, 4, 5, 7, 10];
  const zeros = widths.map((width) => '0'.padStart(width)).join(' ');
  return filled([
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    ...devices.map(({ name }) => `${name.padStart(6)}: ${zeros}`),
  ]);
}

/** IPV6_ADDR_* of the kernel's include/net/ipv6.h by the scopes of rtnetlink. */
const SCOPES: Readonly<Record<string, number>> = { global: 0, host: 0x10, link: 0x20, site: 0x40 };

/** IPv6 addresses. Source: the kernel's net/ipv6/addrconf.c, if6_seq_show. */
export function formatInet6Addresses({ addresses, devices }: NetworkNamespace): string {
  return filled(
    addresses
      .filter(({ address }) => address.includes(':'))
      .map(({ address, device, prefix, scope, flags }) => {
        const numbers = [device, prefix, SCOPES[scope] ?? 0, flags & 0xff];
        const columns = numbers.map((number) => number.toString(16).padStart(2, '0')).join(' ');
        return `${Buffer.from(octetsOfAddress(address)).toString('hex')} ${columns} ${nameOf(devices, device).padStart(8)}`;
      }),
  );
}

const MAIN_TABLE = 254;
const NOT_LISTED: ReadonlySet<string> = new Set(['broadcast', 'multicast']);
const RTF = { up: 1, gateway: 2, host: 4, reject: 0x200 } as const;
const ROUTE_WIDTH = 127;

/** IPv4 routes of the main table. Source: the kernel's net/ipv4/fib_trie.c, fib_route_seq_show. */
export function formatRoutes({ routes, devices }: NetworkNamespace, words: MachineWords): string {
  const head = [
    'Iface',
    'Destination',
    'Gateway ',
    'Flags',
    'RefCnt',
    'Use',
    'Metric',
    'Mask',
    '',
    'MTU',
    'Window',
    'IRTT',
  ];
  const lines = routes
    .filter(({ family, table, type }) => family === 'inet' && table === MAIN_TABLE && !NOT_LISTED.has(type))
    .flatMap((route) =>
      (route.hops ?? [{ gateway: route.gateway, device: route.device }])
        .slice(0, 1)
        .map((hop) => routeLine(route, hop, devices, words)),
    );
  return filled([head.join('\t'), ...lines], ROUTE_WIDTH);
}

interface Hop {
  readonly gateway?: string | undefined;
  readonly device?: number | undefined;
}

function routeLine(
  route: NetworkRoute,
  { gateway, device }: Hop,
  devices: readonly NetworkDevice[],
  words: MachineWords,
): string {
  const [network = '0.0.0.0', length = '0'] = route.destination === 'default' ? [] : route.destination.split('/');
  const bits = Number(length);
  const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
  const { advmss = 0, window = 0, rtt = 0 } = route.metrics ?? {};
  const rejects = route.type === 'unreachable' || route.type === 'prohibit';
  const flags =
    RTF.up | (rejects ? RTF.reject : 0) | (gateway === undefined ? 0 : RTF.gateway) | (bits === 32 ? RTF.host : 0);
  return [
    device === undefined ? '*' : nameOf(devices, device),
    addressText(network, words),
    // Of an IPv6 gateway the kernel tells here only that there is one.
    addressText(gateway === undefined || gateway.includes(':') ? '0.0.0.0' : gateway, words),
    hex(flags, 4),
    '0',
    '0',
    String(route.metric ?? 0),
    wordText(Buffer.from([mask >>> 24, mask >>> 16, mask >>> 8, mask]).readUInt32LE(), words.isBigEndian),
    // The maximum segment, and what the headers take.
    String(advmss === 0 ? 0 : advmss + 40),
    String(window),
    String(rtt >>> 3),
  ].join('\t');
}

/** An address as the machine reads its bytes. */
function addressText(address: string, { isBigEndian }: MachineWords): string {
  return wordText(Buffer.from(octetsOfAddress(address)).readUInt32LE(), isBigEndian);
}

function nameOf(devices: readonly NetworkDevice[], index: NetworkAddress['device']): string {
  return devices.find((device) => device.index === index)?.name ?? `if${String(index)}`;
}
