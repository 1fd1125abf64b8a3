import { readTable } from '../syscalls/names.ts';

/**
 * What a filter answers: the action in the upper half of the word, its data in the lower one.
 * Source: include/uapi/linux/seccomp.h.
 */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0x80000000, 'KILL_PROCESS'],
  [0x00000000, 'KILL_THREAD'],
  [0x00030000, 'TRAP'],
  [0x00050000, 'ERRNO'],
  [0x7fc00000, 'USER_NOTIF'],
  [0x7ff00000, 'TRACE'],
  [0x7ffc0000, 'LOG'],
  [0x7fff0000, 'ALLOW'],
]);
const WITH_DATA: ReadonlySet<string> = new Set(['TRAP', 'ERRNO', 'TRACE']);

/** Error numbers that are the same on all machines. A number starts a run of names. Source: asm-generic/errno-base.h. */
const BASE = `
1 EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV
ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE`;
/** Source: asm-generic/errno.h. */
const GENERIC = `
EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP 42 ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI
EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT 59 EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV
ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX
ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT
ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET
ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH
EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY
EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON`;
/** Source: arch/mips/include/uapi/asm/errno.h. */
const MIPS = `
ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EDEADLK ENOLCK 50 EBADE EBADR EXFULL ENOANO
EBADRQC EBADSLT EDEADLOCK 59 EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO
73 EDOTDOT EMULTIHOP 77 EBADMSG ENAMETOOLONG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC
EILSEQ ENOSYS ELOOP ERESTART ESTRPIPE ENOTEMPTY EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE EPROTOTYPE ENOPROTOOPT
120 EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH
ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN EUCLEAN 137 ENOTNAM ENAVAIL EISNAM EREMOTEIO EINIT EREMDEV
ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE 158 ECANCELED
ENOMEDIUM EMEDIUMTYPE ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL EHWPOISON
1133 EDQUOT`;
/** Source: arch/powerpc/include/uapi/asm/errno.h. */
const PPC64 = `${GENERIC} 58 EDEADLOCK`;

/** What AUDIT_ARCH_* has in its lower half. Source: include/uapi/linux/elf-em.h. */
const EM_MIPS = 8;
const EM_PPC64 = 21;

/** By what comes after the base. */
const tables = new Map<string, ReadonlyMap<number, string>>();

function errnoTable(own: string): ReadonlyMap<number, string> {
  const known = tables.get(own);
  if (known) return known;
  const table = new Map<number, string>();
  readTable(BASE + own, 0, table);
  tables.set(own, table);
  return table;
}

/**
 * `EPERM`; undefined for a number that is no error.
 * @param audit AUDIT_ARCH_* of the process: MIPS and POWER have numbers of their own
 */
export function errnoName(number: number, audit: number | undefined): string | undefined {
  const machine = (audit ?? 0) & 0xffff;
  const own = machine === EM_MIPS ? MIPS : machine === EM_PPC64 ? PPC64 : GENERIC;
  return errnoTable(own).get(number);
}

/** `ALLOW`, `ERRNO(EPERM)`, `TRACE(1)`; an action that no kernel knows is its number, and kills the process. */
export function describeAction(word: number, audit: number | undefined): string {
  const data = word & 0xffff;
  const action = (word & 0xffff0000) >>> 0;
  const name = NAMES.get(action);
  if (name === undefined) return `KILL_PROCESS(0x${(word >>> 0).toString(16).padStart(8, '0')})`;
  if (name === 'ERRNO') return `ERRNO(${errnoName(data, audit) ?? String(data)})`;
  return WITH_DATA.has(name) && data !== 0 ? `${name}(${String(data)})` : name;
}

/**
 * Which of several filters' answers counts: the one whose action, as a signed number, is lowest; of equal ones that of
 * the filter which was added last. Source: kernel/seccomp.c, seccomp_run_filters.
 */
export function strongest(newer: number, older: number): number {
  return actionOrder(older) < actionOrder(newer) ? older : newer;
}

function actionOrder(word: number): number {
  return (word & 0xffff0000) | 0;
}
