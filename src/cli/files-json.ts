import type { KindFacts, OpenFileDetail, OpenFileFacts } from '../protocol/open-files.ts';
import type { ProcessFacts } from '../protocol/processes.ts';
import { say } from '../protocol/sentence.ts';
import { snakeCase, type Json, type JsonObject } from './json.ts';
import { JsonStream, StreamedObject } from './json-stream.ts';

/** An open file with what is known of it, in this program's form: words of flags and masks are `0x…`. */
export function fileJson({ file, facts, holders, moreHolders, mount, images }: OpenFileDetail): JsonObject {
  const { flags, mode, about, ...rest } = file;
  return {
    ...(snakeCase(rest) as JsonObject),
    flags: flags === undefined ? undefined : hex(flags),
    mode: mode === undefined ? undefined : mode.toString(8).padStart(6, '0'),
    about: about && say(about),
    mount: snakeCase(mount),
    facts: facts && kindJson(facts),
    holders: holders.length > 1 ? snakeCase(holders) : undefined,
    more_holders: moreHolders,
    images: images.map(({ image }) => image),
  };
}

/** Members of the kinds' facts that are words of flags. */
const MASKS = new Set([
  'data',
  'event_mask',
  'event_flags_mask',
  'ignored_mask',
  'map_flags',
  'mask',
  'seal_mask',
  'settings_mask',
]);

function kindJson(facts: KindFacts): Json {
  return withHex(snakeCase(facts) ?? null);
}

function withHex(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withHex(item));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, member]) => [
      key,
      MASKS.has(key) && (typeof member === 'number' || typeof member === 'bigint')
        ? hex(member)
        : member === undefined
          ? undefined
          : withHex(member),
    ]),
  );
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

/**
 * The open files of each process with checkpointctl's keys, its working directory and root after them as there, and
 * this program's own keys. Source: checkpointctl's internal/json.go and go-criu's crit/explore.go; what has no path
 * there is `TYPE.id`, and here what readlink gave.
 * @param details in the order of the processes
 */
export async function* filesOfProcesses(
  processes: readonly ProcessFacts[],
  details: AsyncIterable<OpenFileDetail>,
): AsyncGenerator<StreamedObject> {
  const iterator = details[Symbol.asyncIterator]();
  let next = await iterator.next();
  const filesOf = async function* (pid: number, others: readonly JsonObject[]): AsyncGenerator<JsonObject> {
    for (; next.done !== true && next.value.file.pid === pid; next = await iterator.next()) {
      const detail: OpenFileDetail = next.value;
      const { type, fd } = detail.file;
      yield { type, fd: `${type} ${String(fd)}`, path: pathThere(detail.file), file: fileJson(detail) };
    }
    yield* others;
  };
  for (const { pid, workingDirectory, rootDirectory } of processes) {
    const others: JsonObject[] = [];
    if (workingDirectory !== undefined) others.push({ type: '', fd: 'cwd', path: workingDirectory });
    if (rootDirectory !== undefined) others.push({ type: '', fd: 'root', path: rootDirectory });
    const hasOpen = next.done !== true && next.value.file.pid === pid;
    if (hasOpen || others.length > 0) {
      yield new StreamedObject({ pid, open_files: new JsonStream(filesOf(pid, others)) });
    }
  }
}

/** go-criu has forms of its own for pipes and UNIX sockets. */
function pathThere({ path, target, type, inode, socket }: OpenFileFacts): string {
  if (type === 'PIPE') return `pipe[${String(inode ?? '')}]`;
  if (type !== 'UNIXSK' || !socket) return path ?? target;
  const name = socket.local.startsWith('@') ? `\0${socket.local.slice(1)}` : socket.local;
  return `unix[${String(inode ?? '')} (${String(socket.peer ?? 0)}) ${name}]`;
}
