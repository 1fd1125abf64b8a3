import { memoryTotals } from '../memory/totals.ts';
import { formatMounts, formatStatus } from '../proc-format.ts';
import { encodeText, file, link, textFile, type ProcModule } from './proc-node.ts';

/** What a process is and what it was started with. */
export const processFiles: ProcModule = (process, { processes, mounts }) => ({
  cmdline: file(() => Promise.resolve(strings(process.arguments, process.argumentBytes))),
  comm: textFile(() => Promise.resolve(process.comm === undefined ? undefined : `${process.comm}\n`)),
  cwd: link(process.workingDirectory),
  environ: file(() => Promise.resolve(strings(process.environment, process.environmentBytes))),
  exe: link(process.executable),
  mounts: textFile(async (signal) => formatMounts(await mounts(signal), process.mountNamespace)),
  root: link(process.rootDirectory),
  status: textFile(async (signal) => {
    const { pid } = process;
    const mm = await processes.memoryLayout(pid, signal);
    const core = await processes.core(pid, signal);
    const pageSize = (await processes.pageSize(signal)) ?? 4096;
    return formatStatus(
      process,
      core,
      await processes.credentials(pid, signal),
      mm && memoryTotals(mm, pageSize, core?.mtype),
    );
  }),
});

function strings(values: readonly string[] | undefined, bytes: string | undefined): Uint8Array | undefined {
  if (bytes !== undefined) return Buffer.concat([Buffer.from(bytes, 'base64'), Buffer.of(0)]);
  return values && encodeText(values.map((value) => `${value}\0`).join(''));
}
