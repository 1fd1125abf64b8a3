import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { sentence } from '../../../protocol/sentence.ts';
import { cancelled } from '../../bytes/cancel.ts';
import { CheckpointError, isCancelled } from '../../errors.ts';
import { lastLines, Machine } from './command.ts';
import { newId } from './journal.ts';
import type { SandboxRecord } from './sandbox.ts';

const HOLDING_AREA = '/var/tmp';

/** Whether {@link checkpointAgain} knows how. */
export function canCheckpoint({ kind }: SandboxRecord): boolean {
  return kind === 'podman';
}

/**
 * Makes a checkpoint of a sandbox, which goes on running, and brings the archive to this machine.
 * @param target a file that is not there yet
 * @throws CheckpointError `unavailable` with what the engine says, `exists`, `cancelled`; nothing of the file stays then
 */
export async function checkpointAgain(
  { name, prefix = [] }: SandboxRecord,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  const machine = new Machine(prefix);
  const isHere = prefix.length === 0;
  const archive = isHere ? target : `${HOLDING_AREA}/${name}-${newId()}.tar`;
  try {
    await machine.expect(
      // Without a compression of its own the archive can be read in place.
      ['podman', 'container', 'checkpoint', '--leave-running', '--compress', 'none', '--export', archive, name],
      { signal },
    );
    if (!isHere) await fetchFile(machine, archive, target, signal);
  } catch (error) {
    if (isHere) await rm(target, { force: true });
    throw error;
  } finally {
    if (!isHere) await machine.run(['rm', '-f', '--', archive], { timeout: 30_000 }).catch(() => undefined);
  }
}

async function fetchFile(machine: Machine, path: string, target: string, signal?: AbortSignal): Promise<void> {
  const [program = '', ...args] = machine.words(['cat', '--', path]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true, signal });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-4096)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  try {
    const [code] = await Promise.all([
      ended,
      pipeline(child.stdout, createWriteStream(target, { flags: 'wx', mode: 0o600 }), { signal }),
    ]);
    if (code === 0) return;
    throw new CheckpointError('unavailable', sentence('{0} could not be fetched: {1}', path, lastLines(complaint, 2)));
  } catch (error) {
    child.kill('SIGKILL');
    await rm(target, { force: true });
    if (isCancelled(error)) throw cancelled();
    throw error;
  }
}
