import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import { readAll } from '../../../src/core/bytes/read.ts';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import type { ChangeFacts } from '../../../src/protocol/changes.ts';
import type { MountFacts } from '../../../src/protocol/mounts.ts';
import type { Note } from '../../../src/protocol/note.ts';
import type { Overview } from '../../../src/protocol/overview.ts';
import type { ProcessFacts } from '../../../src/protocol/processes.ts';

export interface Answers {
  readonly overview: Overview;
  readonly processes: readonly ProcessFacts[];
  readonly mounts: readonly MountFacts[];
  readonly changes: readonly ChangeFacts[];
  readonly notes: readonly Note[];
}

/**
 * Opens a checkpoint and asks every question of it, also for each of its files. What is damaged may make a single file
 * unreadable; nothing but a CheckpointError may come out.
 */
export async function askEverything(locator: string, spillDirectory: string): Promise<Answers> {
  const checkpoint = await openCheckpoint({ locator, spill: { directory: spillDirectory, limit: 2 ** 30 } });
  try {
    await checkpoint.completed;
    const overview = await checkpoint.overview();
    const processes = await checkpoint.processes();
    const mounts = await checkpoint.mounts();
    const changes = [...(await checkpoint.eachChange()).changes];
    for (const { pid, fd } of await checkpoint.openFiles.list()) await checkpoint.openFiles.detail(pid, fd);
    const folders = ['/'];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const entry of await checkpoint.files.list(folder)) {
        const path = `${folder === '/' ? '' : folder}/${entry.name}`;
        if (entry.kind === 'directory') folders.push(path);
        if (entry.kind === 'file') await readOrRefuse(() => checkpoint.files.open(path));
      }
    }
    return { overview, processes, mounts, changes, notes: await checkpoint.notes() };
  } finally {
    await checkpoint.close();
  }
}

async function readOrRefuse(open: () => Promise<ByteSource>): Promise<void> {
  try {
    const source = await open();
    try {
      await readAll(source, 1 << 16);
    } finally {
      await source.close();
    }
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
  }
}
