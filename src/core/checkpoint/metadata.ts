import { sentence } from '../../protocol/sentence.ts';
import type { FileSet } from '../archive/file-set.ts';
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
    const entry = this.#files.entries.get(name);
    if (entry?.type !== 'file') return undefined;
    if (entry.size > MAX_JSON) {
      this.#note(name, '{0} is {1} bytes long, far more than any engine writes. It was not read.', name, entry.size);
      return undefined;
    }
    const source = this.#files.open(entry);
    try {
      const bytes = await source.read(0, entry.size, signal);
      const value = JSON.parse(decodeText(bytes)) as Json;
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
    } finally {
      await source.close();
    }
  }

  #note(where: string, template: string, ...args: (string | number)[]): void {
    this.#notebook.add({ kind: 'damaged', where, text: sentence(template, ...args) });
  }
}

/** The parser's own words name the position or the character; they also quote the input, which may be long or a secret. */
function reasonOf(error: unknown): string {
  const words = error instanceof Error ? error.message : '';
  const position = /position (\d+)/.exec(words)?.[1];
  if (position !== undefined) return `at byte ${position}`;
  const unexpected = /^Unexpected token '(.)'/su.exec(words)?.[1];
  return unexpected === undefined ? 'it ends too early' : `no value begins with ${unexpected}`;
}
