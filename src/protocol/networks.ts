/** A network interface of a namespace that was dumped. */
export interface NetworkDevice {
  readonly index: number;
  readonly name: string;
  /** CRIU's word for it: `LOOPBACK`, `VETH`, `BRIDGE` …, or a number. */
  readonly type: string;
  readonly mtu: number;
  /** `UP`, `LOOPBACK`, `RUNNING` … */
  readonly flags: readonly string[];
  /** Hardware address, `02:42:ac:11:00:02`. */
  readonly address?: string;
  /** Index of the bridge that it is a port of. */
  readonly master?: number;
}

export interface NetworkAddress {
  /** Index of the interface that has it. */
  readonly device: number;
  readonly address: string;
  readonly prefix: number;
  /** Of a point-to-point link: the address on its other side. */
  readonly peer?: string;
  /** `global`, `link`, `host`, `site`, or a number. */
  readonly scope: string;
  /** IFA_F_* bits. */
  readonly flags: number;
}

export interface NetworkRoute {
  readonly family: 'inet' | 'inet6';
  /** `default`, `10.88.0.0/16`. */
  readonly destination: string;
  readonly gateway?: string;
  /** Index of the interface; absent where it has several, or none. */
  readonly device?: number;
  readonly source?: string;
  readonly metric?: number;
  readonly table: number;
  /** `unicast`, `blackhole`, `unreachable` …, or a number. */
  readonly type: string;
  /** RTAX_* that the route sets: `mtu`, `advmss`, `window`, `rtt`. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Several ways that share the traffic: what each leads over. */
  readonly hops?: readonly { readonly gateway?: string; readonly device: number }[];
}

/** A network namespace of the dump. */
export interface NetworkNamespace {
  /** As CRIU numbers it: joins sockets and processes. */
  readonly id: number;
  /** CRIU's key, where the namespace was not dumped but is to be there at the restore. */
  readonly external?: string;
  readonly devices: readonly NetworkDevice[];
  readonly addresses: readonly NetworkAddress[];
  readonly routes: readonly NetworkRoute[];
}
