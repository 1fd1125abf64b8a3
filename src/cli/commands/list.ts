import { closeSync, openSync, readdirSync, readSync, statSync, type Stats } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Checkpoint } from '../../core/checkpoint/checkpoint.ts';
import { errorCode, fileError } from '../../core/bytes/file-source.ts';
import { CheckpointError, isCancelled } from '../../core/errors.ts';
import { formatTime } from '../../protocol/format.ts';
import type { Overview } from '../../protocol/overview.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { Arguments } from '../arguments.ts';
import { ENGINES } from '../inspect-json.ts';
import { formatJson, type JsonObject } from '../json.ts';
import { drawTable } from '../layout.ts';
import type { ExitCode, Session } from '../session.ts';

const KUBELET = '/var/lib/kubelet/checkpoints';

/** Checkpoints opened at once: their few kilobytes are read while others wait for the disk. */
const AT_ONCE = 4;

interface Found {
  readonly directory: string;
  readonly name: string;
  readonly overview: Overview;
}

export async function run(args: Arguments, session: Session): Promise<ExitCode> {
  const asked = args.operands.length > 0;
  const directories = asked ? args.operands : [KUBELET, '.'];
  let code: ExitCode = 0;
  const found: Found[] = [];
  for (const directory of unique(directories)) {
    try {
      found.push(...(await searchDirectory(directory, session)));
    } catch (error) {
      if (isCancelled(error)) throw error;
      // Most machines have no kubelet: a folder that nobody named may be missing.
      if (!asked && CheckpointError.is(error, 'not-found')) continue;
      session.output.failure(error);
      code = 1;
    }
  }
  if (args.text('format') === 'json') await session.output.write(`${formatJson(found.map(foundJson))}\n`);
  else if (found.length > 0) await session.output.write(tables(found));
  else if (code === 0) await session.output.write(`No checkpoints found in ${directories.join(', ')}\n`);
  return code;
}

function unique(directories: readonly string[]): readonly string[] {
  return [...new Map(directories.map((directory) => [resolve(directory), directory])).values()];
}

/** @throws CheckpointError `not-found`, `unreadable` */
async function searchDirectory(directory: string, session: Session): Promise<Found[]> {
  const names = readNames(directory);
  const found: (Found | undefined)[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < names.length; index = next++) {
      found[index] = await identify(directory, names[index] ?? '', session);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return found.filter((one) => one !== undefined);
}

function readNames(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') {
      throw new CheckpointError('not-found', sentence('{0} is not a folder.', directory), { where: directory });
    }
    throw fileError(directory, error);
  }
}

/** Undefined for what is no checkpoint. One that cannot be read is told on stderr: it may be the one looked for. */
async function identify(directory: string, name: string, session: Session): Promise<Found | undefined> {
  const path = join(directory, name);
  if (!couldBeCheckpoint(path)) return undefined;
  try {
    return { directory, name, overview: await readEarly(path, session) };
  } catch (error) {
    if (isCancelled(error) && session.signal.aborted) throw error;
    if (!CheckpointError.is(error, 'not-a-checkpoint')) session.output.failure(error);
    return undefined;
  }
}

/** By the first bytes, so that what is clearly something else is not opened at all. */
function couldBeCheckpoint(path: string): boolean {
  const stat = look(path);
  if (stat?.isDirectory())
    return ['inventory.img', 'oci-layout', 'checkpoint/inventory.img'].some(
      (inside) => look(join(path, inside)) !== undefined,
    );
  return stat?.isFile() === true && looksLikeArchive(readHead(path));
}

/** Undefined for what is not there, and for what may not be looked at: links in a circle, another's folder. */
function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function looksLikeArchive(head: Buffer): boolean {
  const tar =
    head.length === 512 &&
    (head.toString('latin1', 257, 262) === 'ustar' || /^[0-7 ]+[\0 ]/.test(head.toString('latin1', 148, 156)));
  return tar || head.readUInt16BE() === 0x1f8b || head.readUInt32LE() === 0xfd2fb528;
}

function readHead(path: string): Buffer {
  const head = Buffer.alloc(512);
  try {
    const file = openSync(path, 'r');
    try {
      readSync(file, head, 0, head.length, 0);
    } finally {
      closeSync(file);
    }
  } catch {
    // What may not be read is not listed: a folder may hold anything.
  }
  return head;
}

/** The overview as soon as it names the container: a compressed archive is not read further than that. */
async function readEarly(path: string, session: Session): Promise<Overview> {
  let changed = new Notice();
  const checkpoint: Checkpoint = await session.openEarly(path, () => changed.give());
  try {
    for (;;) {
      const notice = (changed = new Notice());
      const overview = await checkpoint.overview(session.signal);
      if (checkpoint.complete || isIdentified(overview)) return overview;
      await Promise.race([notice.given, checkpoint.completed]);
    }
  } finally {
    await checkpoint.close();
  }
}

function isIdentified({ container, created }: Overview): boolean {
  return container.name !== undefined && container.id !== undefined && created !== undefined;
}

/** A promise for the next change. */
class Notice {
  readonly given: Promise<void>;
  give: () => void = () => undefined;

  constructor() {
    this.given = new Promise((resolve) => {
      this.give = resolve;
    });
  }
}

function foundJson({ directory, name, overview }: Found): JsonObject {
  const { pod, container, engine, checkpointed, image } = overview;
  return {
    locator: join(directory, name),
    namespace: pod?.namespace,
    pod: pod?.name,
    container: container.name,
    id: container.id,
    image: image?.name,
    engine: ENGINES[engine],
    checkpointed,
    size: overview.sizes.archive,
  };
}

function tables(found: readonly Found[]): string {
  const byDirectory = Map.groupBy(found, ({ directory }) => directory);
  return [...byDirectory]
    .map(
      ([directory, inside]) =>
        `Listing checkpoints in path: ${directory}\n\n${drawTable(['Namespace', 'Pod', 'Container', 'Engine', 'Time checkpointed', 'Checkpoint name'], inside.map(row))}`,
    )
    .join('\n');
}

function row({ name, overview: { pod, container, engine, checkpointed } }: Found): string[] {
  return [
    pod?.namespace ?? '',
    pod?.name ?? '',
    container.name ?? '',
    ENGINES[engine],
    checkpointed === undefined ? '' : formatTime(checkpointed, { utc: true }),
    name,
  ];
}
