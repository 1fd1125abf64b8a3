import type { LockFacts } from '../../../protocol/open-files.ts';
import type { FileLockEntry } from '../../criu/schema/generated/messages.ts';

/** Source: criu/include/file-lock.h. */
const KINDS = new Map<number, LockFacts['kind']>([
  [1, 'POSIX'],
  [2, 'FLOCK'],
  [4, 'OFD'],
  [8, 'LEASE'],
]);
const LEASE_BREAKING = 4;
const LOCK_MANDATORY = 32;
const LOCK_READ = 64;
const LOCK_WRITE = 128;
/** F_RDLCK, F_WRLCK, F_UNLCK of include/uapi/asm-generic/fcntl.h. */
const ACCESS: readonly LockFacts['access'][] = ['read', 'write', 'none'];

/** One lock of filelocks.img. CRIU keeps the length; 0 is to the end of the file, wherever that comes to be. */
export function describeLock(lock: FileLockEntry): LockFacts {
  const kind = KINDS.get(lock.flag) ?? 'unknown';
  const breaking = kind === 'LEASE' && (lock.type & LEASE_BREAKING) !== 0;
  const access = accessOf(breaking ? lock.type & ~LEASE_BREAKING : lock.type);
  return {
    kind,
    ...(kind === 'unknown' && { kindNumber: lock.flag }),
    access,
    ...(access === 'unknown' && { accessNumber: lock.type }),
    ...(breaking && { breaking }),
    pid: lock.pid,
    fd: lock.fd,
    start: lock.start,
    ...(lock.len !== 0n && { end: lock.start + lock.len - 1n }),
  };
}

function accessOf(type: number): LockFacts['access'] {
  if ((type & LOCK_MANDATORY) === 0) return ACCESS[type] ?? 'unknown';
  // A share mode of kernels before 5.15: what others may do.
  return (type & LOCK_WRITE) !== 0 ? 'write' : (type & LOCK_READ) !== 0 ? 'read' : 'none';
}
