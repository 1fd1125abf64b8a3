import { formatMounts } from '../proc-format.ts';
import { commFile } from './exact-text.ts';
import { encodeText, file, link, textFile, type ProcModule } from './proc-node.ts';

/** What a process is and what it was started with. */
export const processFiles: ProcModule = (process, { images, mounts }) => ({
  cmdline: file(() => Promise.resolve(strings(process.arguments, process.argumentBytes))),
  comm: textFile((signal) => commFile(process.pid, process.pid, images, signal)),
  cwd: link(process.workingDirectory),
  environ: file(() => Promise.resolve(strings(process.environment, process.environmentBytes))),
  exe: link(process.executable),
  mounts: textFile(async (signal) => formatMounts(await mounts(signal), process.mountNamespace, process.rootDirectory)),
  root: link(process.rootDirectory),
});

function strings(values: readonly string[] | undefined, bytes: string | undefined): Uint8Array | undefined {
  if (bytes !== undefined) return Buffer.concat([Buffer.from(bytes, 'base64'), Buffer.of(0)]);
  return values && encodeText(values.map((value) => `${value}\0`).join(''));
}
