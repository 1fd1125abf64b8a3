import { FileTable } from '../descriptors/file-table.ts';
import { formatMaps, formatMounts, formatStatus } from '../proc-format.ts';
import { encodeText, file, link, textFile, type ProcModule } from './proc-node.ts';

/** What a process is and what it was started with. */
export const processFiles: ProcModule = (process, { processes, images, mounts }) => ({
  cmdline: file(() => Promise.resolve(strings(process.arguments, process.argumentBytes))),
  comm: textFile(() => Promise.resolve(process.comm === undefined ? undefined : `${process.comm}\n`)),
  cwd: link(process.workingDirectory),
  environ: file(() => Promise.resolve(strings(process.environment, process.environmentBytes))),
  exe: link(process.executable),
  maps: textFile(async (signal) => {
    const mm = await processes.memoryLayout(process.pid, signal);
    return mm && formatMaps(mm, await FileTable.load(images, signal));
  }),
  mounts: textFile(async (signal) => formatMounts(await mounts(signal), process.mountNamespace)),
  root: link(process.rootDirectory),
  status: textFile(async (signal) =>
    formatStatus(process, await processes.core(process.pid, signal), await processes.credentials(process.pid, signal)),
  ),
});

function strings(values: readonly string[] | undefined, bytes: string | undefined): Uint8Array | undefined {
  if (bytes !== undefined) return Buffer.concat([Buffer.from(bytes, 'base64'), Buffer.of(0)]);
  return values && encodeText(values.map((value) => `${value}\0`).join(''));
}
