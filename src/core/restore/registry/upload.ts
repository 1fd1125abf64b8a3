import { setTimeout as sleep } from 'node:timers/promises';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import { sequence } from '../../bytes/sequence.ts';
import { CheckpointError } from '../../errors.ts';
import type { Descriptor } from '../../../protocol/checkpoint-image.ts';
import { RegistryError, refusalOf, unreachable } from './failure.ts';
import type { Answer } from './http.ts';
import type { Registry } from './registry.ts';
import type { UploadPlaces } from './upload-places.ts';

export interface UploadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that the registry has. */
  readonly onProgress?: ((done: number) => void) | undefined;
  /** Bytes in one request; all at once if not given, which every registry takes. */
  readonly chunk?: number | undefined;
  /** Repositories of the same registry that may have the blob already. */
  readonly mountFrom?: readonly string[] | undefined;
  /** Milliseconds before another attempt, times its number. */
  readonly pause?: number | undefined;
  /** Remembers what was given up, and goes on with it. */
  readonly places?: UploadPlaces | undefined;
  /** What was sent before is sent again, and why. */
  readonly onAnew?: ((why: Sentence) => void) | undefined;
}

export type Uploaded = 'there' | 'mounted' | 'sent';

/** Attempts without a byte more being taken. */
const ATTEMPTS = 5;
/** Milliseconds: a registry may read all of a blob again before it answers. */
const COMMIT_TIMEOUT = 15 * 60_000;

/**
 * Brings a blob into a repository, if it is not there yet (OCI distribution-spec 1.1, "Pushing Blobs"). What breaks off
 * goes on from where the registry says it is.
 * @throws RegistryError, CheckpointError `cancelled` and what reading the source throws
 */
export async function uploadBlob(
  registry: Registry,
  blob: Descriptor,
  source: ByteSource,
  options: UploadOptions = {},
): Promise<Uploaded> {
  if (await registry.has(blob.digest, options.signal)) return 'there';
  let begun: URL | undefined;
  for (const from of options.mountFrom ?? []) {
    const answer = await start(registry, { mount: blob.digest, from }, options.signal);
    if (answer.status === 201) return 'mounted';
    // It began an upload instead.
    begun = locationOf(answer);
  }
  await new Upload(registry, blob, source, options).run(begun);
  return 'sent';
}

async function start(
  registry: Registry,
  query: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const search = new URLSearchParams(query).toString();
  const to = `${registry.reference.name}/blobs/uploads/${search === '' ? '' : `?${search}`}`;
  const answer = await registry.expect({ method: 'POST', to, what: 'an upload', signal }, 201, 202);
  answer.discard();
  return answer;
}

class Upload {
  readonly #registry: Registry;
  readonly #blob: Descriptor;
  readonly #source: ByteSource;
  readonly #options: UploadOptions;
  /** Bytes that the registry has. */
  #done = 0;
  /** Where to go on: a place may be good for nothing but what comes next. */
  #location: URL | undefined;

  constructor(registry: Registry, blob: Descriptor, source: ByteSource, options: UploadOptions) {
    this.#registry = registry;
    this.#blob = blob;
    this.#source = source;
    this.#options = options;
  }

  async run(begun?: URL): Promise<void> {
    const { places } = this.#options;
    const { digest } = this.#blob;
    try {
      await this.#run(begun);
      await places?.drop(this.#registry, digest);
    } catch (error) {
      await places?.release(this.#registry, digest);
      throw error;
    }
  }

  async #run(begun?: URL): Promise<void> {
    const { signal, pause = 1000, places } = this.#options;
    const earlier = await places?.take(this.#registry, this.#blob.digest);
    this.#location = (earlier && (await this.#resume(earlier))) ?? begun;
    if (this.#done > 0) this.#options.onProgress?.(this.#done);
    for (let attempt = 1; ; attempt++) {
      const before = this.#done;
      try {
        await this.#goOnAt(this.#location ?? (await this.#begin()));
        await this.#send();
        await this.#commit();
        return;
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (this.#done > before) attempt = 1;
        if (attempt >= ATTEMPTS) throw error;
        await orCancelled(sleep(pause * attempt, undefined, { ref: true }), signal);
        this.#location = this.#location && (await this.#resume(this.#location));
      }
    }
  }

  async #begin(): Promise<URL> {
    this.#done = 0;
    return locationOf(await start(this.#registry, {}, this.#options.signal));
  }

  /** For this attempt, and for those after it. */
  async #goOnAt(place: URL): Promise<void> {
    this.#location = place;
    await this.#options.places?.hold(this.#registry, this.#blob.digest, place);
  }

  /** Piece by piece. */
  async #send(): Promise<void> {
    const { size } = this.#blob;
    const { chunk = size, signal } = this.#options;
    while (this.#done < size) {
      const [start, end] = [this.#done, Math.min(size, this.#done + Math.max(1, chunk))];
      const answer = await this.#registry.send({
        method: 'PATCH',
        to: this.#place,
        headers: {
          'content-type': 'application/octet-stream',
          'content-range': `${String(start)}-${String(end - 1)}`,
        },
        body: { length: end - start, chunks: () => this.#read(start, end) },
        what: 'an upload',
        signal,
      });
      if (answer.status !== 202) throw await this.#refused(answer);
      answer.discard();
      this.#done = end;
      await this.#goOnAt(locationOf(answer));
      this.#options.onProgress?.(end);
    }
  }

  get #place(): URL {
    if (this.#location) return this.#location;
    throw new Error('No upload has begun.');
  }

  async *#read(start: number, end: number): AsyncGenerator<Uint8Array> {
    const { signal, onProgress } = this.#options;
    let at = start;
    for await (const bytes of sequence(this.#source, { start, end, signal })) {
      yield bytes;
      at += bytes.length;
      onProgress?.(at);
    }
    if (at < end) throw new CheckpointError('changed', sentence('{0} is shorter than it was.', this.#source.name));
  }

  /**
   * Asks what the registry has. Some know only uploads that broke off between two pieces: the place that they give says how
   * much there is, and they end an upload of which there is more. Source: distribution, registry/handlers/blobupload.go.
   * @returns where to go on; undefined where it must begin anew, which is said where something is lost
   */
  async #resume(location: URL): Promise<URL | undefined> {
    const { signal } = this.#options;
    try {
      const answer = await this.#registry.send({ method: 'GET', to: location, what: 'an upload', signal });
      answer.discard();
      if (answer.status !== 204) {
        this.#sayAnew();
        return undefined;
      }
      // `0-0` says both that there is nothing and that there is one byte.
      const last = Number(/^(?:bytes=)?0-(\d+)$/.exec(answer.headers.range ?? '')?.[1] ?? -1);
      this.#done = last > 0 && last < this.#blob.size ? last + 1 : 0;
      return this.#done === 0 ? undefined : locationOf(answer, location);
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.#sayAnew();
      return undefined;
    }
  }

  #sayAnew(): void {
    const { host } = this.#registry.reference;
    this.#options.onAnew?.(
      sentence(
        'The registry {0} does not go on with what it has of an upload that broke off: all is sent again.',
        host,
      ),
    );
  }

  async #commit(): Promise<void> {
    const to = new URL(this.#place);
    to.searchParams.set('digest', this.#blob.digest);
    const { signal } = this.#options;
    const answer = await this.#registry.send({
      method: 'PUT',
      to,
      what: 'an upload',
      timeout: COMMIT_TIMEOUT,
      signal,
    });
    if (answer.status !== 201 && answer.status !== 204) throw await this.#refused(answer);
    answer.discard();
  }

  async #refused(answer: Answer): Promise<RegistryError> {
    const { reference, secrets } = this.#registry;
    return refusalOf(answer, reference.host, 'an upload', secrets);
  }
}

/** A server that says where an upload is does not change between its requests: relative places count from there. */
function locationOf(answer: Answer, otherwise?: URL): URL {
  const { location } = answer.headers;
  if (location !== undefined && URL.canParse(location, answer.url.href)) return new URL(location, answer.url);
  if (otherwise) return otherwise;
  const { host } = answer.url;
  throw new RegistryError('unavailable', sentence('The registry {0} does not say where an upload goes.', host), {
    host,
  });
}

function isPassing(error: unknown): boolean {
  // A place that the registry has forgotten, or that is elsewhere than it said: once more from the beginning.
  if (error instanceof RegistryError) return error.isPassing || error.status === 404 || error.status === 416;
  return !(error instanceof CheckpointError) && unreachable('', error).reason === 'unreachable';
}
