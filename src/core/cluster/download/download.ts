import { readFile, writeFile } from 'node:fs/promises';
import { arch, hostname, platform, userInfo } from 'node:os';
import { basename, dirname } from 'node:path';
import {
  acquisitionName,
  parseAcquisition,
  type AcquiredContainer,
  type Acquisition,
} from '../../../protocol/acquisition.ts';
import { sentence } from '../../../protocol/sentence.ts';
import { cancelled } from '../../bytes/cancel.ts';
import { CheckpointError, isCancelled } from '../../errors.ts';
import type { Cluster } from '../cluster.ts';
import { ClusterError } from '../cluster-error.ts';
import type { ExecTarget } from '../exec/exec.ts';
import type { NodeFacts } from '../inventory/nodes.ts';
import { CommandFailed } from '../exec/exec.ts';
import { relative, type NodeFiles, type NodeFileState } from '../node-files/node-files.ts';
import { SILENCE, silent } from '../node-files/silent.ts';
import { FIRST_PAUSES, persistently, type PersistenceOptions } from '../persistence.ts';
import { whoAmI } from '../rights/access.ts';
import { exists, makeFolder } from '../../bytes/new-file.ts';
import { alignedMemory } from './aligned-memory.ts';
import { Blocks, BLOCKS } from './blocks.ts';
import { partialName } from './partial-companion.ts';
import { PartialFile, rethrowUnwritable } from './partial-file.ts';

export interface DownloadRequest {
  readonly node: NodeFacts;
  /** On the node. */
  readonly path: string;
  /** Where to, with the name; see `legalName`. */
  readonly target: string;
  /** Whether the folder of the target is made if it is not there; it is not for an archive that is not there either. */
  readonly makesFolder?: boolean;
  /** Whose checkpoint it is, where the cluster has told, for the record. */
  readonly container?: AcquiredContainer;
  /** Whose checkpoint an archive on this machine says that it is, where the cluster has not told. */
  readonly whose?: (path: string, signal: AbortSignal | undefined) => Promise<AcquiredContainer | undefined>;
  readonly tool: { readonly name: string; readonly version: string };
}

export interface DownloadProgress {
  readonly stage: 'copying' | 'verifying';
  /** Bytes, with those that were there already. */
  readonly done: number;
  readonly total: number;
  /** Of these, bytes that were there already. */
  readonly kept: number;
}

export interface DownloadOptions extends PersistenceOptions {
  /** Milliseconds without a byte after which an attempt is over. */
  readonly silence?: number;
  readonly onProgress?: (progress: DownloadProgress) => void;
}

export interface Downloaded {
  readonly path: string;
  readonly record: Acquisition;
  readonly recordPath: string;
}

/** Bytes that are written at once. */
const BLOCK = 1024 * 1024;

/**
 * Fetches an archive from a node. It has its name only when it is whole and its SHA-256, computed on the node, is the
 * one of what was written; until then it is `NAME.partial`, which a later call goes on with, whatever ended this one.
 * Beside it a record tells how it was acquired. Memory is bounded, whatever the disk's speed.
 * @throws ClusterError; CheckpointError `exists`, `no-space`, `unwritable`; `changed` where the file on the node became
 * another meanwhile; `damaged` where the hashes differ; `cancelled`
 */
export async function download(
  cluster: Cluster,
  files: NodeFiles,
  request: DownloadRequest,
  options: DownloadOptions = {},
): Promise<Downloaded> {
  const started = new Date().toISOString();
  const { state, time } = await persistently(() => files.stat(request.node, request.path, options.signal), {
    pauses: FIRST_PAUSES,
    ...options,
  });
  const of = { server: cluster.server, node: request.node.name, path: request.path, ...state };
  if (request.makesFolder === true) await makeFolder(dirname(request.target));
  const partial = await PartialFile.open(request.target, of, options.signal);
  const transfer = new Transfer(files, request, state, partial, options);
  const user = whoAmI(cluster.api).catch(() => undefined);
  try {
    await transfer.copy();
    const sha256 = await transfer.verify();
    const record = makeRecord(cluster, files, request, {
      started,
      nodeTime: time,
      state,
      sha256,
      transfer,
      user: await user,
      container: request.container ?? (await toldByArchive(request, options.signal)),
    });
    const recordPath = acquisitionName(request.target);
    // Before the archive has its name: there is none without a record.
    await writeRecord(recordPath, record);
    await partial.finish();
    return { path: request.target, record, recordPath };
  } catch (error) {
    await transfer.end(error);
    throw isCancelled(error) ? cancelled() : error;
  }
}

class Transfer {
  readonly commands = new Set<string>();
  resumed = 0;
  helper: ExecTarget | undefined;
  readonly #files: NodeFiles;
  readonly #request: DownloadRequest;
  readonly #state: NodeFileState;
  readonly #partial: PartialFile;
  readonly #options: DownloadOptions;
  readonly #kept: number;
  readonly #silence: number;
  readonly #memory = alignedMemory(BLOCKS * BLOCK);
  readonly #ended = new AbortController();
  readonly #signal: AbortSignal;
  /** The node's own hash: computed while the bytes are on their way. */
  readonly #hash: ReturnType<NodeFiles['hash']>;

  constructor(
    files: NodeFiles,
    request: DownloadRequest,
    state: NodeFileState,
    partial: PartialFile,
    options: DownloadOptions,
  ) {
    this.#files = files;
    this.#request = request;
    this.#state = state;
    this.#partial = partial;
    this.#options = options;
    this.#kept = partial.length;
    this.#silence = options.silence ?? SILENCE;
    const { signal } = options;
    this.#signal = signal ? AbortSignal.any([signal, this.#ended.signal]) : this.#ended.signal;
    this.#hash = this.#persistently(() => files.hash(request.node, request.path, this.#signal));
    this.#hash.catch(() => undefined);
  }

  async copy(): Promise<void> {
    const { size } = this.#state;
    if (this.#partial.length === 0 && size > 0) this.#tell('copying');
    let attempts = 0;
    await this.#persistently(async () => {
      if (this.#partial.length === size) return;
      if (attempts++ > 0) this.resumed++;
      await this.#copyRest();
    });
  }

  async #copyRest(): Promise<void> {
    const { node, path } = this.#request;
    const { size } = this.#state;
    const from = this.#partial.length;
    const command = [
      ...['dd', `if=${relative(path)}`, 'bs=1048576', 'iflag=skip_bytes,count_bytes'],
      ...[`skip=${String(from)}`, `count=${String(size - from)}`],
    ];
    this.commands.add(command.join(' '));
    const output = new Blocks(this.#memory, BLOCK, this.#silence, from);
    await this.#files.run(node, path, { command, signal: this.#signal, output }, async (session, target) => {
      this.helper = target;
      // Also what came before the connection broke off is written.
      const end = await output.drain(session, async (block) => {
        if (this.#partial.length + block.length > size) throw this.#changed();
        await this.#partial.append(block);
        this.#tell('copying');
      });
      // Worth another attempt where this one brought something.
      if (end === 'silent') throw silent(path, this.#silence, this.#partial.length > from);
      const code = await session.exit;
      if (code !== 0) throw new CommandFailed(code, session.stderr);
      if (this.#partial.length < size) throw await this.#short();
    });
  }

  /** Why there was less of it than there should be: it became another, or its end was lost on the way. */
  async #short(): Promise<CheckpointError> {
    const { node, path } = this.#request;
    const now = await this.#files.stat(node, path, this.#signal);
    if (JSON.stringify(now.state) !== JSON.stringify(this.#state)) return this.#changed();
    return new ClusterError(
      'unreachable',
      sentence('Not all of {0} arrived from {1}, although it is as it was.', path, node.name),
      { where: path, isPassing: true },
    );
  }

  /** @returns the hash, once all is on the disk. @throws CheckpointError `changed`, `damaged`, `unwritable` */
  async verify(): Promise<string> {
    const { node, path, target } = this.#request;
    this.#tell('verifying');
    const [theirs, now, ours] = await Promise.all([
      this.#hash,
      this.#persistently(() => this.#files.stat(node, path, this.#signal)),
      this.#partial.digest(),
      this.#partial.sync(),
    ]);
    if (JSON.stringify(now.state) !== JSON.stringify(this.#state)) throw this.#changed();
    this.commands.add(theirs.command);
    if (ours === theirs.sha256) return ours;
    throw new CheckpointError(
      'damaged',
      sentence(
        'What arrived of {0} is not what is on {1}: the SHA-256 sums differ ({2} here, {3} there). It was removed; download it again.',
        path,
        node.name,
        ours,
        theirs.sha256,
      ),
      { where: target },
    );
  }

  /** After a failure: what may be gone on with stays. */
  async end(error: unknown): Promise<void> {
    this.#ended.abort();
    const isUseless = CheckpointError.is(error, 'changed') || CheckpointError.is(error, 'damaged');
    if (isUseless) await this.#partial.discard();
    else await this.#partial.leave();
  }

  #persistently<T>(work: () => Promise<T>): Promise<T> {
    const options = { ...this.#options, signal: this.#signal };
    return persistently(work, options, () => this.#partial.length);
  }

  #tell(stage: DownloadProgress['stage']): void {
    this.#options.onProgress?.({
      stage,
      done: this.#partial.length,
      total: this.#state.size,
      kept: this.#kept,
    });
  }

  #changed(): CheckpointError {
    const { node, path } = this.#request;
    return new CheckpointError(
      'changed',
      sentence('{0} on {1} was written anew while it was being downloaded. Download it again.', path, node.name),
      { where: path },
    );
  }
}

/** What an archive does not say, or cannot, keeps nobody from having it. */
async function toldByArchive(
  { whose, target }: DownloadRequest,
  signal: AbortSignal | undefined,
): Promise<AcquiredContainer | undefined> {
  try {
    return await whose?.(partialName(target), signal);
  } catch (error) {
    if (isCancelled(error)) throw error;
    return undefined;
  }
}

/** A record of an archive that is not there any more is replaced; anything else is not. */
async function writeRecord(path: string, record: Acquisition): Promise<void> {
  const old = await readFile(path, 'utf8').catch(() => undefined);
  if (old !== undefined && !parseAcquisition(old)) throw exists(path);
  await writeFile(path, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 }).catch(rethrowUnwritable(path));
}

function makeRecord(
  cluster: Cluster,
  files: NodeFiles,
  { node, path, target, tool }: DownloadRequest,
  facts: {
    started: string;
    nodeTime: string;
    state: NodeFileState;
    sha256: string;
    transfer: Transfer;
    /** Whom the API server takes the person for, where it says so. */
    user: string | undefined;
    container: AcquiredContainer | undefined;
  },
): Acquisition {
  const { started, nodeTime, state, sha256, transfer, user: name, container } = facts;
  const { settings } = files.helpers;
  return {
    format: 'checkpoint-explorer/acquisition',
    version: 1,
    archive: { name: basename(target), size: state.size, sha256 },
    source: {
      context: cluster.name,
      server: cluster.server,
      node: node.name,
      path,
      modified: new Date(state.modified * 1000).toISOString(),
    },
    user: {
      kubeconfig: cluster.user,
      ...(name !== undefined && { cluster: name }),
      local: `${userInfo().username}@${hostname()}`,
    },
    ...(container && { container }),
    started: { local: started, node: nodeTime },
    finished: { local: new Date().toISOString() },
    transfer: {
      helper: {
        namespace: settings.namespace,
        pod: transfer.helper?.pod ?? '',
        image: settings.image,
      },
      commands: [...transfer.commands],
      resumed: transfer.resumed,
    },
    tool: { ...tool, platform: `${platform()} ${arch()}` },
  };
}
