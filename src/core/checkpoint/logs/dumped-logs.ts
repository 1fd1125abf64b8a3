import type { ConfigurationFile, ConfigurationTree, LogFile, LogKind, LogProblems } from '../../../protocol/logs.ts';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import type { Entry } from '../../archive/file-set.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import { CheckpointError } from '../../errors.ts';
import { parseExactly, unfold } from './configuration.ts';
import { findProblems } from './dump-log.ts';
import { LogIndex } from './log-index.ts';
import type { Logs, LogsSources } from './logs.ts';

/** What CRI-O, containerd and Podman call the container's log. */
const CONTAINER_LOGS: readonly string[] = ['io.kubernetes.cri-o.LogPath', 'container.log', 'ctr.log'];
const CRIU_LOGS: readonly (readonly [name: string, kind: LogKind])[] = [
  ['dump.log', 'dump'],
  ['restore.log', 'restore'],
];

/** Far more than an engine writes. */
const MAX_CONFIGURATION = 16 * 1024 * 1024;

/** Files of JSON that engines and runtimes put into a checkpoint. */
const CONFIGURATION: readonly (readonly [name: string, about: Sentence])[] = [
  ['spec.dump', sentence('the container as the runtime ran it (OCI runtime specification)')],
  ['config.dump', sentence('what the engine knows of the container')],
  ['status.dump', sentence('the container as the kubelet is told of it (CRI)')],
  ['status', sentence('what containerd keeps of the state of the container')],
  ['network.status', sentence('networks and addresses that Podman gave the container')],
  ['bind.mounts', sentence('files and folders of the node that were mounted into the container')],
  ['deleted.files', sentence('what was deleted from the container image')],
  ['pod.options', sentence('how the pod was checkpointed')],
  ['pod.dump', sentence('what the engine knows of the pod')],
];

/** Reads nothing before it is asked for. */
export class DumpedLogs implements Logs {
  readonly #sources: LogsSources;
  readonly #indexes = new Map<string, Promise<LogIndex>>();
  readonly #opened: ByteSource[] = [];
  readonly #closing = new AbortController();

  constructor(sources: LogsSources) {
    this.#sources = sources;
  }

  files(): Promise<readonly LogFile[]> {
    return Promise.resolve(this.#logs());
  }

  #logs(): readonly LogFile[] {
    const { imagesPrefix } = this.#sources;
    const candidates: readonly (readonly [string, LogKind])[] = [
      ...CONTAINER_LOGS.map((name) => [name, 'container'] as const),
      ...CRIU_LOGS,
      // Where CRIU ran by itself its logs lie among the images.
      ...(imagesPrefix === '' ? [] : CRIU_LOGS.map(([name, kind]) => [imagesPrefix + name, kind] as const)),
    ];
    return candidates.flatMap(([name, kind]) => {
      const entry = this.#file(name);
      return entry ? [{ name, kind, size: entry.size }] : [];
    });
  }

  index(name: string, signal?: AbortSignal): Promise<LogIndex> {
    return orCancelled(this.#indexes.get(name) ?? this.#build(name), signal);
  }

  /** One pass serves all who ask, so that none of them can cancel it for the others. */
  #build(name: string): Promise<LogIndex> {
    const file = this.#logs().find((log) => log.name === name);
    const entry = file && this.#file(name);
    if (!entry) return Promise.reject(notFound(name));
    const source = this.#sources.files.open(entry);
    this.#opened.push(source);
    const building = LogIndex.build(source, this.#closing.signal);
    this.#indexes.set(name, building);
    building.catch(() => this.#indexes.delete(name));
    return building;
  }

  async problems(name: string, signal?: AbortSignal): Promise<LogProblems> {
    return findProblems(name, await this.index(name, signal), signal);
  }

  configurationFiles(): Promise<readonly ConfigurationFile[]> {
    return Promise.resolve(this.#configuration());
  }

  #configuration(): readonly ConfigurationFile[] {
    const { imagesPrefix } = this.#sources;
    const besideImages = [
      [`${imagesPrefix}config.json`, sentence('what the engine wrote beside the images')],
      [`${imagesPrefix}descriptors.json`, sentence('what the first process had as standard input, output and error')],
    ] as const;
    return [...CONFIGURATION, ...besideImages].flatMap(([name, about]) => {
      const entry = this.#file(name);
      return entry ? [{ name, size: entry.size, about }] : [];
    });
  }

  async configuration(name: string, signal?: AbortSignal): Promise<ConfigurationTree> {
    const entry = this.#configuration().some((file) => file.name === name) ? this.#file(name) : undefined;
    if (!entry) throw notFound(name);
    if (entry.size > MAX_CONFIGURATION) {
      const problem = sentence(
        '{0} is {1} bytes long, far more than any engine writes. It was not read.',
        name,
        entry.size,
      );
      return { nodes: [], problem };
    }
    const source = this.#sources.files.open(entry);
    try {
      const text = new TextDecoder().decode(await source.read(0, entry.size, signal));
      return unfold(parseExactly(text));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return { nodes: [], problem: sentence('{0} is not valid JSON. Open it to see what it holds.', name) };
    } finally {
      await source.close();
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#indexes.clear();
    await Promise.all(this.#opened.splice(0).map((source) => source.close()));
  }

  #file(name: string): Entry | undefined {
    const entry = this.#sources.files.entries.get(name);
    return entry?.type === 'file' || entry?.type === 'sparse' || entry?.type === 'hardlink' ? entry : undefined;
  }
}

function notFound(name: string): CheckpointError {
  return new CheckpointError('not-found', sentence('There is no {0} in this checkpoint.', name), { where: name });
}
