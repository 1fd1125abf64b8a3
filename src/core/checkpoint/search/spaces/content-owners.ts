import type { ContentFacts } from '../../../../protocol/open-files.ts';
import type { ContentHolder } from '../../../../protocol/search.ts';
import { FD_TYPE } from '../../descriptors/split-files.ts';
import type { FileEntry } from '../../../criu/schema/generated/messages.ts';
import type { FileIndex } from '../../open-files/file-index.ts';
import type { DumpedFiles } from '../../open-files/open-files.ts';

/** Whose something is that the checkpoint keeps. */
export interface Owner {
  /** As readlink gives a descriptor of it, or its path. */
  readonly label?: string;
  /** Where the file view has it. */
  readonly path?: string;
  /** The descriptors that stand for it. */
  readonly holders: readonly ContentHolder[];
}

const NOBODY: Owner = { holders: [] };

/** SOCK_STREAM of the kernel's include/linux/net.h. */
const STREAM = 1;
/** Descriptors of which a match tells. */
const MOST_HOLDERS = 20;

/** Finds the open files that contents of images belong to. */
export class ContentOwners {
  readonly #files: DumpedFiles;
  readonly #index: FileIndex;

  private constructor(files: DumpedFiles, index: FileIndex) {
    this.#files = files;
    this.#index = index;
  }

  static async load(files: DumpedFiles, signal?: AbortSignal): Promise<ContentOwners> {
    return new ContentOwners(files, await files.index(signal));
  }

  /** Of the content of a file that was deleted, by the number in the name of its image. */
  ghost(image: string, ghostId: number): Promise<Owner> {
    const files = [...this.#index.remaps].flatMap(([fileId, { id, how }]) =>
      how === 'ghost' && id === ghostId ? (this.#index.files.entry(fileId, FD_TYPE.reg) ?? []) : [],
    );
    return this.#owner(files, 'content', files[0]?.reg?.name ?? image);
  }

  pipe(kind: 'pipe' | 'fifo', pipeId: number): Promise<Owner> {
    const files = this.#index.pipes(kind, pipeId);
    const [first] = files;
    const path = kind === 'fifo' && first ? this.#index.pathEntry(first)?.name : undefined;
    return this.#owner(files, 'unread', path ?? `${kind}:[${String(pipeId)}]`);
  }

  terminal(id: number): Promise<Owner> {
    const files = this.#index.terminalFiles(id);
    const [first] = files;
    return this.#owner(files, 'unread', (first && this.#index.pathEntry(first)?.name) ?? `tty:[${String(id)}]`);
  }

  bpfMap(mapId: number, what: 'keys' | 'values'): Promise<Owner> {
    const files = [...this.#index.files.entries].filter(({ bpf }) => bpf?.map_id === mapId);
    return this.#owner(files, what, `bpf-map ${String(mapId)}`);
  }

  /** Whether what was sent at once through a UNIX socket is also read at once: nothing goes on from one to the next. */
  keepsPackets(fileId: number): boolean {
    return this.#index.files.entry(fileId, FD_TYPE.unixsk)?.usk?.type !== STREAM;
  }

  /** Of a UNIX socket, by its file's id. */
  unixSocket(fileId: number): Promise<Owner> {
    const file = this.#index.files.entry(fileId, FD_TYPE.unixsk);
    const label = `socket:[${String(file?.usk?.ino ?? fileId)}]`;
    return this.#owner(file ? [file] : [], 'unread', label);
  }

  /** Of a TCP connection, by its inode. */
  connection(inode: number, what: 'unread' | 'unsent'): Promise<Owner> {
    const files = [...this.#index.files.entries].filter(({ isk }) => isk?.ino === inode);
    return this.#owner(files, what, `socket:[${String(inode)}]`);
  }

  memfd(shmid: bigint): Promise<Owner> {
    const { files } = this.#index;
    const same = [...files.entries].filter(({ memfd }) => {
      const inode = memfd && files.memfd(memfd.inode_id);
      return inode !== undefined && BigInt(inode.shmid) === shmid;
    });
    return this.#owner(same, 'content');
  }

  async #owner(files: readonly FileEntry[], what: ContentFacts['what'], label?: string): Promise<Owner> {
    const named = label === undefined ? {} : { label };
    const [first] = files;
    if (!first) return { ...NOBODY, ...named };
    const contents = await this.#files.contentsOf(first, this.#index);
    const path = contents.find((content) => content.what === what)?.path;
    const holders = files.flatMap(({ id }) => this.#index.holders(id)).slice(0, MOST_HOLDERS);
    return { ...named, ...(path !== undefined && { path }), holders };
  }
}
