import { posix } from 'node:path';
import { sentence } from '../../../protocol/sentence.ts';
import type { Transport } from '../connection/transport.ts';
import { ClusterError } from '../cluster-error.ts';
import { capture, CommandFailed, execute, type ExecOptions, type ExecSession, type ExecTarget } from '../exec/exec.ts';
import type { NodeFacts } from '../inventory/nodes.ts';
import { readArchiveName, type NodeArchive, type NodeArchives } from './archive-facts.ts';
import type { HelperPods } from './helper-pods.ts';

/** Where kubelets put archives unless their root folder is another. */
export const CHECKPOINTS = '/var/lib/kubelet/checkpoints';

/** What tells one state of a file on a node from another. */
export interface NodeFileState {
  readonly size: number;
  /** Seconds since 1970. */
  readonly modified: number;
  readonly inode: string;
}

/*
 * The commands are understood by busybox and by GNU's tools alike. Files are named relative to the working directory,
 * which is the mounted folder, and with `./` before them, so that no name is taken for an option.
 */

/** Prints the clock, the room that is left, and then of each file size, time, inode and name, each ended by a NUL. */
const LIST = `
export LC_ALL=C
date +%s; printf '\\0'
df -Pk . 2>/dev/null | tail -n 1; printf '\\0'
for f in ./* ./.[!.]*; do
  [ -f "$f" ] || continue
  [ -L "$f" ] && continue
  s=$(stat -c '%s %Y %i' "$f") || continue
  printf '%s %s\\0' "$s" "$f"
done`;

const STAT = 'LC_ALL=C stat -L -c "%s %Y %i" "$1" || exit 44; date +%s';

const DELETE = `
export LC_ALL=C
s=$(stat -c '%s %Y %i' "$1") || exit 44
[ "$s" = "$2" ] || exit 45
rm -f "$1" && [ ! -e "$1" ]`;

/**
 * Prints what computed it, and then what that printed. OpenSSL knows the processor's own instructions for it, which the
 * tools of most images do not: it takes a third of the time where the image has it.
 */
const HASH = `
if command -v openssl >/dev/null 2>&1 && s=$(openssl dgst -sha256 -r "$1" 2>/dev/null); then c='openssl dgst -sha256 -r'
else s=$(sha256sum "$1") && c=sha256sum || exit; fi
printf '%s\\n%s\\n' "$c" "$s"`;

const NOT_THERE = 44;
const ANOTHER = 45;

/** Milliseconds for what takes a node an instant. */
const PATIENCE = 60_000;

/** The archives on the nodes of a cluster, by way of helper pods. */
export class NodeFiles {
  readonly #transport: Transport;
  readonly #helpers: HelperPods;

  readonly #patience: number;

  /** @param patience milliseconds for what takes a node an instant, unless a disk of its hangs */
  constructor(transport: Transport, helpers: HelperPods, patience: number = PATIENCE) {
    this.#transport = transport;
    this.#helpers = helpers;
    this.#patience = patience;
  }

  get helpers(): HelperPods {
    return this.#helpers;
  }

  /** Everything that lies in a folder, also what no kubelet put there. @throws ClusterError */
  async list(node: NodeFacts, directory: string = CHECKPOINTS, signal?: AbortSignal): Promise<NodeArchives> {
    const command = ['sh', '-c', LIST];
    const output = await this.#read(node, directory, (target) => this.#soon(target, command, signal), signal);
    const [time = '', room = '', ...lines] = output.toString('utf8').split('\0');
    const free = Number(/^(?:\S+\s+){3}(\d+)/.exec(room.trim())?.[1] ?? NaN);
    return {
      time: new Date(Number(time) * 1000).toISOString(),
      free: Number.isNaN(free) ? undefined : free * 1024,
      archives: lines.flatMap((line) => readLine(line, directory)),
    };
  }

  /** A file's state, and the node's clock (RFC 3339). @throws ClusterError `not-found` */
  async stat(
    node: NodeFacts,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ readonly state: NodeFileState; readonly time: string }> {
    const command = ['sh', '-c', STAT, 'sh', relative(path)];
    const output = await this.#read(
      node,
      posix.dirname(path),
      (target) => this.#soon(target, command, signal),
      signal,
    ).catch(rethrowMissing(node, path));
    const [, size, modified, inode = '', time] = /^(\d+) (\d+) (\d+)\n(\d+)\s*$/.exec(output.toString('utf8')) ?? [];
    if (size === undefined) throw notUnderstood(node);
    return {
      state: { size: Number(size), modified: Number(modified), inode },
      time: new Date(Number(time) * 1000).toISOString(),
    };
  }

  /** SHA-256, computed on the node, and by which command. @throws ClusterError `not-found` */
  async hash(
    node: NodeFacts,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ readonly sha256: string; readonly command: string }> {
    const command = ['sh', '-c', HASH, 'sh', relative(path)];
    const output = await this.#read(
      node,
      posix.dirname(path),
      (target) => capture(this.#transport, target, { command, signal }),
      signal,
    );
    const [, tool, sha256] = /^(.+)\n\\?([0-9a-f]{64})\b/.exec(output.toString('latin1')) ?? [];
    if (tool === undefined || sha256 === undefined) throw notUnderstood(node);
    return { sha256, command: `${tool} ${relative(path)}` };
  }

  /** Whether a file ends as a tar archive does, in two blocks of zeros: one that is being written does not. */
  async endsAsArchive(node: NodeFacts, path: string, signal?: AbortSignal): Promise<boolean> {
    const command = ['sh', '-c', 'tail -c 1024 "$1" | tr -d "\\\\0" | wc -c', 'sh', relative(path)];
    const output = await this.#read(node, posix.dirname(path), (target) => this.#soon(target, command, signal), signal);
    return output.toString('latin1').trim() === '0';
  }

  /** The end of a file. @param most bytes. @throws ClusterError `not-found` */
  async tail(node: NodeFacts, path: string, most: number, signal?: AbortSignal): Promise<Buffer> {
    const command = ['sh', '-c', '[ -f "$1" ] || exit 44; tail -c "$2" "$1"', 'sh', relative(path), String(most)];
    return this.#read(node, posix.dirname(path), (target) => this.#soon(target, command, signal), signal).catch(
      rethrowMissing(node, path),
    );
  }

  /**
   * Deletes a file, if it is still the one that was seen.
   * @throws ClusterError `not-found`; `changed` where another file has its name now; `unwritable`
   */
  async delete(node: NodeFacts, path: string, seen: NodeFileState, signal?: AbortSignal): Promise<void> {
    const state = `${String(seen.size)} ${String(seen.modified)} ${seen.inode}`;
    const command = ['sh', '-c', DELETE, 'sh', relative(path), state];
    const need = { node, directory: posix.dirname(path), write: true };
    try {
      await this.#helpers.use(need, (target) => this.#soon(target, command, signal), signal);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      if (error.code === NOT_THERE) throw missing(node, path);
      if (error.code === ANOTHER) {
        throw new ClusterError(
          'changed',
          sentence(
            '{0} on {1} is not the file that was listed: it was written anew. Nothing was deleted.',
            path,
            node.name,
          ),
          { where: path },
        );
      }
      throw new ClusterError(
        'unwritable',
        sentence('{0} on {1} could not be deleted: {2}.', path, node.name, error.said ?? ''),
        { where: path },
      );
    }
  }

  /**
   * Runs a command with a file's folder as its working directory for as long as `work` takes; the file is `./NAME`.
   * The folder is read-only.
   */
  async run<T>(
    node: NodeFacts,
    path: string,
    options: ExecOptions,
    work: (session: ExecSession, target: ExecTarget) => Promise<T>,
  ): Promise<T> {
    return this.#read(
      node,
      posix.dirname(path),
      async (target) => {
        const session = await execute(this.#transport, target, options);
        try {
          return await work(session, target);
        } finally {
          session.close();
        }
      },
      options.signal,
    );
  }

  #soon(target: ExecTarget, command: readonly string[], signal: AbortSignal | undefined): Promise<Buffer> {
    return capture(this.#transport, target, { command, signal, patience: this.#patience });
  }

  #read<T>(
    node: NodeFacts,
    directory: string,
    work: (target: ExecTarget) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    return this.#helpers.use({ node, directory, write: false }, work, signal);
  }
}

/** A file as commands name it. */
export function relative(path: string): string {
  return `./${posix.basename(path)}`;
}

function readLine(line: string, directory: string): readonly NodeArchive[] {
  const [, size, modified, inode = '', name = ''] = /^(\d+) (\d+) (\d+) \.\/([\s\S]+)$/.exec(line) ?? [];
  if (size === undefined) return [];
  return [
    {
      name,
      path: posix.join(directory, name),
      size: Number(size),
      modified: new Date(Number(modified) * 1000).toISOString(),
      inode,
      named: readArchiveName(name),
    },
  ];
}

function rethrowMissing(node: NodeFacts, path: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof CommandFailed && error.code === NOT_THERE ? missing(node, path) : error;
  };
}

function missing(node: NodeFacts, path: string): ClusterError {
  // What a list shows so cannot be said in the address of a command.
  if (path.includes('\ufffd')) {
    return new ClusterError(
      'not-found',
      sentence('{0} on {1} cannot be asked for: its name is not UTF-8. Rename it on the node.', path, node.name),
      { where: path },
    );
  }
  return new ClusterError('not-found', sentence('There is no file {0} on {1} any more.', path, node.name), {
    where: path,
  });
}

function notUnderstood(node: NodeFacts): ClusterError {
  return new ClusterError(
    'unavailable',
    sentence(
      'The helper pod on {0} answers in a way that is not understood. Its image needs the tools of busybox.',
      node.name,
    ),
    { where: node.name },
  );
}
