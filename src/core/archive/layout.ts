import type { Engine } from '../../protocol/overview.ts';
import { sentence } from '../../protocol/sentence.ts';
import { orCancelled } from '../bytes/cancel.ts';
import { readAll } from '../bytes/read.ts';
import { decodeText } from '../bytes/text.ts';
import { CheckpointError, isCancelled } from '../errors.ts';
import type { FileSet } from './file-set.ts';

/** The folder of images that Podman writes ahead of a checkpoint (`podman container checkpoint --pre-checkpoint`). */
export const PRE_CHECKPOINT = 'pre-checkpoint/';

/** Whose checkpoint a set of files is, and where in it CRIU's images are. */
export interface Layout {
  readonly engine: Engine;
  /** Before the names of images: `checkpoint/`, `pre-checkpoint/`, empty for a bare image directory. */
  readonly imagesPrefix: string;
}

/**
 * Decides by content, and waits for no more of it than that takes. Of an archive that is still being decompressed the
 * answer comes when `spec.dump` has passed, or at its end.
 * @throws CheckpointError `not-a-checkpoint`, `cancelled`, and what reading the archive throws
 */
export async function detectLayout(files: FileSet, signal?: AbortSignal): Promise<Layout> {
  const imagesPrefix = await findImages(files, signal);
  if (imagesPrefix === undefined) throw notACheckpoint(files);
  if (!isEnginePrefix(imagesPrefix))
    return { engine: await engineOfBareImages(files, imagesPrefix, signal), imagesPrefix };
  const engine = (await engineBySpec(files, signal)) ?? (await engineByFiles(files, signal));
  return { engine, imagesPrefix };
}

/**
 * Where the images are, as soon as that is to be told: before {@link detectLayout} where an engine writes its own files
 * behind the images.
 * @returns undefined where the files are no checkpoint
 */
export async function findImages(files: FileSet, signal?: AbortSignal): Promise<string | undefined> {
  const early = await firstOf(
    files,
    () => (hasAnyOf(files, WITNESSES, 'checkpoint') ? 'checkpoint/' : bareImages(files)),
    signal,
  );
  if (early !== undefined) return early;
  if (!files.complete) await orCancelled(files.completed, signal);
  return imagesOfWhole(files);
}

/** What an engine calls the folder of images; anything else is a folder of images by itself. */
function isEnginePrefix(prefix: string): boolean {
  return prefix === 'checkpoint/' || prefix === PRE_CHECKPOINT;
}

/** Entries below the folder of images of which one comes early and every dump has some. */
const WITNESSES = ['/inventory.img', '/pstree.img', '/descriptors.json', '/cgroup.img', '/core-1.img'];

function hasAnyOf(files: FileSet, names: readonly string[], folder: string): boolean {
  return names.some((name) => files.entries.has(`${folder}${name}`));
}

function bareImages(files: FileSet): string | undefined {
  return files.entries.has('inventory.img') || files.entries.has('pstree.img') ? '' : undefined;
}

/** The rarer forms, for which all names must be known. */
function imagesOfWhole(files: FileSet): string | undefined {
  const folders = new Set<string>();
  for (const path of files.entries.keys()) {
    const match = /^(.*\/)?(?:inventory|pstree|core-\d+|pagemap-\d+|mm-\d+)\.img$/.exec(path);
    if (match) folders.add(match[1] ?? '');
    else if (path === 'pre-checkpoint') folders.add(PRE_CHECKPOINT);
  }
  for (const usual of ['checkpoint/', '', PRE_CHECKPOINT]) if (folders.has(usual)) return usual;
  const [first] = [...folders].sort((a, b) => a.length - b.length);
  if (first !== undefined) return first;
  // Images may be missing altogether: CRIU was told to write elsewhere, or the archive was cut off before them.
  const signs = ['spec.dump', 'config.dump', 'checkpoint'].filter((name) => files.entries.has(name)).length;
  const isEnough = signs >= 2 || (signs === 1 && files.notes.length > 0 && !files.entries.has('checkpoint'));
  return isEnough ? 'checkpoint/' : undefined;
}

/** Nothing that an engine writes comes near: Kubernetes keeps all annotations of a pod under 256 KiB. */
const MAX_JSON = 16 * 1024 * 1024;

/** The engine that signed the OCI spec; undefined where there is none or nobody did. */
async function engineBySpec(files: FileSet, signal?: AbortSignal): Promise<Engine | undefined> {
  const spec = await readJson(files, 'spec.dump', signal);
  const annotations = isObject(spec) && isObject(spec['annotations']) ? spec['annotations'] : {};
  const manager = annotations['io.container.manager'];
  if (manager === 'libpod') return 'podman';
  if (manager === 'cri-o') return 'cri-o';
  const keys = Object.keys(annotations);
  if (keys.some((key) => key.startsWith('io.kubernetes.cri-o.'))) return 'cri-o';
  if (keys.some((key) => key.startsWith('io.kubernetes.cri.'))) return 'containerd';
  if (keys.some((key) => key.startsWith('io.podman.annotations.'))) return 'podman';
  return undefined;
}

/** Files that one engine alone writes. */
const OWN_FILES: readonly (readonly [Engine, readonly string[]])[] = [
  ['containerd', ['status.dump', 'status', 'container.log']],
  ['cri-o', ['io.kubernetes.cri-o.LogPath', 'bind.mounts']],
  ['podman', ['network.status', 'ctr.log', 'devshm-checkpoint.tar', 'artifacts', 'volumes']],
];

async function engineByFiles(files: FileSet, signal?: AbortSignal): Promise<Engine> {
  if (!files.complete) await orCancelled(files.completed, signal);
  const config = await readJson(files, 'config.dump', signal);
  if (isObject(config)) {
    if (String(config['runtime']).startsWith('io.containerd.')) return 'containerd';
    // libpod writes its whole configuration, the others a dozen members.
    if ('createCommand' in config || 'rootfsImageID' in config) return 'podman';
  }
  for (const [engine, names] of OWN_FILES) if (names.some((name) => files.entries.has(name))) return engine;
  return 'criu';
}

/** How much of an image is searched for traces of Docker. */
const MAX_TRACE = 1024 * 1024;
const DOCKER_CGROUP = /\/docker[-/][0-9a-f]{64}/;
const DOCKER_MOUNT = /\/containers\/[0-9a-f]{64}\/(?:hostname|hosts|resolv\.conf)/;

/** Docker leaves nothing of its own but a short config.json, and often not even that: its paths are in the images. */
async function engineOfBareImages(files: FileSet, prefix: string, signal?: AbortSignal): Promise<Engine> {
  const config = await readJson(files, `${prefix}config.json`, signal, false);
  if (isObject(config) && 'unixSockets' in config && 'tcp' in config) return 'docker';
  if (!files.complete) await orCancelled(files.completed, signal);
  for (const path of files.entries.keys()) {
    if (!path.startsWith(prefix)) continue;
    const name = path.slice(prefix.length);
    const trace =
      name === 'cgroup.img' ? DOCKER_CGROUP : /^mountpoints-\d+\.img$/.test(name) ? DOCKER_MOUNT : undefined;
    if (trace?.test(await beginning(files, path, signal))) return 'docker';
  }
  return 'criu';
}

async function beginning(files: FileSet, path: string, signal?: AbortSignal): Promise<string> {
  const entry = files.entries.get(path);
  if (entry?.type !== 'file') return '';
  const source = files.open(entry);
  try {
    return Buffer.from(await source.read(0, Math.min(entry.size, MAX_TRACE), signal)).toString('latin1');
  } catch (error) {
    if (isCancelled(error)) throw error;
    return '';
  } finally {
    await source.close();
  }
}

/** A JSON file of the set; undefined where it is missing or damaged, which is told where it is shown. */
async function readJson(files: FileSet, path: string, signal?: AbortSignal, wait = true): Promise<unknown> {
  const entry = wait ? await files.find(path, signal) : files.entries.get(path);
  if (entry?.type !== 'file') return undefined;
  const source = files.open(entry);
  try {
    return JSON.parse(decodeText(await readAll(source, MAX_JSON, signal)));
  } catch (error) {
    if (isCancelled(error)) throw error;
    return undefined;
  } finally {
    await source.close();
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Waits until `test` gives something, or all entries are known. */
export async function firstOf<T>(
  files: FileSet,
  test: () => T | undefined,
  signal?: AbortSignal,
): Promise<T | undefined> {
  const found = test();
  if (found !== undefined || files.complete) return found;
  let stop = (): void => undefined;
  const growth = new Promise<T | undefined>((resolve) => {
    stop = files.onGrowth(() => {
      const result = test();
      if (result !== undefined || files.complete) resolve(result);
    });
  });
  try {
    return await orCancelled(growth, signal);
  } finally {
    stop();
  }
}

function notACheckpoint(files: FileSet): CheckpointError {
  const damage = files.notes.find(({ offset }) => offset !== undefined);
  const text =
    damage?.offset !== undefined
      ? '{0} holds no checkpoint that can be recognised, and it is damaged at byte {1}: neither CRIU images nor the spec.dump or config.dump of an engine were found.'
      : files.notes.length > 0
        ? '{0} holds no checkpoint that can be recognised, and it is damaged: neither CRIU images nor the spec.dump or config.dump of an engine were found.'
        : '{0} is not a checkpoint: neither CRIU images (inventory.img, a folder checkpoint/) nor the spec.dump and config.dump of an engine were found in it.';
  return new CheckpointError('not-a-checkpoint', sentence(text, files.name, damage?.offset ?? ''), {
    where: files.name,
    ...(damage?.offset !== undefined && { offset: damage.offset }),
  });
}
