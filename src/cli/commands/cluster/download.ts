import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { download, type DownloadProgress } from '../../../core/cluster/download/download.ts';
import { legalName } from '../../../core/cluster/download/legal-name.ts';
import { parseNodeLocator } from '../../../core/cluster/node-files/node-locator.ts';
import { containerToldBy, type AcquiredContainer } from '../../../protocol/acquisition.ts';
import { formatDuration, formatSize } from '../../../protocol/format.ts';
import { usage, type Arguments } from '../../arguments.ts';
import { choiceOf, connect, nodeFiles, timeoutOf, withinTimeout } from '../../cluster/connect.ts';
import { nodeNamed } from '../../cluster/look-up.ts';
import { formatJson } from '../../json.ts';
import type { ExitCode, Session } from '../../session.ts';
import { readVersion } from '../../version.ts';

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const [locator = ''] = args.operands;
  const output = args.text('output');
  if (output === undefined || output === '')
    throw usage('download needs -o PATH: a folder, or a file that is not there yet.');
  const to = outputPath(output);
  if (/^docker:/i.test(locator)) {
    const { downloadImage } = await import('../restore/download-image.ts');
    return downloadImage(locator, to, args, session);
  }
  const { context, node, path } = parseNodeLocator(locator);
  const choice = { ...choiceOf(args), context };
  const cluster = await connect(choice, session);
  const files = await nodeFiles(cluster, choice, session, timeoutOf(args));
  const target = to.isFolder ? join(output, legalName(basename(path))) : output;
  const rate = new Rate();
  const { record, recordPath } = await withinTimeout(args, session, async (signal) =>
    download(
      cluster,
      files,
      {
        node: await nodeNamed(cluster, node, signal),
        path,
        target,
        makesFolder: to.makesFolder,
        tool: { name: 'checkpoint-explorer', version: readVersion() },
        whose: (archive) => whoseArchive(archive, session),
      },
      { signal, onProgress: (progress) => session.output.progress(rate.describe(progress)) },
    ),
  );
  if (args.text('format') === 'json') {
    const { size, sha256 } = record.archive;
    await session.output.write(`${formatJson({ path: target, record: recordPath, size, sha256 })}\n`);
  } else {
    await session.output.write(`${record.archive.sha256}  ${target}\n`);
  }
  return 0;
}

/** Whose checkpoint an archive says that it is. */
async function whoseArchive(path: string, session: Session): Promise<AcquiredContainer | undefined> {
  const checkpoint = await session.openEarly(path);
  try {
    const early = await checkpoint.overview(session.signal);
    // What is compressed is not decompressed for this alone.
    if (early.compression !== 'none') return containerToldBy(early);
    await checkpoint.completed;
    return containerToldBy(await checkpoint.overview(session.signal));
  } finally {
    await checkpoint.close();
  }
}

/** Where to: a folder, or the file itself. */
export interface OutputPath {
  readonly path: string;
  readonly isFolder: boolean;
  /** With a slash at its end it can be nothing but a folder, so that nobody is surprised if it is made. */
  readonly makesFolder: boolean;
}

function outputPath(path: string): OutputPath {
  const makesFolder = /[\\/]$/.test(path);
  const isFolder = makesFolder || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return { path, isFolder, makesFolder };
}

/** How fast it goes, and how long it will take. */
class Rate {
  readonly #start = performance.now();

  describe({ stage, done, total, kept }: DownloadProgress): string {
    if (stage === 'verifying') return 'Verifying the SHA-256 sum';
    const seconds = (performance.now() - this.#start) / 1000;
    const rate = (done - kept) / Math.max(seconds, 0.001);
    const left = rate > 0 ? `, ${formatDuration(((total - done) / rate) * 1_000_000)} left` : '';
    return `${formatSize(done)} of ${formatSize(total)}, ${formatSize(rate)}/s${left}`;
  }
}
