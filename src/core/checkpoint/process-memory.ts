import { Buffer, isUtf8 } from 'node:buffer';
import { sentence } from '../../protocol/sentence.ts';
import type { Note } from '../../protocol/note.ts';
import type { AddressSpace } from '../criu/address-space.ts';
import type { MmEntry } from '../criu/schema/generated/messages.ts';

/** The kernel allows a quarter of the stack limit, 2 MiB by default and rarely more; hostile images claim anything. */
export const MAX_STRINGS = 8 * 1024 * 1024;

/** NUL-terminated strings read out of a process's memory. */
export interface StringBlock {
  readonly strings: readonly string[];
  /** As they stood in memory, where they are not UTF-8. */
  readonly bytes?: Uint8Array;
}

/** Arguments and environment of a process; undefined where nothing of them was dumped. */
export interface ProcessStrings {
  readonly arguments: StringBlock | undefined;
  readonly environment: StringBlock | undefined;
}

/** Reads both at once where they lie side by side and were dumped whole, as in nearly every process. */
export async function readStrings(
  space: AddressSpace,
  mm: MmEntry,
  pid: number,
  note: (note: Note) => void,
  signal?: AbortSignal,
): Promise<ProcessStrings> {
  const { mm_arg_start: start, mm_arg_end: border, mm_env_start: envStart, mm_env_end: end } = mm;
  if (start < border && border === envStart && envStart <= end && end - start <= BigInt(MAX_STRINGS)) {
    const { bytes, missing } = await space.read(start, Number(end - start), signal);
    const length = Number(border - start);
    if (missing.length === 0 && bytes[length - 1] === 0) {
      return { arguments: splitStrings(bytes.subarray(0, length)), environment: splitStrings(bytes.subarray(length)) };
    }
  }
  return {
    arguments: await readArguments(space, mm, pid, note, signal),
    environment: await readEnvironment(space, mm, pid, note, signal),
  };
}

/**
 * The command line as the kernel's /proc/PID/cmdline gives it. A process that overwrote its arguments with one longer
 * title (setproctitle) has no NUL at the end of the argument area: the title goes on into the environment's.
 * Source: fs/proc/base.c, get_mm_cmdline.
 */
async function readArguments(
  space: AddressSpace,
  mm: MmEntry,
  pid: number,
  note: (note: Note) => void,
  signal?: AbortSignal,
): Promise<StringBlock | undefined> {
  const bytes = await readRange(space, mm.mm_arg_start, mm.mm_arg_end, pid, 'arguments', note, signal);
  if (!bytes || bytes.length === 0 || bytes.at(-1) === 0 || mm.mm_env_start !== mm.mm_arg_end)
    return bytes && splitStrings(bytes);
  const whole = await readRange(space, mm.mm_arg_start, mm.mm_env_end, pid, 'arguments', note, signal);
  const end = whole?.indexOf(0) ?? -1;
  return whole && splitStrings(end < 0 ? whole : whole.subarray(0, end));
}

/** The environment as it stood in memory, /proc/PID/environ. */
async function readEnvironment(
  space: AddressSpace,
  mm: MmEntry,
  pid: number,
  note: (note: Note) => void,
  signal?: AbortSignal,
): Promise<StringBlock | undefined> {
  const bytes = await readRange(space, mm.mm_env_start, mm.mm_env_end, pid, 'environment', note, signal);
  return bytes && splitStrings(bytes);
}

/** The bytes of an area as far as they were dumped; undefined where none was. */
async function readRange(
  space: AddressSpace,
  start: bigint,
  end: bigint,
  pid: number,
  what: string,
  note: (note: Note) => void,
  signal?: AbortSignal,
): Promise<Uint8Array | undefined> {
  if (end <= start) return new Uint8Array();
  const length = end - start > BigInt(MAX_STRINGS) ? MAX_STRINGS : Number(end - start);
  if (BigInt(length) < end - start) {
    note({
      kind: 'damaged',
      where: space.where,
      text: sentence(
        'The {0} of process {1} claim to be {2} bytes long, which no kernel allows. Only the first {3} are shown.',
        what,
        pid,
        String(end - start),
        length,
      ),
    });
  }
  const { bytes, missing } = await space.read(start, length, signal);
  const absent = missing.reduce((sum, range) => sum + range.length, 0);
  if (absent === 0) return bytes;
  note({
    kind: 'missing',
    where: space.where,
    text: sentence('{0} of {1} bytes of the {2} of process {3} are not in the dump.', absent, length, what, pid),
  });
  if (absent === length) return undefined;
  return present(bytes, missing);
}

/** Leaves out the bytes that are not there: zeros in their place would read as empty strings. */
function present(
  bytes: Uint8Array,
  missing: readonly { readonly offset: number; readonly length: number }[],
): Uint8Array {
  const kept = new Uint8Array(bytes.length - missing.reduce((sum, range) => sum + range.length, 0));
  let from = 0;
  let to = 0;
  for (const range of [...missing, { offset: bytes.length, length: 0 }]) {
    kept.set(bytes.subarray(from, range.offset), to);
    to += range.offset - from;
    from = range.offset + range.length;
  }
  return kept;
}

/** Strings that each end with a NUL; the last may lack it. */
export function splitStrings(bytes: Uint8Array): StringBlock {
  const end = bytes.at(-1) === 0 ? bytes.length - 1 : bytes.length;
  if (bytes.length === 0) return { strings: [] };
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('utf8');
  const strings = text.split('\0');
  // U+FFFD stands for what is no text, or for itself.
  if (!text.includes('\uFFFD')) return { strings };
  const content = bytes.subarray(0, end);
  return isUtf8(content) ? { strings } : { strings, bytes: new Uint8Array(content) };
}
