import type { MemoryRange, MemoryRegion } from '../../../protocol/memory.ts';
import { hex } from '../../../protocol/wire.ts';
import { MACHINE } from '../../criu/architectures.ts';
import { CheckpointError } from '../../errors.ts';
import type { Memory } from '../memory/memory.ts';
import { file, textFile, type ProcFolder, type ProcModule } from './proc-node.ts';
import { formatMaps, formatSmaps } from './maps-format.ts';

/** Lines of a list of missing ranges; a hostile page map has millions. */
const MAX_LINES = 200_000;

/** What a process had mapped, and its bytes. */
export const memoryFiles: ProcModule = ({ pid }, { memory, processes }) => ({
  auxv: file(async (signal) => {
    const words = (await processes.memoryLayout(pid, signal))?.mm_saved_auxv;
    if (!words || words.length === 0) return undefined;
    return auxiliaryVector(words, await processes.machine(pid, signal));
  }),
  maps: file(async (signal) => {
    const mappings = await orNothing(memory.mappings(pid, signal));
    return mappings && formatMaps(mappings, await processes.machine(pid, signal));
  }),
  mem: memoryFolder(memory, pid),
  smaps: file(async (signal) => {
    const walk = await orNothing(memory.walk(pid, signal));
    return walk && formatSmaps(walk, await processes.machine(pid, signal));
  }),
});

/**
 * As the kernel keeps it: pairs of a key and a value. CRIU has as numbers what it read there as words of its own: of a
 * 32-bit process of a 64-bit machine each of them is such a pair, and comes out as it was.
 */
function auxiliaryVector(words: readonly bigint[], machine: number | undefined): Uint8Array {
  const bytes = Buffer.alloc(words.length * (machine === MACHINE.arm ? 4 : 8));
  words.forEach((word, index) => {
    if (machine === MACHINE.arm) bytes.writeUInt32LE(Number(BigInt.asUintN(32, word)), index * 4);
    else if (machine === MACHINE.s390) bytes.writeBigUInt64BE(word, index * 8);
    else bytes.writeBigUInt64LE(word, index * 8);
  });
  return bytes;
}

/**
 * `mem/START-END`: any range as a file, as the kernel's `mem` read there. A folder lists the mappings of which the dump
 * holds something, and beside each that is not whole what is missing of it: `START-END.missing`.
 */
function memoryFolder(memory: Memory, pid: number): ProcFolder {
  return {
    kind: 'directory',
    // Everything in it is in the pages images too.
    onDemand: true,
    names: async (signal) => {
      const names: string[] = [];
      for await (const region of (await orNothing(memory.walk(pid, signal)))?.regions ?? []) {
        if (!isHeld(region)) continue;
        const name = rangeName(region.start, region.end);
        names.push(name);
        if (!isWhole(region)) names.push(`${name}.missing`);
      }
      return names;
    },
    node: (name) => {
      const range = readRange(name);
      if (!range) return Promise.resolve(undefined);
      const { start, length, missing } = range;
      return Promise.resolve(
        missing
          ? textFile((signal) => orNothing(missingText(memory, pid, start, length, signal)))
          : file((signal) => orNothing(memory.open(pid, start, length, signal))),
      );
    },
  };
}

/** A line for each range that the checkpoint does not hold: where, why, and the file that would have it. */
async function missingText(
  memory: Memory,
  pid: number,
  start: bigint,
  length: number,
  signal?: AbortSignal,
): Promise<string> {
  const lines: string[] = [];
  for (let done = 0; done < length;) {
    const at = start + BigInt(done);
    const { ranges, length: covered } = await memory.locate(pid, at, length - done, {
      limit: 10_000,
      ...(signal && { signal }),
    });
    for (const range of ranges) if (!range.present) lines.push(missingLine(range));
    done += covered;
    if (lines.length > MAX_LINES || covered === 0) {
      lines.push(`# more follow behind ${hex(start + BigInt(done))}\n`);
      break;
    }
  }
  return lines.join('');
}

function missingLine({ start, length, source, where, offset }: MemoryRange): string {
  const place = where === undefined ? '' : ` ${where.replaceAll('\n', '\\012')}`;
  const at = offset === undefined ? '' : ` ${hex(offset)}`;
  return `${rangeName(start, start + BigInt(length))} ${source}${at}${place}\n`;
}

function rangeName(start: bigint, end: bigint): string {
  return `${start.toString(16)}-${end.toString(16)}`;
}

/** Numbers as the kernel writes them in maps and map_files; undefined for what is no range. */
function readRange(
  name: string,
): { readonly start: bigint; readonly length: number; readonly missing: boolean } | undefined {
  const match = /^([0-9a-f]{1,16})-([0-9a-f]{1,17})(\.missing)?$/.exec(name);
  if (!match) return undefined;
  const start = BigInt(`0x${match[1] ?? ''}`);
  const end = BigInt(`0x${match[2] ?? ''}`);
  const length = Number(end - start);
  if (length <= 0 || length > Number.MAX_SAFE_INTEGER || end > 1n << 64n) return undefined;
  return { start, length, missing: match[3] !== undefined };
}

function isHeld({ bytes }: MemoryRegion): boolean {
  return bytes.own !== undefined || bytes.shared !== undefined || bytes.parent !== undefined;
}

function isWhole({ bytes, start, end }: MemoryRegion): boolean {
  return (bytes.own ?? 0) + (bytes.shared ?? 0) === Number(end - start);
}

/** A process that had ended has no memory: then there is no such file. */
async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (CheckpointError.is(error, 'not-found')) return undefined;
    throw error;
  }
}
