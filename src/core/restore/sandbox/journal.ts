import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxRecord, Thing } from './sandbox.ts';

/** Which sandboxes there are, one small file each: written before anything is made, removed when everything is gone. */
export class SandboxJournal {
  readonly #folder: string;

  /** @param folder private to the person; made when it is first needed */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes a record, or writes it anew. */
  async put(record: SandboxRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const temporary = `${this.#path(record.id)}.new`;
    await writeFile(temporary, JSON.stringify(record), { mode: 0o600 });
    await rename(temporary, this.#path(record.id));
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  /** The oldest first. */
  async list(): Promise<readonly SandboxRecord[]> {
    const names = await readdir(this.#folder).catch(() => [] as string[]);
    const records = await Promise.all(
      names.filter((name) => name.endsWith('.json')).map((name) => readRecord(join(this.#folder, name))),
    );
    return records
      .filter((record) => record !== undefined)
      .sort((a, b) => (a.created < b.created ? -1 : a.created > b.created ? 1 : 0));
  }

  #path(id: string): string {
    return join(this.#folder, `${id.replace(/[^a-z0-9]/g, '')}.json`);
  }
}

export function newId(): string {
  return randomBytes(5).toString('hex');
}

/** `checkpoint-NAME-ID`: what the archive calls the container, as far as it can be part of any name. */
export function sandboxName(container: string | undefined, id: string): string {
  const base = (container ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 30)
    .replace(/^-+|-+$/g, '');
  return `checkpoint-${base === '' ? '' : `${base}-`}${id}`;
}

async function readRecord(path: string): Promise<SandboxRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as Partial<Record<keyof SandboxRecord, unknown>>;
    const { id, kind, name, locator, created, things, prefix, context, server, namespace, expires } = record;
    const isWhole =
      [id, name, locator, created].every((value) => typeof value === 'string') &&
      [context, server, namespace, expires].every((value) => value === undefined || typeof value === 'string') &&
      ['podman', 'crio', 'kubernetes'].includes(String(kind)) &&
      Array.isArray(things) &&
      things.every(
        (thing: Partial<Thing> | null) => typeof thing?.kind === 'string' && typeof thing.name === 'string',
      ) &&
      (prefix === undefined || (Array.isArray(prefix) && prefix.every((word) => typeof word === 'string')));
    return isWhole ? (record as SandboxRecord) : undefined;
  } catch {
    return undefined;
  }
}
