import { extractTo } from '../../core/checkpoint/extract.ts';
import { CheckpointError } from '../../core/errors.ts';
import { formatCount, formatSize } from '../../protocol/format.ts';
import { sentence } from '../../protocol/sentence.ts';
import { usage, type Arguments } from '../arguments.ts';
import { isLost, type ExitCode, type Session } from '../session.ts';
import { collectInSmallSteps } from '../small-steps.ts';

/** What the checkpoint holds, without what is only derived from it (/images). */
const EVERYTHING = ['/archive', '/rootfs', '/proc', '/contents'];

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  collectInSmallSteps();
  const target = args.text('output');
  if (target === undefined || target === '') throw usage('extract needs -o DIR: the folder to write into.');
  const globs = args.texts('path') ?? EVERYTHING;
  if (globs.includes('')) throw usage('--path needs a pattern.');
  const damage: boolean[] = [];
  const code = await session.each(args.operands, async (checkpoint, locator) => {
    const { output, signal } = session;
    const result = await extractTo(checkpoint.files, '/', target, {
      force: args.flag('force'),
      globs,
      signal,
      onProgress: ({ files, bytes }) => output.progress(`Writing: ${formatCount(files)} files, ${formatSize(bytes)}`),
    });
    if (result.files === 0 && result.skipped.length === 0 && args.texts('path')) {
      throw new CheckpointError('not-found', sentence('Nothing in {0} matches {1}.', locator, globs.join(' ')), {
        where: locator,
      });
    }
    // What no disk here may hold (devices, links that lead out) is told, and is no damage.
    const lost = result.skipped.filter(isLost);
    damage.push(lost.length > 0);
    session.list(lost);
    session.list(result.skipped.filter((note) => !isLost(note)));
    await output.write(
      `${formatCount(result.files)} ${result.files === 1 ? 'file' : 'files'}, ${formatSize(result.bytes)} written to ${target}\n`,
    );
  });
  return code === 0 && damage.includes(true) ? 3 : code;
}
