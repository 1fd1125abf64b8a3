import { LayoutArchive } from '../../../core/restore/image/layout-archive.ts';
import { LayoutFolder } from '../../../core/restore/image/layout-folder.ts';
import type { ImageDocuments } from '../../../core/restore/image/manifest.ts';
import { writeImage } from '../../../core/restore/image/write-image.ts';
import { formatSize } from '../../../protocol/format.ts';
import { usage, type Arguments } from '../../arguments.ts';
import { formatJson } from '../../json.ts';
import type { ExitCode, Session } from '../../session.ts';

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const target = args.text('output');
  if (target === undefined || target === '') {
    throw usage('build needs -o TARGET: a folder that is not there yet, or oci-archive:FILE.');
  }
  const tag = args.text('tag') ?? 'latest';
  if (!/^[\w][\w.:/@-]{0,255}$/.test(tag)) throw usage('{0} cannot be the name of an image.', tag);
  const name = args.text('container-name');
  const { writer, path } = writerOf(target);
  return session.each(args.operands, async (checkpoint, locator) => {
    const image = await writeImage(checkpoint, writer, path, {
      tag,
      name,
      spill: session.spill,
      signal: session.signal,
      onProgress: (done, total) => session.output.progress(progressOf(locator, done, total)),
    });
    await print(image, target, args, session);
  });
}

function writerOf(target: string): { writer: typeof LayoutArchive | typeof LayoutFolder; path: string } {
  const [, scheme, rest = ''] = /^(oci-archive|oci):(.*)$/.exec(target) ?? [];
  if (scheme !== undefined && rest === '') throw usage('{0} names no place to write to.', target);
  if (scheme === 'oci-archive') return { writer: LayoutArchive, path: rest };
  return { writer: LayoutFolder, path: scheme === undefined ? target : rest };
}

export function progressOf(what: string, done: number, total: number | undefined): string {
  return `${what}: ${formatSize(done)}${total === undefined ? '' : ` of ${formatSize(total)}`}`;
}

async function print(image: ImageDocuments, target: string, args: Arguments, session: Session): Promise<void> {
  const { manifest, layer, config, annotations } = image;
  if (args.text('format') !== 'json') {
    await session.output.write(`${manifest.digest}  ${target}\n`);
    return;
  }
  await session.output.write(
    `${formatJson({
      target,
      digest: manifest.digest,
      config: config.digest,
      layer: { digest: layer.digest, diff_id: layer.diffId, size: layer.size, media_type: layer.mediaType },
      annotations: new Map(Object.entries(annotations)),
    })}\n`,
  );
}
