import { sentence } from '../../protocol/sentence.ts';
import type { FileSet } from '../archive/file-set.ts';
import { orCancelled } from '../bytes/cancel.ts';
import { decodeText } from '../bytes/text.ts';
import { CheckpointError, isCancelled } from '../errors.ts';
import { asArray, asObject, asTexts, type Json, type JsonObject } from './json.ts';
import { checkShape } from './metadata-shapes.ts';
import type { Notebook } from './notebook.ts';

/** Nothing that an engine writes comes near: Kubernetes keeps all annotations of a pod under 256 KiB. */
const MAX_JSON = 16 * 1024 * 1024;

/**
 * The JSON files that engines put beside the images. Each is read once, when first asked for; one that is missing or
 * damaged is a note and `undefined`, and so is a member of another type than engines write.
 */
export class Metadata {
  readonly #files: FileSet;
  readonly #notebook: Notebook;
  readonly #read = new Map<string, Promise<Json | undefined>>();

  constructor(files: FileSet, notebook: Notebook) {
    this.#files = files;
    this.#notebook = notebook;
  }

  /** OCI runtime configuration of the container as it ran. */
  spec(signal?: AbortSignal): Promise<JsonObject | undefined> {
    return this.#object('spec.dump', signal);
  }

  /** The engine's own description: libpod's ContainerConfig, or a short form of it from CRI-O and containerd. */
  config(signal?: AbortSignal): Promise<JsonObject | undefined> {
    return this.#object('config.dump', signal);
  }

  /** containerd 2.1 and newer: the CRI ContainerStatus. */
  statusDump(signal?: AbortSignal): Promise<JsonObject | undefined> {
    return this.#object('status.dump', signal);
  }

  /** containerd's internal status: times in nanoseconds. */
  status(signal?: AbortSignal): Promise<JsonObject | undefined> {
    return this.#object('status', signal);
  }

  /** Podman's networks by name. */
  networkStatus(signal?: AbortSignal): Promise<JsonObject | undefined> {
    return this.#object('network.status', signal);
  }

  /** Docker's options of a checkpoint, where it kept them beside the images: `created`, `name`, `tcp`, … */
  docker(imagesPrefix: string, signal?: AbortSignal): Promise<JsonObject | undefined> {
    return this.#object(`${imagesPrefix}config.json`, signal);
  }

  /** Absolute paths that Podman and CRI-O found deleted from the container image. */
  async deletedFiles(signal?: AbortSignal): Promise<readonly string[]> {
    return asTexts(await this.#json('deleted.files', signal));
  }

  /** CRI-O's list of bind mounts: source and destination. */
  async bindMounts(signal?: AbortSignal): Promise<readonly JsonObject[]> {
    return asArray(await this.#json('bind.mounts', signal))
      .map(asObject)
      .filter((item) => item !== undefined);
  }

  /**
   * Where an engine that unpacks the archive and reads its JSON files may find something else than this program shows, by
   * name: entries that are there twice, are links or lead elsewhere; JSON files that are missing, no objects, or have
   * members that Go reads differently. Empty of all that engines write.
   * @param needed without which an engine restores nothing
   */
  async doubts(needed: readonly string[], signal?: AbortSignal): Promise<readonly string[]> {
    const { oddEntries, oddMembers } = await import('./description-doubts.ts');
    await orCancelled(this.#files.completed, signal);
    const hidden = this.#files.notes.filter(({ kind }) => kind === 'may-be-incomplete').map(({ where }) => where);
    const found = [...hidden, ...oddEntries(this.#files)];
    for (const name of [...needed, 'status.dump']) {
      const isThere = this.#files.entries.has(name);
      if (!isThere && !needed.includes(name)) continue;
      const text = await this.#text(name, signal).catch(ignored);
      if (text === undefined || (await this.#object(name, signal)) === undefined) found.push(name);
      else found.push(...oddMembers(text).map((member) => `${name}: ${member}`));
    }
    return [...new Set(found)];
  }

  async #object(name: string, signal?: AbortSignal): Promise<JsonObject | undefined> {
    return asObject(await this.#json(name, signal));
  }

  async #json(name: string, signal?: AbortSignal): Promise<Json | undefined> {
    const known = this.#read.get(name);
    if (known) return known;
    if (!this.#files.entries.has(name)) return undefined;
    const reading = this.#parse(name, signal);
    this.#read.set(name, reading);
    try {
      return await reading;
    } catch (error) {
      this.#read.delete(name);
      throw error;
    }
  }

  async #parse(name: string, signal?: AbortSignal): Promise<Json | undefined> {
    const size = this.#files.entries.get(name)?.size ?? 0;
    if (size > MAX_JSON) {
      this.#note(name, '{0} is {1} bytes long, far more than any engine writes. It was not read.', name, size);
      return undefined;
    }
    try {
      const text = await this.#text(name, signal);
      if (text === undefined) return undefined;
      const value = JSON.parse(text) as Json;
      this.#notebook.add(...checkShape(name, value));
      return value;
    } catch (error) {
      if (isCancelled(error)) throw error;
      if (error instanceof CheckpointError) this.#notebook.add({ kind: 'damaged', where: name, text: error.sentence });
      else
        this.#note(
          name,
          '{0} is not valid JSON ({1}). What it says about the container is not shown.',
          name,
          reasonOf(error),
        );
      return undefined;
    }
  }

  /** Undefined for what is no file of its own, and for more than any engine writes. */
  async #text(name: string, signal?: AbortSignal): Promise<string | undefined> {
    const entry = this.#files.entries.get(name);
    if (entry?.type !== 'file' || entry.size > MAX_JSON) return undefined;
    const source = this.#files.open(entry);
    try {
      return decodeText(await source.read(0, entry.size, signal));
    } finally {
      await source.close();
    }
  }

  #note(where: string, template: string, ...args: (string | number)[]): void {
    this.#notebook.add({ kind: 'damaged', where, text: sentence(template, ...args) });
  }
}

function ignored(error: unknown): undefined {
  if (isCancelled(error)) throw error;
  return undefined;
}

/** The parser's own words name the position or the character; they also quote the input, which may be long or a secret. */
function reasonOf(error: unknown): string {
  const words = error instanceof Error ? error.message : '';
  const position = /position (\d+)/.exec(words)?.[1];
  if (position !== undefined) return `at byte ${position}`;
  const unexpected = /^Unexpected token '(.)'/su.exec(words)?.[1];
  return unexpected === undefined ? 'it ends too early' : `no value begins with ${unexpected}`;
}
