import type { LogProblem } from '../../../protocol/logs.ts';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';

interface KnownMessage {
  /** Against the text without time, level and source. */
  readonly pattern: RegExp;
  readonly weight: LogProblem['weight'];
  readonly explanation: Sentence;
}

const cause = (pattern: RegExp, explanation: Sentence): KnownMessage => ({ pattern, weight: 'cause', explanation });
const harmless = (pattern: RegExp, explanation: Sentence): KnownMessage => ({
  pattern,
  weight: 'harmless',
  explanation,
});
const consequence = (pattern: RegExp, explanation: Sentence): KnownMessage => ({
  pattern,
  weight: 'consequence',
  explanation,
});

const lookAbove = sentence('Something above went wrong: this only says what was given up because of it.');

/**
 * What CRIU's messages mean for somebody who does not know CRIU, and what can be done. One row a message; the first that
 * fits counts. Sources: criu/*.c and compel/, where the messages are written.
 */
const KNOWN: readonly KnownMessage[] = [
  // Stands in the logs of dumps that went well.
  harmless(
    /rlimit: Can't setup RLIMIT_NOFILE for self/,
    sentence('CRIU could not raise its own limit of open files. It works without, unless the container has very many.'),
  ),
  harmless(
    /Will restore \d+ with interrupted system call/,
    sentence(
      'The process was in a system call that cannot be continued: after a restore it is told EINTR, which most programs handle.',
    ),
  ),
  harmless(
    /fsnotify: \s*Handle .* cannot be opened/,
    sentence(
      'A watched file cannot be opened by its handle on this file system. CRIU looks for it by its path instead; if it finds none, the dump fails further below.',
    ),
  ),
  harmless(/No socket shutdown info/, sentence('The kernel does not tell which direction of a socket was shut down.')),

  cause(
    /Can't open sysctl \S+: Read-only file system/,
    sentence(
      'The machine does not let its settings (sysctl) be written, such as the host name of a container: /proc/sys is read-only there, as it often is where a node is itself a container.',
    ),
  ),

  // Sockets.
  cause(
    /Connected TCP socket, consider using --tcp-established/,
    sentence(
      'A process has an open TCP connection. Kubernetes cannot ask for such dumps: put “tcp-established” into /etc/criu/runc.conf (or crun.conf) on the node. Podman has --tcp-established.',
    ),
  ),
  cause(
    /In-flight connection/,
    sentence(
      'A connection had arrived and was not yet accepted. CRIU leaves it out with “skip-in-flight”; trying again a moment later may do, too.',
    ),
  ),
  cause(
    /External socket is used\. Consider using --ext-unix-sk/,
    sentence(
      'A process talks over a UNIX socket with one outside of the container, for example a logging daemon. With “ext-unix-sk” CRIU dumps datagram sockets of this kind.',
    ),
  ),
  cause(
    /Can't dump half of stream unix connection/,
    sentence(
      'A process is connected over a UNIX socket with one outside of the container: {0}. CRIU cannot dump half of a connection; close it, or do not mount that socket.',
    ),
  ),
  cause(
    /Can't dump name-less external socket/,
    sentence('A process has a socket whose other end lies outside of the container and has no name.'),
  ),
  cause(
    /GODEBUG=multipathtcp=0|Unsupported proto 262/,
    sentence(
      'A process uses multipath TCP, which CRIU cannot dump. Programs written in Go do so by default: set GODEBUG=multipathtcp=0.',
    ),
  ),
  cause(
    /Unsupported (?:proto|socket family|socket type|type)/,
    sentence('A process has a socket of a kind that CRIU cannot dump: {0}.'),
  ),
  cause(
    /sockets: Can't get \d+:\d+ opt: Operation not supported/,
    sentence('CRIU asked for a socket option that this kernel does not have for such sockets: a newer CRIU is needed.'),
  ),
  cause(
    /Can't bind inet socket|Can't listen.*Address already in use|Address already in use/,
    sentence('An address and port that the container listens on are taken where it is being restored.'),
  ),
  cause(
    /Control messages in queue, not supported/,
    sentence('A message with credentials or options waits unread in a socket, which CRIU cannot dump.'),
  ),
  cause(
    /Non-empty write queue on an in-flight socket/,
    sentence(
      'A process has sent data over a UNIX socket before the other side accepted the connection. Try again a moment later.',
    ),
  ),
  cause(
    /netlink: The socket has data to read/,
    sentence(
      'Messages of the kernel wait unread in a netlink socket, which CRIU cannot dump. Try again a moment later.',
    ),
  ),

  // Files.
  cause(
    /Can't retrieve FDs from socket/,
    sentence('A process has something open that cannot be handed to CRIU, such as a queue of io_uring.'),
  ),
  cause(
    /packetized mode for pipes is not supported/,
    sentence('A process has a pipe that keeps messages apart (O_DIRECT), which CRIU cannot dump.'),
  ),
  cause(
    /Can't lookup mount=-?\d+ for fd=/,
    sentence(
      'A process has a file open that lies on no mount of the container, such as one that was handed to it from outside: {0}.',
    ),
  ),
  cause(
    /Can't dump ghost file .* increase limit/,
    sentence(
      'A file that was deleted while open is larger than CRIU saves: {0}. Raise “ghost-limit” in the configuration of CRIU, or have the process close it.',
    ),
  ),
  cause(
    /Can't create link remap for/,
    sentence(
      'A file was deleted while open and has other names, so that it is not saved: {0}. With “link-remap” CRIU gives it a temporary name.',
    ),
  ),
  cause(
    /Some file locks are hold by dumping tasks|Unresolved lock found/,
    sentence(
      'A process holds a file lock. CRIU dumps them only with “file-locks”, which CRI-O and Podman can ask for.',
    ),
  ),
  cause(
    /Can't dump file \d+ of that type/,
    sentence('A process has something open that CRIU cannot dump, a device or a kernel object of a new kind: {0}.'),
  ),
  cause(
    /Open files on overmounted mounts are not supported/,
    sentence('A file is open below a mount that another mount hides: {0}.'),
  ),
  cause(
    /Can't open file .* on restore|open_path.*No such file|Can't open .*: No such file or directory/,
    sentence(
      'A file that the container had open is not there where it is being restored. The image must be the same, and modified files must have been saved along.',
    ),
  ),
  cause(
    /File .* has bad (?:size|mode)/,
    sentence(
      'A file is not what it was when the container was dumped: {0}. CRIU does not restore on top of other content.',
    ),
  ),
  cause(/Build-ID/, sentence('A program or library is another version than at the dump: {0}.')),
  cause(
    /The path \[.*\] is not supported/,
    sentence('A process has something open at a path that CRIU does not know how to dump: {0}.'),
  ),

  // Mounts.
  cause(
    /has unreachable sharing/,
    sentence(
      'A mount gets its mounts from one outside of the container. “enable-external-masters” lets CRIU dump it: {0}.',
    ),
  ),
  cause(
    /doesn't have a proper root mount/,
    sentence(
      'A mount shows only part of a file system whose root is not mounted in the container: {0}. Engines name such mounts to CRIU as external; this one was not.',
    ),
  ),
  cause(
    /is autodetected external mount|No mapping for .* mountpoint/,
    sentence('A mount of the checkpoint has no counterpart where it is being restored: {0}.'),
  ),
  cause(
    /FS mnt .* unsupported id|Unable to dump a file system/,
    sentence('A file system is mounted that CRIU cannot dump: {0}.'),
  ),
  cause(
    /Nested mount namespaces are not supported/,
    sentence(
      'A process made a mount namespace of its own inside the container, which CRIU cannot dump in this setting.',
    ),
  ),

  // Processes and namespaces.
  cause(
    /Can't dump nested (?:\S+ )?namespace/,
    sentence('A process made a namespace of its own inside the container, as a container in a container does: {0}.'),
  ),
  cause(
    /SysVIPC shmem map .* doesn't live in IPC ns/,
    sentence('A process shares memory (System V) with processes outside of the container.'),
  ),
  cause(
    /The criu itself is within dumped tree/,
    sentence('CRIU was started inside of what it should dump. It must run outside of the container.'),
  ),
  cause(
    /is not a session leader\. Consider using --shell-job|Found dangling tty/,
    sentence('The container is attached to a terminal outside of it. “shell-job” lets CRIU dump it.'),
  ),
  cause(
    /A session leader of .* is outside of its pid namespace/,
    sentence('A process belongs to a session that was started outside of the container, as those of “exec” do.'),
  ),
  cause(
    /Zombies with threads are not supported|Zombie thread not supported/,
    sentence('A process is about to end while its threads are still there. Try again a moment later.'),
  ),
  cause(
    /Individually stopped threads not supported/,
    sentence('A debugger or a signal has stopped a single thread, which CRIU cannot dump.'),
  ),
  cause(
    /SEIZE \d+:|Unable to seize|Unseizable non-zombie|already traced|ptrace.*Operation not permitted/,
    sentence(
      'CRIU could not take hold of a process. Is it being debugged or traced, or does a security module forbid it?',
    ),
  ),
  cause(
    /Timeout reached\. Try to interrupt|Unable to interrupt the current operation/,
    sentence('The processes could not be stopped in time: one hangs in the kernel, or there are very many of them.'),
  ),
  cause(
    /has rseq but kernel lacks|rseq: can't restore/,
    sentence(
      'A process uses restartable sequences, which this kernel cannot save or restore. Linux 5.13 and newer can.',
    ),
  ),
  cause(
    /has uprobes vma/,
    sentence('A tracing tool has put probes into a process. Remove them, or allow it with “allow-uprobes”.'),
  ),
  cause(
    /Unsupported mapping found|Can't handle non-regular mapping|Strange file mapped/,
    sentence('A process has memory mapped of a kind that CRIU cannot dump, for example of a device: {0}.'),
  ),
  cause(
    /Can't get rlimit \d+: Operation not permitted/,
    sentence(
      'CRIU may not read the limits of a process that runs as another user: it lacks the capability CAP_SYS_RESOURCE where it runs.',
    ),
  ),
  cause(
    /Can't infect \(pid: \d+\) with parasite/,
    sentence('CRIU could not run its own code inside a process, which it needs to. A security module may forbid it.'),
  ),

  // Security modules, machines, versions.
  cause(
    /can't write lsm profile|mismatched lsm types|selinux not supported by kernel|apparmor not supported by kernel/,
    sentence(
      'The security label of the container cannot be set here: the node uses another security module, or lacks the profile.',
    ),
  ),
  cause(
    /Invalid selinux context|failed to collect AA namespace|walking AA namespace/,
    sentence('The security label of a process could not be read or is not one that CRIU can restore: {0}.'),
  ),
  cause(
    /Core march mismatch/,
    sentence('The checkpoint was made on a machine of another architecture: it cannot be restored here.'),
  ),
  cause(
    /cpu: .*(?:not supported|mismatch)|CPU (?:xfeatures|instruction|features).*(?:unsupported|mismatch|missing)/i,
    sentence('The processor lacks something that the processes used where they were dumped: {0}.'),
  ),
  cause(
    /Not supported images version|Too old image, no longer supported/,
    sentence('The images were written by a version of CRIU that this one does not understand.'),
  ),
  cause(
    /Pid \d+ do not match expected/,
    sentence('A process could not get the number that it had: another process has it already.'),
  ),
  cause(
    /CRIU was built without libnftables|Locking network failed|iptables-restore|ip6tables-restore|IP tool failed/,
    sentence('CRIU could not block or set up the network with the tools of the node (iptables, nft or ip): {0}.'),
  ),
  cause(
    /cg: .*(?:Can't|Unable|Failed|failed|doesn't exist)|Failed parsing cgroup/,
    sentence('The control groups of the container could not be read or made: {0}.'),
  ),
  cause(
    /Kernel reports more capabilities than this CRIU supports/,
    sentence('The kernel is newer than this CRIU: it has capabilities that CRIU does not know.'),
  ),
  cause(/No space left on device/, sentence('The disk that the images are written to is full.')),
  // With the error of whatever was called before: that says nothing.
  cause(
    /Read -?\d+ bytes while -?\d+ expected (?:from|on)|Unexpected EOF|[Mm]agic doesn't match/,
    sentence('A file of the checkpoint is damaged or cut off: {0}.'),
  ),
  cause(/Cannot allocate memory|Out of memory/, sentence('There was not enough memory.')),
  cause(
    /Pre dump script failed|action-script|Script .* exited with/,
    sentence('A script that the engine or runtime runs along with CRIU failed: {0}.'),
  ),
  cause(
    /Permission denied|Operation not permitted/,
    sentence('CRIU was not allowed to do what it must. Does it run as root, with all capabilities?'),
  ),

  // What follows from one of the above.
  consequence(/Dumping FAILED|Pre-dumping FAILED|Restoring FAILED|Lazy pages transfer FAILED/, lookAbove),
  consequence(
    /^(?:Dump|Collect|Pre-dump)\w* .*failed with -?\d+|Dump \d+ \w+ failed|Namespaces dumping finished with error/,
    lookAbove,
  ),
  consequence(
    /^Can't (?:dump|cure|stop daemon|fixup|read posix)|Child \d+ died too early|exited, status=|killed by signal/,
    lookAbove,
  ),
  consequence(/Killing processes because of failure on restore/, lookAbove),
];

/** What is known of a message of CRIU's; one that is not known may have ended the dump. */
export function explain(text: string): Pick<LogProblem, 'weight' | 'explanation'> {
  const known = KNOWN.find(({ pattern }) => pattern.test(text));
  if (!known) return { weight: 'cause' };
  const { weight, explanation } = known;
  return { weight, explanation: explanation.template.includes('{0}') ? { ...explanation, args: [text] } : explanation };
}
