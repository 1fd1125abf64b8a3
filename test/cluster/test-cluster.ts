import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { admit, type Quota } from './admission.ts';
import { answerJson, ApiServer, readBody, type Visit } from './api-server.ts';
import { Authority, type Issued } from './certificates.ts';
import { Exec } from './exec.ts';
import { Kubelet, type KubeletCaller } from './kubelet.ts';
import { KINDS, qualified, type Kind, type KubeObject, type PodObject } from './kube.ts';
import { listPage, watch } from './lists.ts';
import { TestNode, type NodeOptions } from './node.ts';
import { PodLife, PODS } from './pod-life.ts';
import { conflict, notFound, unavailable } from './status.ts';
import { Store } from './store.ts';
import { tableOf, wantsTable } from './tables.ts';
import { ALL, Users, type Rule, type User } from './users.ts';

export interface TestClusterOptions {
  /** One node if nothing is said. */
  readonly nodes?: readonly NodeOptions[];
  readonly namespaces?: readonly string[];
  /** Kinds beyond those that every cluster has. */
  readonly kinds?: readonly Kind[];
}

/** How a user proves to be one. */
export interface Login {
  readonly token?: string;
  readonly certificate?: Issued;
}

/** A kind beyond those that tests mostly need. */
export const NETWORK_POLICIES: Kind = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'networkpolicies',
  kind: 'NetworkPolicy',
  namespaced: true,
};

export const NAMESPACES = KINDS.find(({ plural }) => plural === 'namespaces') as Kind;
export const NODES = KINDS.find(({ plural }) => plural === 'nodes') as Kind;

/**
 * A cluster for tests and for trying things out: an API server on loopback with real TLS that answers as a real one was
 * recorded to, whose nodes are folders.
 */
export class TestCluster {
  /** Everything that it keeps on disk; removed when it is closed. */
  readonly root: string;
  readonly authority = new Authority('kubernetes');
  readonly store = new Store();
  readonly users = new Users();
  readonly nodes = new Map<string, TestNode>();
  readonly life = new PodLife(this.store, this.nodes);
  readonly exec: Exec;
  readonly server: ApiServer;
  /** Quotas by namespace. */
  readonly quotas = new Map<string, Quota>();
  /** Milliseconds between bookmarks of a watch. */
  bookmarkEvery = 60_000;
  readonly #kinds: Kind[];
  readonly #kubelets = new Map<string, Kubelet>();
  #port = 0;

  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const cluster = new TestCluster(options);
    cluster.#port = await cluster.server.listen();
    return cluster;
  }

  private constructor({ nodes = [{}], namespaces = ['default', 'lab'], kinds = [] }: TestClusterOptions) {
    this.root = mkdtempSync(join(tmpdir(), 'test-cluster-'));
    this.#kinds = [...KINDS, ...kinds];
    this.exec = new Exec(this.nodes, this.root);
    this.life.onEnd = (pod) => this.exec.endPod(pod);
    this.server = new ApiServer(this.authority, {
      users: this.users,
      exec: this.exec,
      store: this.store,
      hosts: ['localhost', '127.0.0.1', 'kubernetes.default.svc'],
      backend: {
        kinds: () => this.#kinds,
        handle: (visit, kind) => this.#handle(visit, kind),
        proxy: (visit) => this.#proxy(visit),
      },
    });
    for (const name of ['kube-system', ...namespaces]) this.addNamespace(name);
    for (const node of nodes) this.addNode(node);
    this.addUser('admin', { groups: ['system:masters'] });
  }

  async close(): Promise<void> {
    this.life.close();
    this.exec.close();
    await this.server.close();
    rmSync(this.root, { recursive: true, force: true });
  }

  /** `https://127.0.0.1:PORT`. */
  get address(): string {
    return `https://127.0.0.1:${String(this.#port)}`;
  }

  addNamespace(name: string, labels: Record<string, string> = {}): void {
    const metadata = { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } };
    this.store.create(NAMESPACES, undefined, { metadata, spec: {}, status: { phase: 'Active' } });
  }

  addNode(options: NodeOptions): TestNode {
    const name = options.name ?? 'node-1';
    const node = new TestNode(options, join(this.root, 'nodes', name));
    this.nodes.set(node.name, node);
    this.store.create(NODES, undefined, node.object);
    const isHere = ({ spec }: PodObject): boolean => spec.nodeName === node.name;
    this.#kubelets.set(
      node.name,
      new Kubelet(node, () => (this.store.list(PODS) as readonly PodObject[]).filter(isHere)),
    );
    return node;
  }

  node(name = 'node-1'): TestNode {
    const node = this.nodes.get(name);
    if (!node) throw new Error(`There is no node ${name}.`);
    return node;
  }

  /** Stands for a container's root. */
  containerFolder(pod: PodObject, container: string): string {
    return this.exec.folderOf(pod, container);
  }

  kubelet(name: string): Kubelet | undefined {
    return this.#kubelets.get(name);
  }

  /** @param rules what the user may do; an empty list: nothing but what everybody may */
  addUser(name: string, options: { groups?: readonly string[]; rules?: readonly Rule[]; token?: string } = {}): User {
    const user = { name, groups: options.groups ?? [], rules: options.rules ?? [] };
    this.users.add(user, options.token);
    return user;
  }

  /**
   * A kubeconfig for a user, written into a file.
   * @param options `change` gets the object before it is written
   */
  kubeconfig(
    login: Login | 'admin' = 'admin',
    options: {
      readonly context?: string;
      readonly namespace?: string;
      readonly change?: (config: KubeconfigObject) => void;
    } = {},
  ): string {
    const { context = 'test', namespace = 'lab' } = options;
    const { token, certificate } =
      login === 'admin'
        ? { token: undefined, certificate: this.authority.issue({ name: 'admin', groups: ['system:masters'] }) }
        : login;
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const config: KubeconfigObject = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': context,
      clusters: [
        {
          name: 'c',
          cluster: { server: this.address, 'certificate-authority-data': base64(this.authority.certificate) },
        },
      ],
      users: [
        {
          name: 'u',
          user: {
            ...(token !== undefined && { token }),
            ...(certificate && {
              'client-certificate-data': base64(certificate.certificate),
              'client-key-data': base64(certificate.key),
            }),
          },
        },
      ],
      contexts: [{ name: context, context: { cluster: 'c', user: 'u', namespace } }],
    };
    options.change?.(config);
    const path = join(mkdtempSync(join(this.root, 'kubeconfig-')), 'config');
    writeFileSync(path, JSON.stringify(config, undefined, 2), { mode: 0o600 });
    return path;
  }

  async #handle(visit: Visit, kind: Kind): Promise<void> {
    const { info, url, request, response } = visit;
    const namespace = kind.namespaced ? info.namespace : undefined;
    const shaped = (answer: object): object => (wantsTable(request.headers.accept) ? tableOf(kind, answer) : answer);
    switch (info.verb) {
      case 'list': {
        answerJson(request, response, 200, shaped(listPage(this.store, kind, info, url.searchParams)));
        return;
      }
      case 'watch': {
        watch(this.store, kind, info, url.searchParams, response, this.bookmarkEvery);
        return;
      }
      case 'get':
        if (info.subresource === 'log') return void response.end('2026-11-23T22:22:03Z count 1\n');
        {
          answerJson(request, response, 200, shaped(this.store.get(kind, namespace, info.name ?? '')));
          return;
        }
      case 'create': {
        answerJson(request, response, 201, this.#create(kind, namespace, await readBody(request)));
        return;
      }
      case 'delete': {
        answerJson(request, response, 200, this.#remove(kind, namespace, info.name ?? '', await readBody(request)));
        return;
      }
      default: {
        const found = this.store.get(kind, namespace, info.name ?? '');
        const change = (await readBody(request)) as Partial<KubeObject>;
        answerJson(request, response, 200, this.store.update(kind, found, change));
        return;
      }
    }
  }

  #create(kind: Kind, namespace: string | undefined, body: object): KubeObject {
    if (kind !== PODS) return this.store.create(kind, namespace, body);
    const home = this.store.get(NAMESPACES, undefined, namespace ?? '');
    admit(body as PodObject, home, this.store.list(PODS, namespace).length, this.quotas.get(namespace ?? ''));
    const pod = this.store.create(PODS, namespace, { ...body, status: { phase: 'Pending' } }) as PodObject;
    this.life.created(pod);
    return pod;
  }

  #remove(kind: Kind, namespace: string | undefined, name: string, body: object): object {
    const options = body as { gracePeriodSeconds?: number; preconditions?: { uid?: string } };
    const found = this.store.get(kind, namespace, name);
    const uid = options.preconditions?.uid;
    if (uid !== undefined && uid !== found.metadata.uid) {
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found.metadata.uid}`;
      throw conflict(qualified(kind), name, why);
    }
    if (kind === PODS) this.life.deleted(found as PodObject, options.gracePeriodSeconds);
    else this.store.remove(kind, found);
    return found;
  }

  async #proxy({ info, url, request, response }: Visit): Promise<void> {
    const name = (info.name ?? '').replace(/^https:|:\d+$/g, '');
    const node = this.nodes.get(name);
    const kubelet = this.#kubelets.get(name);
    if (info.resource !== 'nodes' || !node || !kubelet) throw notFound('nodes', name);
    if (node.failure === 'kubelet-down') {
      throw unavailable('error trying to reach service: dial tcp 10.99.0.1:10250: connect: connection refused');
    }
    const denied = node.deniedKubeletClient;
    const caller: KubeletCaller = {
      name: denied ?? 'kube-apiserver-kubelet-client',
      mayUse: (_verb, subresource) => denied === undefined || subresource !== 'checkpoint',
    };
    await kubelet.handle(`/${info.rest}`, url.searchParams, caller, request, response);
  }
}

export { ALL };

/** As a kubeconfig file has it. */
export interface KubeconfigObject {
  apiVersion: string;
  kind: string;
  'current-context': string;
  clusters: { name: string; cluster: Record<string, unknown> }[];
  users: { name: string; user: Record<string, unknown> }[];
  contexts: { name: string; context: Record<string, unknown> }[];
}
