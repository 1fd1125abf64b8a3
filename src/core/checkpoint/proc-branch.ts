import type { FileEntry, FileStat } from '../../protocol/checkpoint-api.ts';
import type { MountFacts } from '../../protocol/mounts.ts';
import type { ProcessFacts } from '../../protocol/processes.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import { memorySource } from '../bytes/sources.ts';
import { FOLDER, type Branch } from './file-view.ts';
import { formatMaps, formatMounts, formatStatus } from './proc-format.ts';
import type { Processes } from './processes.ts';
import { DescriptorTable } from './descriptor-table.ts';
import type { ImageDirectory } from '../criu/image-directory.ts';

interface Sources {
  readonly processes: Processes;
  readonly images: ImageDirectory;
  readonly mounts: (signal?: AbortSignal) => Promise<readonly MountFacts[]>;
}

type Render = (process: ProcessFacts, sources: Sources, signal?: AbortSignal) => Promise<Uint8Array | undefined>;

/** Files of /proc/PID, in the kernel's formats. Undefined where the checkpoint does not hold what they need. */
const FILES: Readonly<Record<string, Render>> = {
  cmdline: (process) => Promise.resolve(strings(process.arguments, process.argumentBytes)),
  comm: (process) => Promise.resolve(process.comm === undefined ? undefined : text(`${process.comm}\n`)),
  environ: (process) => Promise.resolve(strings(process.environment, process.environmentBytes)),
  maps: async (process, { processes, images }, signal) => {
    const mm = await processes.memoryLayout(process.pid, signal);
    return mm && text(formatMaps(mm, await DescriptorTable.load(images, signal)));
  },
  mounts: async (process, { mounts }, signal) => text(formatMounts(await mounts(signal), process.mountNamespace)),
  status: async (process, { processes }, signal) =>
    text(
      formatStatus(
        process,
        await processes.core(process.pid, signal),
        await processes.credentials(process.pid, signal),
      ),
    ),
};

const LINKS: Readonly<Record<string, (process: ProcessFacts) => string | undefined>> = {
  cwd: (process) => process.workingDirectory,
  exe: (process) => process.executable,
  root: (process) => process.rootDirectory,
};

/** /proc for the frozen container, by pid as the container saw it. */
export class ProcBranch implements Branch {
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  async stat(path: string, signal?: AbortSignal): Promise<FileStat | undefined> {
    const [pid, name, ...rest] = path.split('/').filter((part) => part !== '');
    if (pid === undefined) return FOLDER;
    const process = await this.#process(pid, signal);
    if (!process || rest.length > 0) return undefined;
    if (name === undefined) return FOLDER;
    const link = linkOf(process, name);
    if (link !== undefined) return { kind: 'symlink', size: 0, mtime: 0, linkTarget: link };
    const content = await this.#render(process, name, signal);
    return content && { kind: 'file', size: content.length, mtime: 0 };
  }

  async list(path: string, signal?: AbortSignal): Promise<readonly FileEntry[] | undefined> {
    const [pid, ...rest] = path.split('/').filter((part) => part !== '');
    if (pid === undefined) {
      return (await this.#sources.processes.list(signal)).map((process) => ({ name: String(process.pid), ...FOLDER }));
    }
    const process = await this.#process(pid, signal);
    if (!process || rest.length > 0) return undefined;
    const entries: FileEntry[] = [];
    for (const name of [...Object.keys(FILES), ...Object.keys(LINKS)].sort()) {
      const stat = await this.stat(`${pid}/${name}`, signal);
      if (stat) entries.push({ name, ...stat });
    }
    return entries;
  }

  async open(path: string, signal?: AbortSignal): Promise<ByteSource | undefined> {
    const [pid, name, ...rest] = path.split('/').filter((part) => part !== '');
    const process = pid === undefined ? undefined : await this.#process(pid, signal);
    if (!process || name === undefined || rest.length > 0) return undefined;
    const content = await this.#render(process, name, signal);
    return content && memorySource(content, `/proc/${path}`);
  }

  async #process(pid: string, signal?: AbortSignal): Promise<ProcessFacts | undefined> {
    return (await this.#sources.processes.list(signal)).find((process) => String(process.pid) === pid);
  }

  async #render(process: ProcessFacts, name: string, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    return Object.hasOwn(FILES, name) ? FILES[name]?.(process, this.#sources, signal) : undefined;
  }
}

function linkOf(process: ProcessFacts, name: string): string | undefined {
  return Object.hasOwn(LINKS, name) ? LINKS[name]?.(process) : undefined;
}

function strings(values: readonly string[] | undefined, bytes: string | undefined): Uint8Array | undefined {
  if (bytes !== undefined) return Buffer.concat([Buffer.from(bytes, 'base64'), Buffer.of(0)]);
  return values && text(values.map((value) => `${value}\0`).join(''));
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}
