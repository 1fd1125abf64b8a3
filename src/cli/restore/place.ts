import { homedir } from 'node:os';
import { join } from 'node:path';
import { Machine } from '../../core/restore/sandbox/command.ts';
import { SandboxJournal } from '../../core/restore/sandbox/journal.ts';
import { PodmanSandbox } from '../../core/restore/sandbox/podman.ts';
import type { Sandbox, SandboxRecord } from '../../core/restore/sandbox/sandbox.ts';
import type { TargetKind } from '../../core/restore/compatibility/target-facts.ts';
import { usage, type Arguments } from '../arguments.ts';
import type { Session } from '../session.ts';

/** What is written down about sandboxes must outlive caches. */
export function sandboxJournal(environment = process.env, platform = process.platform): SandboxJournal {
  const chosen = environment['CHECKPOINT_EXPLORER_SANDBOXES'];
  if (chosen !== undefined && chosen !== '') return new SandboxJournal(chosen);
  return new SandboxJournal(join(stateFolder(environment, platform), 'checkpoint-explorer', 'sandboxes'));
}

function stateFolder(environment: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === 'win32') return environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support');
  const state = environment['XDG_STATE_HOME'];
  return state?.startsWith('/') === true ? state : join(homedir(), '.local', 'state');
}

/** Where a checkpoint is to be restored, from the options. @throws CheckpointError `usage` */
export async function placeOf(kind: TargetKind, args: Arguments, session: Session): Promise<Sandbox> {
  const journal = sandboxJournal();
  switch (kind) {
    case 'podman':
      return new PodmanSandbox({ machine: machineOf(args), journal, network: networkOf(args) });
    case 'crio':
    case 'kubernetes':
      await Promise.resolve(session);
      throw usage('{0} is not a place that checkpoints can be restored to yet.', kind);
  }
}

/** Where a sandbox is that was written down. */
export function placeOfRecord(record: SandboxRecord): Sandbox {
  return new PodmanSandbox({ machine: new Machine(record.prefix), journal: sandboxJournal() });
}

/** Words, parted by spaces: no shell looks at them. */
function machineOf(args: Arguments): Machine {
  return new Machine((args.text('prefix') ?? '').split(/\s+/).filter((word) => word !== ''));
}

function networkOf(args: Arguments): 'nowhere' | 'as-it-was' {
  return args.text('network') === 'as-it-was' ? 'as-it-was' : 'nowhere';
}
