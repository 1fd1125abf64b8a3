import { createHash } from 'node:crypto';
import type { SpillSettings } from '../../protocol/checkpoint-api.ts';
import type { Note } from '../../protocol/note.ts';
import type { Compression } from '../../protocol/overview.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { hashSource } from '../bytes/hash-source.ts';
import { readAll } from '../bytes/read.ts';
import { decodeText } from '../bytes/text.ts';
import { CheckpointError, isCancelled } from '../errors.ts';
import type { FileSet } from './file-set.ts';
import { findImages } from './layout.ts';
import { looksLikeTar, unpack } from './nested.ts';
import { openTar } from './tar-file-set.ts';

export interface CheckpointLayer {
  readonly files: FileSet;
  readonly compression: Compression;
  /** The layer's bytes as they are stored. */
  readonly openStored: () => ByteSource;
  /**
   * Compares these with their digest, unless that was done as they passed through a decompressor. Reads all of them.
   * @returns whether there is a new note
   */
  readonly verify: (signal?: AbortSignal) => Promise<boolean>;
}

export interface LayerOptions {
  readonly spill: SpillSettings;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number | undefined, finished: boolean) => void;
}

/** A layer as its image names it. */
interface Layer {
  /** Of the entry that holds it. */
  readonly path: string;
  /** `sha256:…`, where the image says so. */
  readonly digest?: string;
}

/**
 * Opens the layer of a container image that holds a checkpoint: in an OCI image layout (OCI image-spec 1.1, "Image
 * Layout"), or in what `docker save` wrote before it used that (manifest.json with the names of layer archives). Images
 * whose annotations say that they are a checkpoint are looked at first. Closing the result leaves `outer` open.
 * @throws CheckpointError `not-a-checkpoint`, `damaged`, `cancelled`
 */
export async function openCheckpointLayer(outer: FileSet, options: LayerOptions): Promise<CheckpointLayer> {
  const notes: Note[] = [];
  const layers = outer.entries.has('index.json')
    ? await new LayoutReader(outer, notes, options.signal).layers()
    : await layersOfDockerArchive(outer, options.signal);
  for (const layer of layers) {
    const opened = await openLayer(outer, layer, notes, options);
    if (opened) return opened;
  }
  const text =
    layers.length === 0
      ? sentence('{0} is not a checkpoint, nor a container image that holds one.', outer.name)
      : sentence('{0} is a container image, but none of its {1} layers holds a checkpoint.', outer.name, layers.length);
  throw new CheckpointError('not-a-checkpoint', text, { where: outer.name });
}

async function openLayer(
  outer: FileSet,
  layer: Layer,
  notes: Note[],
  options: LayerOptions,
): Promise<CheckpointLayer | undefined> {
  const { signal, onProgress } = options;
  const entry = await outer.find(layer.path, signal);
  if (!entry) {
    const text = sentence('{0} names the layer {1}, which is not in it.', outer.name, layer.path);
    notes.push({ kind: 'missing', where: layer.path, text });
    return undefined;
  }
  const content = outer.open(entry);
  const hash = createHash('sha256');
  let isVerified = false;
  const { source, compression } = await unpack(content, options.spill, {
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    // The decompressor passes every byte anyway. A plain layer may be huge: it is not read whole before it is shown.
    onInput: (bytes) => void hash.update(bytes),
    onInputEnd: () => {
      isVerified = true;
      noteMismatch(layer.path, layer.digest, hash.digest('hex'), notes);
    },
  });
  const files = openTar(source, signal, notes);
  try {
    if ((await looksLikeTar(source, signal)) === 'tar' && (await findImages(files, signal)) !== undefined) {
      const openStored = (): ByteSource => outer.open(entry);
      const verify = async (wanted?: AbortSignal): Promise<boolean> => {
        if (isVerified || layer.digest === undefined) return false;
        const stored = openStored();
        try {
          const { hex } = await hashSource(stored, undefined, wanted);
          return noteMismatch(layer.path, layer.digest, hex, notes);
        } finally {
          await stored.close();
        }
      };
      return { files, compression, openStored, verify };
    }
  } catch (error) {
    await files.close();
    throw error;
  }
  await files.close();
  return undefined;
}

/** Images and layers looked at; a checkpoint's image has one of each. */
const MAX_IMAGES = 64;
const MAX_LAYERS = 128;
const MAX_DEPTH = 4;
const MAX_JSON = 4 * 1024 * 1024;
const ANNOTATIONS = [
  'org.criu.checkpoint.',
  'io.kubernetes.cri-o.annotations.checkpoint.',
  'io.podman.annotations.checkpoint.',
];
/** What `ctr container checkpoint` puts into an index beside other things: CRIU's images as a tar, without a manifest. */
const BARE_CHECKPOINT = 'application/vnd.containerd.container.criu.checkpoint.criu.tar';

/** Follows an OCI layout's index down to its layers. */
class LayoutReader {
  readonly #files: FileSet;
  readonly #notes: Note[];
  readonly #signal: AbortSignal | undefined;
  readonly #checkpoints: Layer[] = [];
  readonly #others: Layer[] = [];
  #images = 0;

  constructor(files: FileSet, notes: Note[], signal: AbortSignal | undefined) {
    this.#files = files;
    this.#notes = notes;
    this.#signal = signal;
  }

  async layers(): Promise<readonly Layer[]> {
    const index = await readJson(this.#files, { path: 'index.json' }, this.#notes, this.#signal);
    await this.#index(index, 0);
    return [...this.#checkpoints, ...this.#others].slice(0, MAX_LAYERS);
  }

  async #index(index: unknown, depth: number): Promise<void> {
    for (const descriptor of members(index, 'manifests')) {
      const layer = layerOf(descriptor);
      if (!layer || depth > MAX_DEPTH || ++this.#images > MAX_IMAGES) continue;
      if (isObject(descriptor) && descriptor['mediaType'] === BARE_CHECKPOINT) {
        this.#checkpoints.push(layer);
        continue;
      }
      const manifest = await this.#optional(layer);
      if (members(manifest, 'manifests').length > 0) await this.#index(manifest, depth + 1);
      const isCheckpoint = isAnnotated(descriptor) || isAnnotated(manifest);
      // A checkpoint is the last thing put on top.
      const layers = members(manifest, 'layers').map(layerOf).reverse();
      (isCheckpoint ? this.#checkpoints : this.#others).push(...layers.filter((item) => item !== undefined));
    }
  }

  /** One image that cannot be read does not hide the others. */
  async #optional(blob: Layer): Promise<unknown> {
    try {
      return await readJson(this.#files, blob, this.#notes, this.#signal);
    } catch (error) {
      if (isCancelled(error) || !(error instanceof CheckpointError)) throw error;
      this.#notes.push({ kind: 'damaged', where: blob.path, text: error.sentence });
      return undefined;
    }
  }
}

async function layersOfDockerArchive(files: FileSet, signal?: AbortSignal): Promise<readonly Layer[]> {
  const manifest = await readJson(files, { path: 'manifest.json' }, [], signal);
  const images = Array.isArray(manifest) ? manifest.slice(0, MAX_IMAGES) : [];
  return images
    .flatMap((image) => members(image, 'Layers').reverse())
    .filter((path) => typeof path === 'string')
    .slice(0, MAX_LAYERS)
    .map((path) => ({ path }));
}

/** @throws CheckpointError `damaged` */
async function readJson(files: FileSet, blob: Layer, notes: Note[], signal?: AbortSignal): Promise<unknown> {
  const entry = await files.find(blob.path, signal);
  const content = entry && files.open(entry);
  try {
    if (!content) throw new Error('it is not there');
    const bytes = await readAll(content, MAX_JSON, signal);
    noteMismatch(blob.path, blob.digest, createHash('sha256').update(bytes).digest('hex'), notes);
    return JSON.parse(decodeText(bytes));
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    const why =
      error instanceof SyntaxError ? 'it is not valid JSON' : String(error instanceof Error ? error.message : error);
    throw new CheckpointError(
      'damaged',
      sentence('{0}, which describes the image, cannot be read: {1}.', blob.path, why),
      {
        where: blob.path,
      },
    );
  } finally {
    await content?.close();
  }
}

/** @returns whether there is one */
function noteMismatch(path: string, digest: string | undefined, sha256: string, notes: Note[]): boolean {
  if (digest?.startsWith('sha256:') !== true || digest === `sha256:${sha256}`) return false;
  notes.push({
    kind: 'damaged',
    where: path,
    text: sentence(
      '{0} is not what the image says it is: its SHA-256 is {1}. It was damaged or exchanged.',
      path,
      sha256,
    ),
  });
  return true;
}

/** Where an OCI layout keeps what a descriptor describes. */
function layerOf(descriptor: unknown): Layer | undefined {
  const digest = isObject(descriptor) ? descriptor['digest'] : undefined;
  const match = typeof digest === 'string' ? /^([a-z0-9]+):([0-9a-f]{32,128})$/.exec(digest) : null;
  return match ? { path: `blobs/${match[1] ?? ''}/${match[2] ?? ''}`, digest: match[0] } : undefined;
}

function isAnnotated(value: unknown): boolean {
  const annotations = isObject(value) ? value['annotations'] : undefined;
  return (
    isObject(annotations) &&
    Object.keys(annotations).some((key) => ANNOTATIONS.some((prefix) => key.startsWith(prefix)))
  );
}

function members(value: unknown, key: string): unknown[] {
  const list = isObject(value) ? value[key] : undefined;
  return Array.isArray(list) ? [...(list as unknown[])] : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
