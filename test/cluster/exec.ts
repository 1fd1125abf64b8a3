import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { delimiter, join, posix } from 'node:path';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ContainerSpec, PodObject } from './kube.ts';
import { statusesOf } from './kubelet.ts';
import type { TestNode } from './node.ts';
import { badRequest, RefusedByKubelet } from './status.ts';

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const ERROR = 3;
/** Version 5 only: the side that sends ends a channel. */
const CLOSE = 255;

/** Most bytes of a command's output in one message, as kubelets have it. */
const CHUNK = 32 * 1024;

/** Programs that would write to a read-only mount. */
const WRITERS = ['rm', 'mv', 'cp', 'touch', 'truncate', 'ln', 'mkdir', 'rmdir', 'tee', 'unlink', 'chmod'];

/**
 * Runs commands in pods for real, with this machine's programs, in the folder that stands for the container's working
 * directory: of a host path mount the node's own folder. A command that names its files by absolute paths would find
 * this machine's files and not the node's, so it must not.
 */
export class Exec {
  readonly #server: WebSocketServer;
  readonly #nodes: ReadonlyMap<string, TestNode>;
  readonly #shims: string;
  readonly #containers: string;
  readonly #running = new Map<string, Set<ChildProcessWithoutNullStreams>>();
  /** A folder of programs that go before this machine's: those of the image that a pod would have. */
  tools: string | undefined;
  /** Bytes of output that were sent so far. */
  sent = 0;
  /** Messages for commands' input that came so far. */
  asked = 0;
  /** Versions that this server speaks, the best first. */
  versions: readonly string[] = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

  constructor(nodes: ReadonlyMap<string, TestNode>, root: string) {
    this.#nodes = nodes;
    this.#containers = join(root, 'containers');
    this.#shims = join(root, 'read-only');
    mkdirSync(this.#shims, { recursive: true });
    for (const name of WRITERS) {
      const path = join(this.#shims, name);
      writeFileSync(
        path,
        `#!/bin/sh\nfor last; do :; done\necho "${name}: can't write '$last': Read-only file system" >&2\nexit 1\n`,
      );
      chmodSync(path, 0o755);
    }
    this.#server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      handleProtocols: (asked) => this.versions.find((version) => asked.has(version)) ?? false,
    });
  }

  close(): void {
    for (const children of this.#running.values()) for (const child of children) end(child);
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#server.clients.size;
  }

  /** Ends what runs in a pod. */
  endPod({ metadata }: PodObject): void {
    for (const child of this.#running.get(metadata.uid) ?? []) end(child);
    this.#running.delete(metadata.uid);
  }

  /** @throws Refused, RefusedByKubelet for what is refused before the protocol is changed */
  accept(pod: PodObject, query: URLSearchParams, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const command = query.getAll('command');
    if (command.length === 0) throw badRequest('you must specify at least 1 command for the container');
    if (isSet(query, 'tty') && isSet(query, 'stderr')) throw badRequest('tty and stderr cannot both be true');
    const wanted = query.get('container') ?? pod.spec.containers[0]?.name;
    const spec = pod.spec.containers.find(({ name }) => name === wanted);
    if (!spec) throw badRequest(`container ${wanted ?? ''} is not valid for pod ${pod.metadata.name}`);
    if (!pod.spec.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
    const isRunning = statusesOf(pod).some(({ name, state }) => name === wanted && state['running'] !== undefined);
    if (!isRunning) throw new RefusedByKubelet(500, `container not found ("${spec.name}")`);
    const asked = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!asked.some((name) => this.versions.includes(name))) {
      throw badRequest('unable to upgrade: no supported protocols');
    }
    this.#server.handleUpgrade(request, socket, head, (client) => this.#run(client, pod, spec, command, query));
  }

  #run(
    client: WebSocket,
    pod: PodObject,
    spec: ContainerSpec,
    command: readonly string[],
    query: URLSearchParams,
  ): void {
    const { folder, isReadOnly } = this.#place(pod, spec);
    const [program = '', ...args] = command;
    const path = [isReadOnly ? this.#shims : undefined, this.tools, process.env['PATH']];
    const child = spawn(program, args, {
      cwd: folder,
      env: { PATH: path.filter((part) => part !== undefined).join(delimiter), LC_ALL: 'C' },
      stdio: 'pipe',
      detached: true,
    });
    const { uid } = pod.metadata;
    const siblings = this.#running.get(uid) ?? new Set();
    this.#running.set(uid, siblings.add(child));
    const has = (name: string): boolean => isSet(query, name);
    const count = (bytes: number): void => void (this.sent += bytes);
    pass(client, STDOUT, has('stdout') ? child.stdout : undefined, count);
    pass(client, STDERR, has('stderr') ? child.stderr : undefined, count);
    if (!has('stdout')) child.stdout.resume();
    if (!has('stderr')) child.stderr.resume();
    if (!has('stdin')) child.stdin.end();
    child.stdin.on('error', () => undefined);
    client.on('error', () => undefined);
    client.on('message', (data: Buffer) => {
      const [channel, closed] = data;
      if (channel === STDIN) this.asked++;
      if (channel === STDIN) child.stdin.write(has('tty') ? typed(data.subarray(1)) : data.subarray(1));
      if (channel === CLOSE && closed === STDIN && client.protocol.startsWith('v5')) child.stdin.end();
    });
    client.once('close', () => {
      // A process is not ended when whoever started it goes: it finds its ends closed.
      child.stdin.end();
      child.stdout.destroy();
      child.stderr.destroy();
    });
    const finish = (status: object): void => {
      siblings.delete(child);
      if (client.readyState !== client.OPEN) return;
      client.send(Buffer.concat([Buffer.from([ERROR]), Buffer.from(JSON.stringify(status))]));
      client.close(1000);
    };
    child.once('error', (error) => {
      if (this.#nodes.get(pod.spec.nodeName ?? '')?.runtime !== 'cri-o') {
        finish(notStarted(program, error));
        return;
      }
      // With CRI-O the OCI runtime complains itself, on the streams of the command that never was.
      const channel = has('tty') ? STDOUT : STDERR;
      client.send(Buffer.concat([Buffer.from([channel]), Buffer.from(complaintOf(program, error))]));
      finish(statusOf(255));
    });
    child.once('close', (code, signal) => finish(statusOf(code ?? (signal === null ? 1 : 137))));
  }

  #place(pod: PodObject, spec: ContainerSpec): { folder: string; isReadOnly: boolean } {
    const directory = spec.workingDir ?? '/';
    const mount = spec.volumeMounts?.find(
      ({ mountPath }) => directory === mountPath || directory.startsWith(`${mountPath}/`),
    );
    const volume = pod.spec.volumes?.find(({ name }) => name === mount?.name);
    const node = this.#nodes.get(pod.spec.nodeName ?? '');
    if (mount && volume?.hostPath && node) {
      const folder = join(node.root, volume.hostPath.path, posix.relative(mount.mountPath, directory));
      return { folder, isReadOnly: mount.readOnly === true };
    }
    return { folder: this.folderOf(pod, spec.name), isReadOnly: false };
  }

  /** Stands for the root of a container that mounts nothing of its node. */
  folderOf({ metadata }: PodObject, container: string): string {
    const folder = join(this.#containers, metadata.uid, container);
    mkdirSync(folder, { recursive: true });
    return folder;
  }
}

/** Sends a command's output; no more is read of it than the client takes. */
function pass(
  client: WebSocket,
  channel: number,
  output: NodeJS.ReadableStream | undefined,
  count: (bytes: number) => void,
): void {
  output?.on('error', () => undefined);
  output?.on('data', (data: Buffer) => {
    count(data.length);
    for (let at = 0; at < data.length; at += CHUNK) {
      client.send(Buffer.concat([Buffer.from([channel]), data.subarray(at, at + CHUNK)]), () => {
        if (client.bufferedAmount < CHUNK * 8) output.resume();
      });
    }
    if (client.bufferedAmount >= CHUNK * 8) output.pause();
  });
}

function statusOf(code: number): object {
  if (code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit status ${String(code)}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

function whyNot(error: Error): string {
  return 'code' in error && error.code === 'ENOENT' ? 'executable file not found in $PATH' : error.message;
}

/** As runc 1.3 writes it. */
function complaintOf(program: string, error: Error): string {
  const text = `exec failed: unable to start container process: exec: "${program}": ${whyNot(error)}`;
  return `time="${new Date().toISOString().replace(/\.\d+/, '')}" level=error msg=${JSON.stringify(text)}\n`;
}

/** As containerd answers. */
function notStarted(program: string, error: Error): object {
  const why = whyNot(error);
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: error executing command in container: failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: exec: "${program}": ${why}: unknown`,
    reason: 'InternalError',
    details: { causes: [{ message: why }] },
    code: 500,
  };
}

/** With everything that it started. */
function end(child: ChildProcessWithoutNullStreams): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function isSet(query: URLSearchParams, name: string): boolean {
  return ['true', '1'].includes(query.get(name) ?? '');
}

/** What a terminal makes of the key that ends a line. */
function typed(keys: Buffer): Buffer {
  return Buffer.from(keys.toString('latin1').replaceAll('\r', '\n'), 'latin1');
}
