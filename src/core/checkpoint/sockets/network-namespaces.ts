import type { NetworkAddress, NetworkDevice, NetworkNamespace, NetworkRoute } from '../../../protocol/networks.ts';
import type { Note } from '../../../protocol/note.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import type { JsonObject, JsonValue } from '../../criu/json-text.ts';
import { fileOf, kindOfFile, type KindName } from '../../criu/kinds.ts';
import { visitNetlink, type NetlinkFormat } from '../../criu/netlink/messages.ts';
import { addressFormat, routeFormat } from '../../criu/netlink/route-tables.ts';
import type { NetDeviceEntry } from '../../criu/schema/generated/messages.ts';
import { known } from '../known-images.ts';

type Tell = (notes: readonly Note[]) => void;

/** Kinds of images of which a namespace has one each. */
const OF_NAMESPACES: ReadonlySet<string> = new Set(['NETNS', 'NETDEV']);
/** More than a container's namespace has of anything; a router's full table is in the image. */
const maxListed = 10_000;

/** The network namespaces of the dump with their interfaces, addresses and routes. The host's own is not dumped. */
export async function readNetworkNamespaces(
  images: ImageDirectory,
  tell: Tell,
  signal?: AbortSignal,
): Promise<readonly NetworkNamespace[]> {
  const ids = new Set(
    images.names().flatMap((name) => {
      const kind = kindOfFile(name);
      return kind && OF_NAMESPACES.has(kind.row.kind) ? [Number(kind.id)] : [];
    }),
  );
  const namespaces: NetworkNamespace[] = [];
  for (const id of [...ids].sort((a, b) => a - b)) namespaces.push(await readNamespace(images, id, tell, signal));
  return namespaces;
}

async function readNamespace(
  images: ImageDirectory,
  id: number,
  tell: Tell,
  signal?: AbortSignal,
): Promise<NetworkNamespace> {
  const [netns] = await known(images, 'NETNS', fileOf('NETNS', id), signal);
  const messages = <T>(kind: KindName, format: NetlinkFormat, describe: (content: JsonObject) => T | undefined) =>
    readMessages(images, fileOf(kind, id), format, describe, tell, signal);
  return {
    id,
    ...(netns?.ext_key !== undefined && { external: netns.ext_key }),
    devices: (await readNetworkDevices(images, id, signal)).map(describeDevice),
    addresses: await messages('IFADDR', addressFormat, describeAddress),
    routes: [
      ...(await messages('ROUTE', routeFormat, describeRoute)),
      ...(await messages('ROUTE6', routeFormat, describeRoute)),
    ],
  };
}

/** CRIU's messages of the interfaces of one namespace, in the order of their indexes. */
export async function readNetworkDevices(
  images: ImageDirectory,
  namespace: number,
  signal?: AbortSignal,
): Promise<readonly NetDeviceEntry[]> {
  const devices = await known(images, 'NETDEV', fileOf('NETDEV', namespace), signal);
  return devices.slice(0, maxListed).sort((one, other) => one.ifindex - other.ifindex);
}

async function readMessages<T>(
  images: ImageDirectory,
  name: string,
  format: NetlinkFormat,
  describe: (content: JsonObject) => T | undefined,
  tell: Tell,
  signal?: AbortSignal,
): Promise<readonly T[]> {
  const source = images.has(name) ? await images.open(name, signal) : undefined;
  if (!source) return [];
  const found: T[] = [];
  try {
    const visit = ({ content }: { readonly content: JsonObject }): boolean => {
      const described = describe(content);
      if (described !== undefined) found.push(described);
      return found.length < maxListed;
    };
    tell(await visitNetlink(source, images.path(name), format, visit, false, signal));
  } finally {
    await source.close();
  }
  return found;
}

/** Source: criu images/netdev.proto, nd_type. */
const DEVICE_TYPES: Readonly<Record<number, string>> = {
  1: 'LOOPBACK',
  2: 'VETH',
  3: 'TUN',
  4: 'EXTLINK',
  5: 'VENET',
  6: 'BRIDGE',
  7: 'MACVLAN',
  8: 'SIT',
};

/** Source: the kernel's include/uapi/linux/if.h, IFF_*. */
const DEVICE_FLAGS: readonly (readonly [bit: number, word: string])[] = [
  [0x1, 'UP'],
  [0x2, 'BROADCAST'],
  [0x8, 'LOOPBACK'],
  [0x10, 'POINTOPOINT'],
  [0x40, 'RUNNING'],
  [0x80, 'NOARP'],
  [0x100, 'PROMISC'],
  [0x200, 'ALLMULTI'],
  [0x400, 'MASTER'],
  [0x800, 'SLAVE'],
  [0x1000, 'MULTICAST'],
  [0x10000, 'LOWER_UP'],
];

function describeDevice(device: NetDeviceEntry): NetworkDevice {
  const { ifindex, name, type, mtu, flags, address, master } = device;
  return {
    index: ifindex,
    name,
    type: DEVICE_TYPES[type] ?? String(type),
    mtu,
    flags: DEVICE_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, word]) => word),
    ...(address && {
      address: Buffer.from(address)
        .toString('hex')
        .replace(/..(?=.)/g, '$&:'),
    }),
    ...(master !== undefined && { master }),
  };
}

/** Source: the kernel's include/uapi/linux/rtnetlink.h, RT_SCOPE_* and RTN_*. */
const SCOPES: Readonly<Record<number, string>> = { 0: 'global', 200: 'site', 253: 'link', 254: 'host', 255: 'nowhere' };
const ROUTE_TYPES: Readonly<Record<number, string>> = {
  1: 'unicast',
  2: 'local',
  3: 'broadcast',
  4: 'anycast',
  5: 'multicast',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
  9: 'throw',
  10: 'nat',
};

function describeAddress(content: JsonObject): NetworkAddress | undefined {
  const head = objectAt(content, 'ifaddrmsg');
  const attributes = objectAt(content, 'attributes');
  if (!head || !attributes) return undefined;
  // Of a point-to-point link IFA_ADDRESS is the other side's.
  const own = textAt(attributes, 'IFA_LOCAL') ?? textAt(attributes, 'IFA_ADDRESS');
  const other = textAt(attributes, 'IFA_ADDRESS');
  if (own === undefined) return undefined;
  const scope = numberAt(head, 'scope') ?? 0;
  return {
    device: numberAt(head, 'index') ?? 0,
    address: own,
    prefix: numberAt(head, 'prefixlen') ?? 0,
    ...(other !== undefined && other !== own && { peer: other }),
    scope: SCOPES[scope] ?? String(scope),
    flags: numberAt(attributes, 'IFA_FLAGS') ?? numberAt(head, 'flags') ?? 0,
  };
}

const AF_INET6 = 10;

function describeRoute(content: JsonObject): NetworkRoute | undefined {
  const head = objectAt(content, 'rtmsg');
  const attributes = objectAt(content, 'attributes');
  if (!head || !attributes) return undefined;
  const type = numberAt(head, 'type') ?? 0;
  const destination = textAt(attributes, 'RTA_DST');
  const gateway = gatewayOf(attributes);
  const device = numberAt(attributes, 'RTA_OIF');
  const source = textAt(attributes, 'RTA_PREFSRC');
  const metric = numberAt(attributes, 'RTA_PRIORITY');
  const metrics = routeMetrics(objectAt(attributes, 'RTA_METRICS') ?? {});
  const hops = describeHops(attributes['RTA_MULTIPATH']);
  return {
    family: numberAt(head, 'family') === AF_INET6 ? 'inet6' : 'inet',
    destination: destination === undefined ? 'default' : `${destination}/${String(numberAt(head, 'dst_len') ?? 0)}`,
    ...(gateway !== undefined && { gateway }),
    ...(device !== undefined && { device }),
    ...(source !== undefined && { source }),
    ...(metric !== undefined && { metric }),
    table: numberAt(attributes, 'RTA_TABLE') ?? numberAt(head, 'table') ?? 0,
    type: ROUTE_TYPES[type] ?? String(type),
    ...(Object.keys(metrics).length > 0 && { metrics }),
    ...(hops.length > 0 && { hops }),
  };
}

/** An IPv4 route may lead over an IPv6 gateway. */
function gatewayOf(attributes: JsonObject): string | undefined {
  return textAt(attributes, 'RTA_GATEWAY') ?? textAt(objectAt(attributes, 'RTA_VIA') ?? {}, 'address');
}

function routeMetrics(attributes: JsonObject): Readonly<Record<string, number>> {
  const names = ['mtu', 'advmss', 'window', 'rtt'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = numberAt(attributes, `RTAX_${name.toUpperCase()}`);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function describeHops(value: JsonValue | undefined): NonNullable<NetworkRoute['hops']> {
  if (!Array.isArray(value)) return [];
  return (value as readonly JsonValue[]).flatMap((hop) => {
    const head = objectAt(hop as JsonObject, 'rtnexthop');
    const gateway = gatewayOf(objectAt(hop as JsonObject, 'attributes') ?? {});
    return head ? [{ device: numberAt(head, 'ifindex') ?? 0, ...(gateway !== undefined && { gateway }) }] : [];
  });
}

/** Of an attribute that is there more than once the last, as the kernel has it. */
function at(object: JsonObject, name: string): JsonValue | undefined {
  const value = object[name];
  return Array.isArray(value) ? (value.at(-1) as JsonValue | undefined) : value;
}

function objectAt(object: JsonObject, name: string): JsonObject | undefined {
  const value = at(object, name);
  return typeof value === 'object' && value !== null ? (value as JsonObject) : undefined;
}

function numberAt(object: JsonObject, name: string): number | undefined {
  const value = at(object, name);
  return typeof value === 'number' ? value : undefined;
}

function textAt(object: JsonObject, name: string): string | undefined {
  const value = at(object, name);
  return typeof value === 'string' ? value : undefined;
}
