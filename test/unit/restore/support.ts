import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint, type Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import type { SpillSettings } from '../../../src/protocol/checkpoint-api.ts';
import type { CheckpointFacts } from '../../../src/protocol/restore-facts.ts';

type Demands = CheckpointFacts['demands'];

export const NO_DEMANDS: Demands = {
  hooks: [],
  hostPaths: [],
  devices: [],
  hostNamespaces: [],
  isPrivileged: false,
  annotations: [],
  openPaths: [],
  ofPodman: [],
  capabilities: [],
};

/** A checkpoint of which nothing stands in the way, but for what a test says. */
export function facts(engine: CheckpointFacts['engine'], more: Partial<CheckpointFacts> = {}): CheckpointFacts {
  return {
    engine,
    containerName: 'app',
    runtime: 'runc',
    criuVersion: '4.1.1',
    architecture: 'amd64',
    image: { name: 'registry.example/app:1', digest: `sha256:${'0'.repeat(64)}` },
    memory: 1024 ** 2,
    hasParent: false,
    compressedPages: false,
    isDamaged: false,
    doubts: [],
    isInPodmanPod: false,
    isTerminal: false,
    hasHealthCheck: false,
    connections: [],
    hasFileLocks: false,
    addresses: [],
    ports: [],
    mounts: [],
    hasUserNamespace: false,
    demands: NO_DEMANDS,
    ...more,
  };
}

/** A folder that is gone when the test is over, with a place for decompressed copies. */
export async function inFolder<T>(use: (folder: string, spill: SpillSettings) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'restore-'));
  const spill = mkdtempSync(join(tmpdir(), 'restore-spill-'));
  try {
    return await use(folder, { directory: spill, limit: 1024 ** 3, keepFor: 0 });
  } finally {
    for (const gone of [folder, spill]) rmSync(gone, { recursive: true, force: true });
  }
}

/** Opens a checkpoint for as long as it is used. */
export async function withCheckpoint<T>(
  locator: string,
  spill: SpillSettings,
  use: (checkpoint: Checkpoint) => Promise<T>,
): Promise<T> {
  const checkpoint = await openCheckpoint({ locator, spill });
  try {
    await checkpoint.completed;
    return await use(checkpoint);
  } finally {
    await checkpoint.close();
  }
}
