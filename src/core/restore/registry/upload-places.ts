import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isRunning, processMark } from '../../bytes/process-mark.ts';
import type { Registry } from './registry.ts';

interface Place {
  readonly url: string;
  /** Milliseconds since 1970. */
  readonly kept: number;
  /** Mark of the process that sends; empty where it was given up. */
  readonly sender: string;
}

/** What registries keep of an upload that nobody goes on with, in milliseconds. Source: distribution, `uploadpurging.age`. */
const LIFE = 168 * 3600_000;
const MOST = 100;
/** Of a place: one that is longer is not kept. */
const LONGEST = 8192;
const MOST_BYTES = 1024 * 1024;

/**
 * Where uploads were when they were given up: another one of the same blob goes on from there. A place may be as good as
 * a key to the upload, so the file is only its owner's. What cannot be read or written costs a resumption, and no upload.
 */
export class UploadPlaces {
  readonly #file: string | undefined;
  #places = new Map<string, Place>();

  /** @param file outlives the process, and is shared with others; without one places are remembered in memory */
  constructor(file?: string) {
    this.#file = file;
  }

  /** Where a blob's upload was given up. Of two that are sent at once, each has a place of its own. */
  async take(registry: Registry, digest: string): Promise<URL | undefined> {
    await this.#read();
    const { url, sender = '' } = this.#places.get(keyOf(registry, digest)) ?? {};
    return url === undefined || (sender !== '' && isRunning(sender)) ? undefined : new URL(url);
  }

  /** An upload has begun, or goes on: from now on it is this process's. */
  hold(registry: Registry, digest: string, place: URL): Promise<void> {
    return this.#put(registry, digest, { url: place.href, kept: Date.now(), sender: processMark() });
  }

  /** It is given up: the next one goes on with it. */
  async release(registry: Registry, digest: string): Promise<void> {
    await this.#read();
    const place = this.#places.get(keyOf(registry, digest));
    if (place?.sender === processMark()) await this.#put(registry, digest, { ...place, sender: '' });
  }

  /** There is nothing to go on with any more. */
  drop(registry: Registry, digest: string): Promise<void> {
    return this.#put(registry, digest, undefined);
  }

  async #put(registry: Registry, digest: string, place: Place | undefined): Promise<void> {
    await this.#read();
    const key = keyOf(registry, digest);
    // At the end: the oldest are first.
    const wasThere = this.#places.delete(key);
    if (place && place.url.length <= LONGEST) this.#places.set(key, place);
    else if (!wasThere) return;
    const [oldest] = this.#places.keys();
    if (this.#places.size > MOST && oldest !== undefined) this.#places.delete(oldest);
    await this.#write();
  }

  /** Other processes keep places, too. */
  async #read(): Promise<void> {
    if (this.#file === undefined) return;
    this.#places = placesOf(await textOf(this.#file));
  }

  async #write(): Promise<void> {
    if (this.#file === undefined) return;
    if (this.#places.size === 0) return rm(this.#file, { force: true }).catch(() => undefined);
    const partial = `${this.#file}.${randomBytes(6).toString('hex')}.new`;
    try {
      await mkdir(dirname(this.#file), { recursive: true, mode: 0o700 });
      await writeFile(partial, JSON.stringify([...this.#places]), { mode: 0o600, flag: 'wx' });
      await rename(partial, this.#file);
    } catch {
      await rm(partial, { force: true }).catch(() => undefined);
    }
  }
}

function keyOf({ reference: { host, name } }: Registry, digest: string): string {
  return `${host}/${name}@${digest}`;
}

/** Empty where there is none, or one that this class has not written. */
async function textOf(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      return (await handle.stat()).size > MOST_BYTES ? '' : await handle.readFile('utf8');
    } finally {
      await handle.close();
    }
  } catch {
    return '';
  }
}

function placesOf(text: string): Map<string, Place> {
  const now = Date.now();
  const isPlace = (entry: unknown): entry is [string, Place] => {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') return false;
    const { url, kept, sender } = (entry[1] ?? {}) as Partial<Record<keyof Place, unknown>>;
    const isRecent = typeof kept === 'number' && kept <= now && now - kept < LIFE;
    return isRecent && typeof sender === 'string' && typeof url === 'string' && isAddress(url);
  };
  try {
    const list: unknown = JSON.parse(text);
    return new Map(Array.isArray(list) ? list.slice(0, MOST).filter(isPlace) : []);
  } catch {
    return new Map();
  }
}

function isAddress(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
