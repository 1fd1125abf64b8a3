import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning, processMark } from '../../bytes/process-mark.ts';

/** A helper pod that was asked for. */
export interface HelperEntry {
  /** The process that asked for it. */
  readonly mark: string;
  readonly context: string;
  /** `HOST:PORT`: a context of the same name may have become another cluster since. */
  readonly server: string;
  readonly namespace: string;
  readonly pod: string;
}

/**
 * Which helper pods this machine's processes have asked for, one small file each, so that the next start finds those
 * that a crash has left. Nothing secret is in it.
 */
export class HelperJournal {
  readonly #folder: string;

  /** @param folder private to the person; made when it is first needed */
  constructor(folder: string) {
    this.#folder = folder;
  }

  async add(entry: Omit<HelperEntry, 'mark'>): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const content: HelperEntry = { mark: processMark(), ...entry };
    await writeFile(this.#path(entry.pod), JSON.stringify(content), { mode: 0o600 });
  }

  async remove(pod: string): Promise<void> {
    await rm(this.#path(pod), { force: true });
  }

  /** Those whose process is gone. */
  async abandoned(): Promise<readonly HelperEntry[]> {
    const names = await readdir(this.#folder).catch(() => [] as string[]);
    const entries = await Promise.all(
      names.filter((name) => name.endsWith('.json')).map((name) => readEntry(join(this.#folder, name))),
    );
    return entries.filter((entry) => entry !== undefined && !isRunning(entry.mark)) as HelperEntry[];
  }

  #path(pod: string): string {
    return join(this.#folder, `${pod.replace(/[^a-z0-9-]/g, '')}.json`);
  }
}

async function readEntry(path: string): Promise<HelperEntry | undefined> {
  try {
    const entry = JSON.parse(await readFile(path, 'utf8')) as Partial<Record<keyof HelperEntry, unknown>>;
    const { mark, context, server, namespace, pod } = entry;
    const isWhole = [mark, context, server, namespace, pod].every((value) => typeof value === 'string');
    return isWhole ? (entry as HelperEntry) : undefined;
  } catch {
    return undefined;
  }
}
