import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint, type Checkpoint } from '../../../../src/core/checkpoint/checkpoint.ts';
import { openIsolation, type Isolation } from '../../../../src/core/checkpoint/isolation/isolation.ts';
import { Metadata } from '../../../../src/core/checkpoint/metadata.ts';
import { Notebook } from '../../../../src/core/checkpoint/notebook.ts';
import { Processes } from '../../../../src/core/checkpoint/processes.ts';
import { ImageDirectory } from '../../../../src/core/criu/image-directory.ts';
import type { Engine } from '../../../../src/protocol/overview.ts';
import { archiveOf } from '../../support/fixtures.ts';
import { memoryFiles } from '../../support/memory-files.ts';
import { bytes, entry, image, type Part } from '../../criu/build-image.ts';

/** Opens a fixture, read to its end, and lends it to a test. */
export async function withFixture<T>(name: string, use: (checkpoint: Checkpoint) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'checkpoint-isolation-'));
  const checkpoint = await openCheckpoint({ locator: archiveOf(name), spill: { directory, limit: 2 ** 32 } });
  try {
    await checkpoint.completed;
    return await use(checkpoint);
  } finally {
    await checkpoint.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

export interface MadeUp {
  readonly isolation: Isolation;
  readonly notebook: Notebook;
}

/** A dump of hand-made images: names to contents. */
export function madeUp(images: Readonly<Record<string, Uint8Array>>, spec?: object, engine: Engine = 'podman'): MadeUp {
  const named = Object.entries(images).map(([name, content]) => [`checkpoint/${name}`, content] as const);
  const files = memoryFiles({
    ...Object.fromEntries(named),
    ...(spec && { 'spec.dump': JSON.stringify(spec) }),
  });
  const notebook = new Notebook();
  const directory = new ImageDirectory(files, 'checkpoint/');
  const isolation = openIsolation({
    images: directory,
    processes: new Processes(directory, notebook),
    metadata: new Metadata(files, notebook),
    notebook,
    engine,
  });
  return { isolation, notebook };
}

export const credentials = {
  uid: 0,
  gid: 0,
  euid: 0,
  egid: 0,
  suid: 0,
  sgid: 0,
  fsuid: 0,
  fsgid: 0,
  cap_inh: [0, 0],
  cap_prm: [0, 0],
  cap_eff: [0, 0],
  cap_bnd: [0, 0],
  secbits: 0,
  groups: [],
};

export function pstree(
  ...processes: readonly { readonly pid: number; readonly threads?: readonly number[] }[]
): Uint8Array {
  const entries = processes.map(({ pid, threads = [pid] }) =>
    entry('pstree_entry', { pid, ppid: pid === 1 ? 0 : 1, pgid: pid, sid: 1, threads }),
  );
  return image('PSTREE', ...entries);
}

interface Core {
  readonly machine?: number;
  readonly task?: Readonly<Record<string, unknown>> | false;
  readonly thread?: Readonly<Record<string, unknown>> | false;
  readonly ids?: Readonly<Record<string, unknown>>;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A core image of x86-64; `task: false` that of a thread that leads nothing. */
export function core({ machine = 1, task = {}, thread = {}, ids, more }: Core = {}): Uint8Array {
  return image(
    'CORE',
    entry('core_entry', {
      mtype: machine,
      ...more,
      ...(task !== false && {
        tc: { task_state: 1, exit_code: 0, personality: 0, flags: 0, blk_sigset: 0, comm: 'made-up', ...task },
      }),
      ...(ids && { ids: { vm_id: 1, files_id: 1, fs_id: 1, sighand_id: 1, ...ids } }),
      ...(thread !== false && { thread_core: { futex_rla: 0, futex_rla_len: 0, creds: credentials, ...thread } }),
    }),
  );
}

/** struct sock_filter[]: code, distance where it holds, distance where it does not, operand. */
export function program(...instructions: readonly (readonly [number, number, number, number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(([code, jumpTrue, jumpFalse, operand], index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jumpTrue);
    view.setUint8(index * 8 + 3, jumpFalse);
    view.setUint32(index * 8 + 4, operand, true);
  });
  return new Uint8Array(view.buffer);
}

export interface Filter {
  readonly filter: Uint8Array;
  readonly prev?: number;
  readonly flags?: number;
}

export function seccompImage(...filters: readonly Filter[]): Uint8Array {
  return image('SECCOMP', entry('seccomp_entry', { seccomp_filters: filters }));
}

export function concat(...parts: readonly Part[]): Uint8Array {
  return bytes(...parts);
}

/** siginfo_t of a 64-bit machine: signal, errno, code, padding, and what follows as words of 32 bits. */
export function siginfo(signal: number, code: number, words: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(128));
  view.setInt32(0, signal, true);
  view.setInt32(8, code, true);
  words.forEach((word, index) => view.setUint32(16 + index * 4, word, true));
  return new Uint8Array(view.buffer);
}

/** protobufjs takes 64-bit numbers as text. */
export function wireable<T>(value: T): T {
  return JSON.parse(JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item))) as T;
}
