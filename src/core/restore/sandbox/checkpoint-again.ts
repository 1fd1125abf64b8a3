import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { sentence } from '../../../protocol/sentence.ts';
import { cancelled } from '../../bytes/cancel.ts';
import { CheckpointError, isCancelled } from '../../errors.ts';
import { exists } from '../../bytes/new-file.ts';
import { lastLines, Machine } from './command.ts';
import { crictl } from './cri-place.ts';
import { criContainer } from './shell.ts';
import { newId } from './journal.ts';
import type { SandboxRecord } from './sandbox.ts';

const HOLDING_AREA = '/var/tmp';

/** Whether {@link checkpointAgain} knows how; of a pod in a cluster see `checkpoint-pod.ts`. */
export function canCheckpoint({ kind }: SandboxRecord): boolean {
  return kind !== 'kubernetes';
}

/**
 * Makes a checkpoint of a sandbox, which goes on running, and brings the archive to this machine.
 * @param target a file that is not there yet
 * @throws CheckpointError `unavailable` with what the engine says, `exists`, `cancelled`; nothing of the file stays then
 */
export async function checkpointAgain(record: SandboxRecord, target: string, signal?: AbortSignal): Promise<void> {
  const { name, prefix = [] } = record;
  const machine = new Machine(prefix);
  const isHere = prefix.length === 0;
  const archive = isHere ? target : `${HOLDING_AREA}/${name}-${newId()}.tar`;
  // Engines write over what is there.
  if (existsSync(target)) throw exists(target);
  try {
    await machine.expect(await checkpointWords(machine, record, archive, signal), { signal, isMaking: true });
    if (!isHere) await fetchFile(machine, archive, target, signal);
  } catch (error) {
    if (isHere) await rm(target, { force: true });
    throw error;
  } finally {
    if (!isHere) await machine.run(['rm', '-f', '--', archive], { timeout: 30_000 }).catch(() => undefined);
  }
}

/** The container goes on. @throws CheckpointError `not-found` */
async function checkpointWords(
  machine: Machine,
  record: SandboxRecord,
  archive: string,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { kind, name } = record;
  if (kind === 'crio') {
    const container = await criContainer(machine, record, signal);
    if (container !== undefined) return crictl('checkpoint', `--export=${archive}`, container);
    throw new CheckpointError('not-found', sentence('No container of {0} is running.', name));
  }
  // Without a compression of its own the archive can be read in place.
  return ['podman', 'container', 'checkpoint', '--leave-running', '--compress', 'none', '--export', archive, name];
}

async function fetchFile(machine: Machine, path: string, target: string, signal?: AbortSignal): Promise<void> {
  const file = await open(target, 'wx', 0o600);
  const [program = '', ...args] = machine.words(['cat', '--', path]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true, signal });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = (complaint + text).slice(-4096)));
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  try {
    const [code] = await Promise.all([ended, pipeline(child.stdout, file.createWriteStream(), { signal })]);
    if (code === 0) return;
    throw new CheckpointError('unavailable', sentence('{0} could not be fetched: {1}', path, lastLines(complaint, 2)));
  } catch (error) {
    child.kill('SIGKILL');
    await rm(target, { force: true });
    if (isCancelled(error)) throw cancelled();
    throw error;
  }
}
