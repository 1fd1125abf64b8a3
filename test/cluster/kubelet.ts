import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerStatus, PodObject } from './kube.ts';
import type { TestNode } from './node.ts';
import { atOnce, criuLogOf, runtimeText, TCP_LOG, TIMED_OUT } from './runtime-texts.ts';

/** Who speaks to the kubelet: the API server in its own name, or a person directly. */
export interface KubeletCaller {
  readonly name: string;
  mayUse(verb: string, subresource: string): boolean;
}

/** A node's kubelet as it was recorded: everything of its own is text. */
export class Kubelet {
  readonly #node: TestNode;
  readonly #pods: () => readonly PodObject[];
  readonly #busy = new Set<string>();
  #atOnce = 0;

  constructor(node: TestNode, pods: () => readonly PodObject[]) {
    this.#node = node;
    this.#pods = pods;
  }

  async handle(
    path: string,
    query: URLSearchParams,
    caller: KubeletCaller,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    this.#node.onAsked();
    const [endpoint = '', ...rest] = path.split('/').filter((part) => part !== '');
    const verb = request.method === 'GET' ? 'get' : 'create';
    const subresource = SUBRESOURCES[endpoint] ?? 'proxy';
    if (!caller.mayUse(verb, subresource)) {
      const text = `Forbidden (user=${caller.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresource}])\n`;
      answer(response, 403, text);
      return;
    }
    switch (endpoint) {
      case 'checkpoint':
        return this.#checkpoint(rest, query, request, response);
      case 'metrics': {
        answer(response, 200, this.#metrics());
        return;
      }
      case 'configz': {
        answer(response, 200, JSON.stringify({ kubeletconfig: this.#configuration() }), 'application/json');
        return;
      }
      case 'healthz': {
        answer(response, 200, 'ok');
        return;
      }
      case 'stats': {
        answer(response, 200, JSON.stringify(this.#summary()), 'application/json');
        return;
      }
      case 'pods': {
        answer(
          response,
          200,
          JSON.stringify({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: this.#pods() }),
          'application/json',
        );
        return;
      }
      default: {
        answer(response, 404, '404 page not found\n');
        return;
      }
    }
  }

  async #checkpoint(
    parts: readonly string[],
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (this.#node.failure === 'gate-off') {
      answer(response, 404, '404 page not found\n');
      return;
    }
    if (request.method !== 'POST') {
      answer(response, 405, '405: Method Not Allowed');
      return;
    }
    const [namespace, podName, containerName] = parts;
    if (containerName === undefined || parts.length > 3) {
      answer(response, 404, '404: Page Not Found');
      return;
    }
    const pod = this.#pods().find(({ metadata }) => metadata.namespace === namespace && metadata.name === podName);
    if (!pod) {
      answer(response, 404, 'pod does not exist');
      return;
    }
    const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
    const isThere = [...containers, ...initContainers, ...ephemeralContainers].some(
      ({ name }) => name === containerName,
    );
    if (!isThere) {
      answer(response, 404, `container ${containerName} does not exist`);
      return;
    }
    const timeout = query.getAll('timeout').at(-1);
    if (timeout !== undefined && !/^-?\d+$/.test(timeout)) {
      answer(response, 404, 'cannot parse value of timeout parameter');
      return;
    }
    const failed = (why: string): void =>
      answer(response, 500, `checkpointing of ${namespace ?? ''}/${podName ?? ''}/${containerName} failed (${why})`);
    if (Number(timeout ?? 1) < 0) {
      failed('CheckpointContainer requires the timeout value to be > 0');
      return;
    }
    const status = statusesOf(pod).find(({ name }) => name === containerName);
    if (status?.state['running'] === undefined) {
      failed(`container ${containerName} not found`);
      return;
    }
    const id = /:\/\/(.*)$/.exec(status.containerID ?? '')?.[1] ?? '';
    const result = await this.#run(
      { namespace: namespace ?? '', pod: podName ?? '', container: containerName, id },
      Number(timeout ?? 0),
      request,
    );
    if ('failure' in result) {
      failed(result.failure);
      return;
    }
    answer(response, 200, JSON.stringify({ items: [result.path] }), 'application/json');
  }

  async #run(
    what: { namespace: string; pod: string; container: string; id: string },
    timeout: number,
    request: IncomingMessage,
  ): Promise<{ failure: string } | { path: string }> {
    const { failure, runtime, checkpointTime, requestTimeout } = this.#node;
    if (failure !== undefined && failure !== 'kubelet-down' && failure !== 'gate-off') {
      await sleep(5);
      if (failure === 'tcp-established' && runtime === 'containerd') this.#log(what.id);
      return { failure: runtimeText(failure, runtime, what.id) };
    }
    if (this.#busy.has(what.id)) return { failure: atOnce(runtime, what.id, this.#atOnce++) };
    this.#busy.add(what.id);
    this.#node.mostAtOnce = Math.max(this.#node.mostAtOnce, this.#busy.size);
    const time = new Date().toISOString().replace(/\.\d+/, '');
    const name = `checkpoint-${what.pod}_${what.namespace}-${what.container}-${time}.tar`;
    const limit = Math.max(requestTimeout, timeout * 1000);
    const isLate = checkpointTime > limit;
    try {
      const gone = new AbortController();
      request.socket.once('close', () => gone.abort());
      // CRI-O goes on when nobody waits any more; containerd gives up.
      const wait = sleep(
        Math.min(checkpointTime, limit),
        undefined,
        runtime === 'containerd' ? { signal: gone.signal } : {},
      );
      await wait.catch(() => undefined);
      if (runtime === 'containerd' && (gone.signal.aborted || isLate)) return { failure: TIMED_OUT };
      this.#write(name, what.container);
      if (isLate) return { failure: TIMED_OUT };
      return { path: `/var/lib/kubelet/checkpoints/${name}` };
    } finally {
      this.#busy.delete(what.id);
    }
  }

  /** Containerd leaves CRIU's log beside the container while that runs. */
  #log(id: string): void {
    const path = join(this.#node.root, criuLogOf(id));
    mkdirSync(dirname(path), { recursive: true });
    if (!this.#node.logsElsewhere) writeFileSync(path, TCP_LOG);
  }

  /** As the runtimes do: a file of that name is written over and not cut to its new length. */
  #write(name: string, container: string): void {
    const { archives, checkpoints } = this.#node;
    const target = join(checkpoints, name);
    const source = archives.get(container) ?? archives.get('*');
    if (source === undefined) throw new Error('The node has no archive to make checkpoints of.');
    try {
      const file = openSync(target, 'r+');
      writeSync(file, readFileSync(source), 0);
      closeSync(file);
    } catch {
      // A large archive is not there before it is whole: nobody looks for halves here.
      copyFileSync(source, `${target}.new`);
      renameSync(`${target}.new`, target);
    }
  }

  #metrics(): string {
    const { failure, counted } = this.#node;
    const gate = failure === 'gate-off' ? 0 : 1;
    return [
      '# HELP kubernetes_feature_enabled [BETA] This metric records the data about the stage and enablement of a k8s feature.',
      '# TYPE kubernetes_feature_enabled gauge',
      'kubernetes_feature_enabled{name="AllAlpha",stage="ALPHA"} 0',
      `kubernetes_feature_enabled{name="ContainerCheckpoint",stage="BETA"} ${String(gate)}`,
      'kubernetes_feature_enabled{name="NodeSwap",stage=""} 1',
      ...(counted
        ? [
            `kubelet_runtime_operations_errors_total{operation_type="checkpoint_container"} ${String(counted.failed)}`,
            `kubelet_runtime_operations_total{operation_type="checkpoint_container"} ${String(counted.made)}`,
          ]
        : []),
      '',
    ].join('\n');
  }

  #configuration(): object {
    return {
      enableServer: true,
      address: '0.0.0.0',
      port: 10250,
      runtimeRequestTimeout: `${String(this.#node.requestTimeout / 1000)}s`,
      ...(this.#node.failure === 'gate-off' && { featureGates: { ContainerCheckpoint: false } }),
    };
  }

  #summary(): object {
    return {
      node: {
        nodeName: this.#node.name,
        fs: { availableBytes: 42 * 1024 ** 3, capacityBytes: 100 * 1024 ** 3, usedBytes: 58 * 1024 ** 3 },
      },
      pods: [],
    };
  }
}

/** By which subresource of nodes the kubelet authorizes; what is not listed counts as `proxy`. */
const SUBRESOURCES: Readonly<Record<string, string>> = {
  checkpoint: 'checkpoint',
  metrics: 'metrics',
  stats: 'stats',
  logs: 'log',
  pods: 'pods',
  healthz: 'healthz',
  configz: 'configz',
};

export function statusesOf({ status }: PodObject): readonly ContainerStatus[] {
  return [
    ...(status.initContainerStatuses ?? []),
    ...(status.containerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ];
}

function answer(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
