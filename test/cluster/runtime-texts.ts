import type { NodeFailure, RuntimeName } from './node.ts';

/**
 * What a runtime says when it cannot checkpoint, as it was recorded (kubelet v1.36.2 with CRI-O 1.37.0 and containerd
 * 2.1.9). `unimplemented` alone is not a recording: containerd before 2.0 answers so, says its source.
 */
export function runtimeText(
  failure: Exclude<NodeFailure, 'kubelet-down' | 'gate-off'>,
  runtime: RuntimeName,
  id: string,
): string {
  switch (failure) {
    case 'runtime-down': {
      const socket = runtime === 'cri-o' ? '/var/run/crio/crio.sock' : '/run/containerd/containerd.sock';
      return `rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix ${socket}: connect: no such file or directory"`;
    }
    case 'support-off':
      return 'rpc error: code = Unknown desc = checkpoint/restore support not available';
    case 'criu-missing':
      return runtime === 'cri-o'
        ? 'rpc error: code = Unknown desc = checkpoint/restore support not available'
        : `rpc error: code = Unknown desc = CRIU binary not found or too old (<31600). Failed to checkpoint container "${id}": failed to check for criu version: exec: "criu": executable file not found in $PATH`;
    case 'criu-broken':
      return runtime === 'cri-o'
        ? `rpc error: code = Unknown desc = failed to checkpoint container ${id}: check for CRIU failed to check for criu version: read criu-xprt-cln: connection reset by peer\ncriu swrk failed: exit status 1`
        : `rpc error: code = Unknown desc = CRIU binary not found or too old (<31600). Failed to checkpoint container "${id}": failed to check for criu version: read criu-xprt-cln: connection reset by peer\ncriu swrk failed: exit status 1`;
    case 'tcp-established':
      return runtime === 'cri-o' ? crioTcp(id) : containerdTcp(id);
    case 'unimplemented':
      return 'rpc error: code = Unimplemented desc = method CheckpointContainer not implemented';
  }
}

export const TIMED_OUT =
  'rpc error: code = DeadlineExceeded desc = stream terminated by RST_STREAM with error code: CANCEL';

/** A second checkpoint of a container while the first is being made. @param count of them: containerd says one or the other */
export function atOnce(runtime: RuntimeName, id: string, count: number): string {
  if (runtime === 'containerd' && count % 2 === 1) {
    return 'rpc error: code = Unknown desc = failed to create diff tar stream: short write copying file';
  }
  return runtime === 'cri-o'
    ? `rpc error: code = Unknown desc = failed to pause container "${id}" before checkpointing: \`/usr/sbin/runc --root /run/runc pause ${id}\` failed: time="2026-11-23T22:22:12Z" level=error msg="container not running"\n : container process not found`
    : `rpc error: code = Unknown desc = failed to create diff tar stream: lstat /var/lib/containerd/io.containerd.grpc.v1.cri/containers/${id}/ctrd-checkpoint/checkpoint/pstree.img: no such file or directory`;
}

function containerdTcp(id: string): string {
  return `rpc error: code = Unknown desc = checkpointing container "${id}" failed: /usr/sbin/runc did not terminate successfully: exit status 1: criu failed: type DUMP errno 0 path= ${criuLogOf(id)}`;
}

/** Where containerd has CRIU's log of a dump, on the node. */
export function criuLogOf(id: string): string {
  return `/run/containerd/io.containerd.runtime.v2.task/k8s.io/${id}/criu-dump.log`;
}

/** Lines of the log of a dump that a TCP connection stopped. */
export const TCP_LOG = [
  "(00.001173) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted",
  '(00.027631) sockets: Searching for socket 0x43ae4 family 10',
  '(00.027634) Error (criu/sk-inet.c:200): inet: Connected TCP socket, consider using --tcp-established option.',
  '(00.027638) ----------------------------------------',
  '(00.027644) Error (criu/cr-dump.c:1545): Dump files (pid: 6080) failed with -1',
  '(00.077242) Error (criu/cr-dump.c:1975): Dumping FAILED.',
  '',
].join('\n');

function crioTcp(id: string): string {
  const folder = `/var/lib/containers/storage/overlay-containers/${id}/userdata`;
  const line = (number: number, text: string): string =>
    `time="2026-11-23T22:09:10Z" level=warning msg="${String(number)}:${text}"`;
  return [
    `rpc error: code = Unknown desc = failed to checkpoint container ${id}: running "/usr/sbin/runc" ["checkpoint" "--file-locks" "--image-path" "${folder}/checkpoint" "--work-path" "${folder}" "--leave-running" "${id}"] failed: \`/usr/sbin/runc --root /run/runc checkpoint --file-locks --image-path ${folder}/checkpoint --work-path ${folder} --leave-running ${id}\` failed: time="2026-11-23T22:09:10Z" level=warning msg="--- Quoting \\"${folder}/dump.log\\""`,
    line(
      15,
      '(00.001116) cpu: fpu: AVX-512 Hi256                    xstate_offsets    896 / 896    xstate_sizes    512 / 512   ',
    ),
    line(18, '(00.001158) Dumping processes (pid: 6048 comm: sh)'),
    line(
      20,
      "(00.001173) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted",
    ),
    'time="2026-11-23T22:09:10Z" level=warning msg=...',
    line(980, '(00.027631) sockets: Searching for socket 0x43ae4 family 10'),
    line(
      981,
      '(00.027634) Error (criu/sk-inet.c:200): inet: Connected TCP socket, consider using --tcp-established option.',
    ),
    line(982, '(00.027638) ----------------------------------------'),
    line(983, '(00.027644) Error (criu/cr-dump.c:1545): Dump files (pid: 6080) failed with -1'),
    'time="2026-11-23T22:09:10Z" level=warning msg=...',
    line(1001, '(00.077242) Error (criu/cr-dump.c:1975): Dumping FAILED.'),
    'time="2026-11-23T22:09:10Z" level=warning msg=---',
    'time="2026-11-23T22:09:10Z" level=error msg="criu failed: type DUMP errno 0"',
    ' : exit status 1',
  ].join('\n');
}
