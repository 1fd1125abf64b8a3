import { join } from 'node:path';
import { pullArchive } from '../../../core/restore/registry/pull.ts';
import { parseReference } from '../../../core/restore/registry/reference.ts';
import { formatSize } from '../../../protocol/format.ts';
import type { Arguments } from '../../arguments.ts';
import { formatJson } from '../../json.ts';
import { registrySettings } from '../../restore/registry.ts';
import type { OutputPath } from '../cluster/download.ts';
import type { ExitCode, Session } from '../../session.ts';

/** Fetches the archive that a checkpoint image in a registry holds. */
export async function downloadImage(
  locator: string,
  output: OutputPath,
  args: Arguments,
  session: Session,
): Promise<ExitCode> {
  const { name, tag, digest } = parseReference(locator);
  const fileName = `${name.replaceAll('/', '-')}-${tag ?? digest?.slice(7, 19) ?? 'latest'}.tar`;
  const target = output.isFolder ? join(output.path, fileName) : output.path;
  const layer = await pullArchive(locator, target, {
    ...registrySettings(args),
    signal: session.signal,
    makesFolder: output.makesFolder,
    onProgress: (done, total) => session.output.progress(`${formatSize(done)} of ${formatSize(total)}`),
  });
  const sha256 = layer.digest.replace(/^sha256:/, '');
  await session.output.write(
    args.text('format') === 'json'
      ? `${formatJson({ path: target, size: layer.size, sha256 })}\n`
      : `${sha256}  ${target}\n`,
  );
  return 0;
}
