import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sentence } from '../../protocol/sentence.ts';
import { failure } from '../failure.ts';

/** How many checkpoints are remembered; the ones that were opened longest ago go first. */
const MAX_LOCATORS = 1000;

/** Characters of a key: 64 bits of the hash. It stands as authority in URIs, so it is lower-case hexadecimal. */
const KEY_LENGTH = 16;

export function keyOf(locator: string): string {
  return createHash('sha256').update(locator).digest('hex').slice(0, KEY_LENGTH);
}

/**
 * Which checkpoint a `checkpoint://KEY/…` URI means, kept over restarts. One small file for each key, because several
 * windows write at the same time.
 */
export class LocatorTable {
  readonly #directory: string;
  readonly #known = new Map<string, string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The key of a locator, from now on known. */
  async remember(locator: string): Promise<string> {
    const key = keyOf(locator);
    if (this.#known.get(key) === locator) return key;
    this.#known.set(key, locator);
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const file = join(this.#directory, key);
    const temporary = `${file}.${String(process.pid)}.new`;
    await writeFile(temporary, JSON.stringify({ locator }), { mode: 0o600 });
    await rename(temporary, file);
    await this.#forgetOldest();
    return key;
  }

  /** @throws RemoteError `unknown-document` for a key that was never remembered, or was so long ago */
  async locator(key: string): Promise<string> {
    const known = this.#known.get(key) ?? (await this.#read(key));
    if (known === undefined) {
      throw failure(
        'unknown-document',
        sentence('This document belongs to a checkpoint that is no longer known here. Open the checkpoint again.'),
      );
    }
    this.#known.set(key, known);
    return known;
  }

  /** The locator only counts if it has this key: a file that was changed by hand leads nowhere. */
  async #read(key: string): Promise<string | undefined> {
    if (!/^[0-9a-f]+$/.test(key)) return undefined;
    try {
      const stored = JSON.parse(await readFile(join(this.#directory, key), 'utf8')) as { locator?: unknown } | null;
      const locator = stored?.locator;
      return typeof locator === 'string' && keyOf(locator) === key ? locator : undefined;
    } catch {
      return undefined;
    }
  }

  async #forgetOldest(): Promise<void> {
    const names = await readdir(this.#directory);
    if (names.length <= MAX_LOCATORS) return;
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#directory, name);
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
        return { path, mtimeMs };
      }),
    );
    files.sort((a, b) => a.mtimeMs - b.mtimeMs);
    await Promise.all(files.slice(0, names.length - MAX_LOCATORS).map(({ path }) => rm(path, { force: true })));
  }
}
