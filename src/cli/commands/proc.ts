import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { escapeField } from '../escape.ts';
import { readPid, type Arguments } from '../arguments.ts';
import type { ExitCode, Session } from '../session.ts';
import { collectInSmallSteps } from '../small-steps.ts';

/** What is read and written at once, bytes. */
const CHUNK = 256 * 1024;

export function run(args: Arguments, session: Session): Promise<ExitCode> {
  collectInSmallSteps();
  const [locator = '', pid, name] = args.operands;
  const folder = pid === undefined ? '/proc' : `/proc/${String(readPid(pid))}`;
  return session.each([locator], async (checkpoint) => {
    const path = name === undefined ? folder : `${folder}/${name.replace(/^\/+/, '')}`;
    const stat = await checkpoint.files.stat(path, session.signal);
    if (stat.kind === 'symlink') await session.output.write(`${shown(stat.linkTarget ?? '', session)}\n`);
    else if (stat.kind === 'file') await copy(checkpoint, path, session);
    else {
      const entries = await checkpoint.files.list(path, session.signal);
      await session.output.write(entries.map((entry) => `${shown(entry.name, session)}\n`).join(''));
    }
  });
}

/** The bytes as they are; a terminal, which would obey them, gets them line by line with escapes. */
async function copy(checkpoint: Checkpoint, path: string, session: Session): Promise<void> {
  const { output, signal } = session;
  const source = await checkpoint.files.open(path, signal);
  try {
    const decoder = new TextDecoder();
    for (let offset = 0, length = CHUNK; length === CHUNK; offset += length) {
      const bytes = await source.read(offset, CHUNK, signal);
      length = bytes.length;
      if (!output.isTerminal) await output.write(bytes);
      else
        await output.write(
          decoder
            .decode(bytes, { stream: length === CHUNK })
            .split('\n')
            .map(escapeField)
            .join('\n'),
        );
    }
  } finally {
    await source.close();
  }
}

function shown(text: string, { output }: Session): string {
  return output.isTerminal ? escapeField(text) : text;
}
