import { LayoutArchive } from '../../../core/restore/image/layout-archive.ts';
import { LayoutFolder } from '../../../core/restore/image/layout-folder.ts';
import type { ImageDocuments } from '../../../protocol/checkpoint-image.ts';
import { writeImage } from '../../../core/restore/image/write-image.ts';
import { formatSize } from '../../../protocol/format.ts';
import { say } from '../../../protocol/sentence.ts';
import { usage, type Arguments } from '../../arguments.ts';
import { formatJson } from '../../json.ts';
import { registrySettings } from '../../restore/registry.ts';
import type { ExitCode, Session } from '../../session.ts';

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const target = args.text('output');
  if (target === undefined || target === '') {
    throw usage('build needs -o TARGET: a folder that is not there yet, oci-archive:FILE or docker://HOST/NAME:TAG.');
  }
  const tag = args.text('tag') ?? 'latest';
  if (!/^[\w][\w.:/@-]{0,255}$/.test(tag)) throw usage('{0} cannot be the name of an image.', tag);
  const name = args.text('container-name');
  if (/^docker:\/\//i.test(target)) return push(target, args, session);
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

async function push(target: string, args: Arguments, session: Session): Promise<ExitCode> {
  const { parseReference } = await import('../../../core/restore/registry/reference.ts');
  const { Registry } = await import('../../../core/restore/registry/registry.ts');
  const { UploadPlaces } = await import('../../../core/restore/registry/upload-places.ts');
  const { journalFolder, uploadsFile } = await import('../../../core/restore/sandbox/journal-folder.ts');
  const { pushImage } = await import('../../../core/restore/registry/push.ts');
  const reference = parseReference(target);
  if (reference.digest !== undefined) throw usage('{0} names an image that is there already: give a tag.', target);
  const mountFrom = args.texts('mount-from') ?? [];
  const registry = new Registry(reference, { ...registrySettings(args), push: true, mountFrom });
  session.onEnd(() => {
    registry.close();
    return Promise.resolve();
  });
  const chunk = chunkOf(args);
  const places = new UploadPlaces(uploadsFile(journalFolder()));
  return session.each(args.operands, async (checkpoint, locator) => {
    const { image } = await pushImage(checkpoint, registry, {
      name: args.text('container-name'),
      spill: session.spill,
      signal: session.signal,
      mountFrom,
      chunk,
      places,
      onAnew: (why) => session.output.error(say(why)),
      onProgress: (step, done, total) =>
        session.output.progress(
          progressOf(step === 'reading' ? `Reading ${locator}` : `Sending to ${target}`, done, total),
        ),
    });
    await print(image, target, args, session);
  });
}

/** Bytes. @throws CheckpointError `usage` */
function chunkOf(args: Arguments): number | undefined {
  const text = args.text('chunk');
  if (text === undefined) return undefined;
  const size = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (size < 1) throw usage('{0} is not a size of pieces: give whole MiB from 1 on.', text);
  return size * 1024 * 1024;
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
