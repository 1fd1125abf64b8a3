import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures');

/** The folders of test/fixtures that hold an archive and the truth about it. */
export const archives: readonly string[] = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((folder) => folder.isDirectory() && folder.name !== 'oci')
  .map((folder) => folder.name)
  .sort();

/** Path of the archive in a fixture's folder. */
export function archiveOf(name: string): string {
  const file = readdirSync(join(FIXTURES, name)).find((entry) => /\.tar(\.gz|\.zst)?$/.test(entry));
  if (file === undefined) throw new Error(`test/fixtures/${name} holds no archive`);
  return join(FIXTURES, name, file);
}

/** What is known about a fixture beside what it holds; see test/fixtures/README.md. */
export interface Truth {
  readonly dumped?: {
    readonly processes: readonly { pid: number; ppid: number; pgid: number; sid: number; threads: readonly number[] }[];
    readonly comm: Readonly<Record<string, string>>;
    readonly taskState: Readonly<Record<string, string>>;
    readonly staleCoreImages?: readonly number[];
  };
  readonly liveBeforeDump?: readonly LiveProcess[];
  readonly sha256?: string;
  readonly bytes?: number;
}

export interface LiveProcess {
  readonly pid: number;
  readonly comm: string;
  readonly uid: string;
  readonly gid: string;
  readonly groups: string;
  readonly umask: string;
  readonly cmdline: readonly string[];
  readonly environ: readonly string[];
  readonly exe: string;
  readonly cwd: string;
  readonly root: string;
  readonly threads: readonly { tid: number; comm: string }[];
  readonly caps: Readonly<Record<string, string>>;
  readonly sig: Readonly<Record<string, string>>;
  readonly seccomp: string;
  readonly cgroup: readonly string[];
  readonly oom_score_adj: string;
  readonly nnp: string;
  /** By descriptor: what readlink gave, and the lines of fdinfo. */
  readonly fds: Readonly<Record<string, { readonly target: string; readonly fdinfo: readonly string[] }>>;
}

export function truthOf(name: string): Truth {
  return json(join(FIXTURES, name, 'truth.json')) as Truth;
}

/** An `expected/` file's text, whether stored compressed or not; undefined where the fixture has none. */
export function expectedText(name: string, file: string): string | undefined {
  const path = join(FIXTURES, name, 'expected', file);
  return existsSync(path) || existsSync(`${path}.gz`) ? text(path) : undefined;
}

export function expectedJson(name: string, file: string): unknown {
  const content = expectedText(name, file);
  return content === undefined ? undefined : (JSON.parse(content) as unknown);
}

function json(path: string): unknown {
  return JSON.parse(text(path)) as unknown;
}

function text(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : gunzipSync(readFileSync(`${path}.gz`)).toString('utf8');
}
