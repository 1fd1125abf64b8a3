import { formatFdinfo } from '../open-files/fdinfo.ts';
import { link, textFile, type ProcModule } from './proc-node.ts';
import type { FolderNode, ViewNode } from '../view-nodes.ts';

/**
 * `fd/` and `fdinfo/`. A descriptor is a link as in the kernel's /proc; where its content is in the checkpoint, opening
 * it opens that, as it does there: a deleted file, a memfd, what stands unread in a pipe.
 */
export const fileDescriptors: ProcModule = ({ pid }, { openFiles, mounts }) => {
  const numbers = async (signal?: AbortSignal) =>
    (await openFiles.index(signal)).table(pid)?.descriptors.map(({ fd }) => String(fd)) ?? [];
  return {
    fd: descriptors(numbers, async (fd, signal): Promise<ViewNode | undefined> => {
      const target = await openFiles.target(pid, fd, signal);
      if (target === undefined) return undefined;
      const [content] = await openFiles.contents(pid, fd, signal);
      if (!content) return link(target);
      return { kind: 'file', link: target, content: (inner) => content.open(inner) };
    }),
    fdinfo: descriptors(numbers, (fd) =>
      Promise.resolve(
        textFile(async (signal) => {
          const index = await openFiles.index(signal);
          const descriptor = index.descriptor(pid, fd);
          // Only of a lock the device of the mount is told.
          const table = index.locks(pid, fd).length > 0 ? await mounts(signal) : [];
          return descriptor && formatFdinfo(pid, descriptor, index, table);
        }),
      ),
    ),
  };
};

/** A folder with a name for each open descriptor. */
function descriptors(
  names: FolderNode['names'],
  node: (fd: number, signal?: AbortSignal) => Promise<ViewNode | undefined>,
): FolderNode {
  return {
    kind: 'directory',
    names,
    node: (name, signal) =>
      /^(?:0|[1-9]\d{0,9})$/.test(name) ? node(Number(name), signal) : Promise.resolve(undefined),
  };
}
