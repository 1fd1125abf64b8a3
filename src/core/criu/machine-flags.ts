import { MACHINE } from './architectures.ts';

/** The flags of mmap(2) that CRIU keeps: what a mapping is, and what /proc/PID/smaps said of it. */
export type MapFlag =
  | 'MAP_SHARED'
  | 'MAP_PRIVATE'
  | 'MAP_DROPPABLE'
  | 'MAP_ANON'
  | 'MAP_GROWSDOWN'
  | 'MAP_LOCKED'
  | 'MAP_NORESERVE'
  | 'MAP_HUGETLB';

type MapBits = Readonly<Record<MapFlag, number>>;

/** Source: the kernel's include/uapi/linux/mman.h, asm-generic/mman.h and asm-generic/mman-common.h. */
const usual: MapBits = {
  MAP_SHARED: 0x1,
  MAP_PRIVATE: 0x2,
  MAP_DROPPABLE: 0x8,
  MAP_ANON: 0x20,
  MAP_GROWSDOWN: 0x100,
  MAP_LOCKED: 0x2000,
  MAP_NORESERVE: 0x4000,
  MAP_HUGETLB: 0x40000,
};

/** By CRIU's machine number. Source: arch/powerpc and arch/mips, include/uapi/asm/mman.h. */
const others: Readonly<Record<number, MapBits>> = {
  [MACHINE.ppc64]: { ...usual, MAP_NORESERVE: 0x40, MAP_LOCKED: 0x80 },
  [MACHINE.mips]: {
    ...usual,
    MAP_NORESERVE: 0x400,
    MAP_ANON: 0x800,
    MAP_GROWSDOWN: 0x1000,
    MAP_LOCKED: 0x8000,
    MAP_HUGETLB: 0x80000,
  },
};

/** @param machine CRIU's number of the architecture; without it the numbers that most have */
export function mapFlagBits(machine: number | undefined): MapBits {
  return (machine === undefined ? undefined : others[machine]) ?? usual;
}

type OpenFlag =
  | `O_${'CREAT' | 'EXCL' | 'NOCTTY' | 'TRUNC' | 'APPEND' | 'NONBLOCK' | 'DSYNC' | 'ASYNC' | 'DIRECT' | 'LARGEFILE'}`
  | `O_${'DIRECTORY' | 'NOFOLLOW' | 'NOATIME' | 'CLOEXEC' | 'PATH'}`
  /** O_SYNC without O_DSYNC, and O_TMPFILE without O_DIRECTORY. */
  | 'SYNC'
  | 'TMPFILE';

/**
 * Flags of open(2) beside the access mode, which have a bit of their own. Source: include/uapi/asm-generic/fcntl.h, and
 * the fcntl.h of the machines that differ.
 * @param machine CRIU's number of the architecture; without it the numbers that most have
 */
export function openFlagBits(machine: number | undefined): Readonly<Record<OpenFlag, number>> {
  const mips = machine === MACHINE.mips;
  const arm = machine === MACHINE.arm || machine === MACHINE.aarch64;
  const ppc = machine === MACHINE.ppc64;
  return {
    O_CREAT: mips ? 0x100 : 0o100,
    O_EXCL: mips ? 0x400 : 0o200,
    O_NOCTTY: mips ? 0x800 : 0o400,
    O_TRUNC: mips ? 0x200 : 0o1000,
    O_APPEND: mips ? 0x8 : 0o2000,
    O_NONBLOCK: mips ? 0x80 : 0o4000,
    O_DSYNC: mips ? 0x10 : 0o10000,
    O_ASYNC: mips ? 0x1000 : 0o20000,
    O_DIRECT: mips ? 0x8000 : ppc ? 0o400000 : arm ? 0o200000 : 0o40000,
    O_LARGEFILE: mips ? 0x2000 : ppc ? 0o200000 : arm ? 0o400000 : 0o100000,
    O_DIRECTORY: arm || ppc ? 0o40000 : 0o200000,
    O_NOFOLLOW: arm || ppc ? 0o100000 : 0o400000,
    O_NOATIME: 0o1000000,
    O_CLOEXEC: 0o2000000,
    O_PATH: 0o10000000,
    SYNC: mips ? 0x4000 : 0o4000000,
    TMPFILE: 0o20000000,
  };
}

/** Numbers of the two types of sockets that MIPS has the other way round. Source: arch/mips/include/asm/socket.h. */
export function streamAndDatagram(machine: number | undefined): { readonly stream: number; readonly datagram: number } {
  return machine === MACHINE.mips ? { stream: 2, datagram: 1 } : { stream: 1, datagram: 2 };
}
