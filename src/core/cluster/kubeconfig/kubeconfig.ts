import { statSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { errorCode, fileError } from '../../bytes/file-source.ts';
import { CheckpointError } from '../../errors.ts';
import { brief, ClusterError, type Brief } from '../cluster-error.ts';
import type { ClusterEntry, ContextEntry, KubeconfigFile, UserEntry } from './entries.ts';
import { inClusterFile } from './in-cluster.ts';
import { parseKubeconfig } from './parse.ts';
import { readBounded } from './read-bounded.ts';

export interface KubeconfigOptions {
  /** A file that is used instead of all others, as `kubectl --kubeconfig`. */
  readonly path?: string | undefined;
  /** Where KUBECONFIG, HOME and what a pod is told of its cluster are looked up. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** A context with the entries that it names. */
export interface ResolvedContext {
  readonly context: ContextEntry;
  readonly cluster: ClusterEntry;
  /** Without a user entry nothing is sent that says who asks. */
  readonly user: UserEntry;
}

/** The kubeconfig as kubectl sees it: several files made one, where the first to name something wins. */
export interface Kubeconfig {
  /** The files that were looked for, also those that are not there: to be watched. */
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly contexts: readonly ContextEntry[];
  cluster(name: string): ClusterEntry | undefined;
  /**
   * The context of a name, or the current one.
   * @throws ClusterError `no-kubeconfig`, `bad-kubeconfig`
   */
  resolve(name?: string): ResolvedContext;
}

/** A kubeconfig of thousands of clusters has a few megabytes; what is larger is something else. */
const LONGEST = 16 * 1024 * 1024;

/**
 * Reads the kubeconfig by kubectl's rules: the file that was chosen, else the list in KUBECONFIG (missing files are
 * passed over), else ~/.kube/config, else what a pod is told of the cluster that it runs in. Where there is none, the
 * result has no contexts: nothing is invented.
 * @throws ClusterError `bad-kubeconfig` for a file that cannot be understood; CheckpointError `unreadable`, and
 * `not-found` for a chosen file that is not there
 */
export async function loadKubeconfig(options: KubeconfigOptions = {}): Promise<Kubeconfig> {
  const environment = options.environment ?? process.env;
  const files = kubeconfigFiles(options);
  const isChosen = options.path !== undefined && options.path !== '';
  const parsed: KubeconfigFile[] = [];
  for (const path of files) {
    const content = await readKubeconfig(path, { mayBeMissing: !isChosen });
    if (content !== undefined) parsed.push(parseKubeconfig(content, path));
  }
  const isEmpty = parsed.every(({ contexts, clusters }) => contexts.length + clusters.length === 0);
  const own = isEmpty && !isChosen ? inClusterFile(environment) : undefined;
  return new MergedKubeconfig(files, own ? [own] : parsed);
}

/** Which files hold the kubeconfig, in the order of their weight. */
export function kubeconfigFiles({ path, environment = process.env }: KubeconfigOptions): readonly string[] {
  if (path !== undefined && path !== '') return [resolve(expandHome(path, environment))];
  const list = environment['KUBECONFIG'];
  if (list !== undefined && list !== '') {
    return [...new Set(list.split(delimiter).filter((name) => name !== ''))].map((name) => resolve(name));
  }
  return [join(home(environment), '.kube', 'config')];
}

/** A setting is written by hand, where no shell puts in the home folder. */
function expandHome(path: string, environment: NodeJS.ProcessEnv): string {
  return /^~[\\/]/.test(path) ? join(home(environment), path.slice(2)) : path;
}

function home(environment: NodeJS.ProcessEnv): string {
  const chosen = environment['HOME'];
  return chosen !== undefined && chosen !== '' ? chosen : homedir();
}

async function readKubeconfig(path: string, { mayBeMissing }: { mayBeMissing: boolean }): Promise<string | undefined> {
  try {
    const content = await readBounded(path, LONGEST);
    if (content) return content.toString('utf8');
  } catch (error) {
    if (mayBeMissing && ['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw fileError(path, error);
  }
  throw new CheckpointError('too-large', sentence('{0} is too long to be a kubeconfig.', path), { where: path });
}

class MergedKubeconfig implements Kubeconfig {
  readonly files: readonly string[];
  readonly currentContext: string | undefined;
  readonly contexts: readonly ContextEntry[];
  readonly #clusters: ReadonlyMap<string, ClusterEntry>;
  readonly #users: ReadonlyMap<string, UserEntry>;

  constructor(files: readonly string[], parsed: readonly KubeconfigFile[]) {
    this.files = files;
    this.currentContext = parsed.find(({ currentContext }) => currentContext !== undefined)?.currentContext;
    this.contexts = [...firstByName(parsed.flatMap(({ contexts }) => contexts)).values()];
    this.#clusters = firstByName(parsed.flatMap(({ clusters }) => clusters));
    this.#users = firstByName(parsed.flatMap(({ users }) => users));
  }

  cluster(name: string): ClusterEntry | undefined {
    return this.#clusters.get(name);
  }

  resolve(name = this.currentContext): ResolvedContext {
    if (this.contexts.length === 0) throw noKubeconfig(this.files);
    if (name === undefined) {
      throw new ClusterError(
        'no-kubeconfig',
        sentence('The kubeconfig names no current context. Choose one of: {0}.', this.#names()),
      );
    }
    const context = this.contexts.find((candidate) => candidate.name === name);
    if (!context) {
      throw new ClusterError(
        'no-kubeconfig',
        sentence('There is no context {0} in the kubeconfig. There are: {1}.', name, this.#names()),
      );
    }
    if (context.cluster === '') {
      throw this.#broken(
        context,
        sentence('The context {0} in {1} names no cluster.', name, context.file),
        brief(sentence('No cluster'), sentence('the context names none')),
      );
    }
    const cluster = this.#clusters.get(context.cluster);
    if (!cluster || cluster.server === '') {
      throw this.#broken(
        context,
        sentence(
          'The context {0} in {1} names the cluster {2}, which has no server in the kubeconfig.',
          name,
          context.file,
          context.cluster,
        ),
        brief(sentence('No such cluster'), sentence('the kubeconfig has no server of {0}', context.cluster)),
      );
    }
    const user = context.user === '' ? { name: '' } : this.#users.get(context.user);
    if (user) return { context, cluster, user };
    throw this.#broken(
      context,
      sentence(
        'The context {0} in {1} names the user {2}, who is not in the kubeconfig.',
        name,
        context.file,
        context.user,
      ),
      brief(sentence('No such user'), sentence('{0} is not in the kubeconfig', context.user)),
    );
  }

  #names(): string {
    const names = this.contexts.map(({ name }) => name);
    return names.length > 20 ? `${names.slice(0, 20).join(', ')}, …` : names.join(', ');
  }

  #broken(context: ContextEntry, text: Sentence, short: Brief): ClusterError {
    return new ClusterError('bad-kubeconfig', text, { brief: short, where: context.file });
  }
}

function firstByName<T extends { readonly name: string }>(entries: readonly T[]): ReadonlyMap<string, T> {
  const first = new Map<string, T>();
  for (const entry of entries) if (!first.has(entry.name)) first.set(entry.name, entry);
  return first;
}

function noKubeconfig(files: readonly string[]): ClusterError {
  if (files.length === 0) {
    return new ClusterError(
      'no-kubeconfig',
      sentence('There is no kubeconfig: KUBECONFIG names no file. Choose one (on a command line: --kubeconfig).'),
    );
  }
  return new ClusterError(
    'no-kubeconfig',
    sentence(
      'There is no kubeconfig: no context was found in {0}. Set KUBECONFIG or choose a file (on a command line: --kubeconfig).',
      files.join(', '),
    ),
  );
}

/**
 * Calls back after any of the files appeared, changed or went. They are looked at from time to time: what tools put in
 * a kubeconfig's place is often a new file, and its folder may not be there yet.
 * @returns ends it
 */
export function watchKubeconfig(files: readonly string[], onChange: () => void): () => void {
  // At once, so that no change between reading the files and the first look goes unnoticed.
  let seen = files.map(stampNow);
  let ended = false;
  const look = async (): Promise<void> => {
    const now = await Promise.all(files.map((file) => stat(file).then(stampOf, nothing)));
    if (ended) return;
    const changed = now.some((stamp, index) => stamp !== seen[index]);
    seen = now;
    timer.refresh();
    if (changed) onChange();
  };
  const timer = setTimeout(() => void look(), LOOK_EVERY);
  timer.unref();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

/** Milliseconds between two looks. */
const LOOK_EVERY = 2000;

function stampOf({ mtimeMs, size, ino }: Stats): string {
  return [mtimeMs, size, ino].join(' ');
}

/** What cannot be looked at is as good as not there. */
function nothing(): string {
  return '';
}

function stampNow(file: string): string {
  try {
    return stampOf(statSync(file));
  } catch {
    return nothing();
  }
}
