import type { SeccompFilterFacts, SeccompLine, SeccompListing, SeccompState } from '../../../protocol/seccomp.ts';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { disassemble } from './bpf/disassemble.ts';
import { INSTRUCTION_BYTES, problemOf, readProgram, type Instruction, type Problem } from './bpf/program.ts';
import type { SeccompFilters } from './seccomp-filters.ts';
import { isBigEndian } from './syscalls/names.ts';
import type { ThreadImages } from './task-images.ts';

const MODES: readonly SeccompState['mode'][] = ['disabled', 'strict', 'filter'];
const FILTER = 2;

/**
 * Which filters decide on a thread's calls. Where all threads of a process have the same ones CRIU keeps them with the
 * leader only, marked TSYNC, and writes the others down as if they had none. Before 3.10 it knew of filters of whole
 * processes only, and restored them in every thread.
 * Source: criu/seccomp.c, try_use_tsync; for old dumps criu/pie/restorer.c of 3.9, restore_seccomp.
 */
export async function describeSeccomp(
  thread: ThreadImages,
  leader: ThreadImages,
  load: () => Promise<SeccompFilters>,
): Promise<SeccompState | undefined> {
  if (!thread.core) return undefined;
  if (thread !== leader && isOfProcess(leader)) return describeSeccomp(leader, leader, load);
  const own = modeOf(thread);
  const leading = modeOf(leader);
  if (own === FILTER) return { mode: 'filter', filters: chainOf(await load(), thread) };
  if (thread !== leader && own === 0 && leading === FILTER) {
    const filters = chainOf(await load(), leader);
    if (filters.some(({ flags }) => flags.includes('TSYNC'))) return { mode: 'filter', filters };
  }
  const mode = MODES[own];
  return mode ? { mode, filters: [] } : { mode: 'unknown', modeNumber: own, filters: [] };
}

/** The dump tells of the process as a whole. */
function isOfProcess({ core, thread }: ThreadImages): boolean {
  return thread?.seccomp_mode === undefined && core?.tc?.old_seccomp_mode !== undefined;
}

/** As the kernel numbers it. */
export function modeNumber({ mode, modeNumber: unknown = 0 }: SeccompState): number {
  return mode === 'unknown' ? unknown : MODES.indexOf(mode);
}

/** The mode in a thread's own image; older dumps have that of the process in its task entry. */
function modeOf({ core, thread }: ThreadImages): number {
  return thread?.seccomp_mode ?? core?.tc?.old_seccomp_mode ?? 0;
}

/**
 * The last one added first. A thread of CRIU 3.10 and newer leads to its first filter, and each filter to the one that was
 * added after it; before that both led the other way.
 * Source: criu/seccomp.c, dump_seccomp_filters and seccomp_prepare_threads; of 3.9, collect_filter_for_pstree.
 */
function chainOf(filters: SeccompFilters, { core, thread }: ThreadImages): readonly SeccompFilterFacts[] {
  const index = thread?.seccomp_filter ?? core?.tc?.old_seccomp_filter;
  if (index === undefined) return [];
  const chain = filters.chain(index);
  const newestFirst = thread?.seccomp_filter === undefined ? chain : chain.toReversed();
  return newestFirst.map((filter, at) => {
    const previous = newestFirst[at + 1]?.index;
    return previous === undefined ? filter : { ...filter, previous };
  });
}

const PROBLEMS: Readonly<Record<Problem, Sentence>> = {
  'unknown-instruction': sentence('No kernel accepts this instruction in a seccomp filter.'),
  'jump-outside': sentence('It jumps behind the end of the filter.'),
  'outside-data': sentence('It reads outside of what a filter is given.'),
  'outside-memory': sentence('It uses a memory word that does not exist.'),
  'no-return': sentence('The filter ends without an answer.'),
  'undefined-result': sentence('It divides by zero, or shifts by more bits than there are.'),
};

/** @param architecture AUDIT_ARCH_* for calls' names where the filter does not check it */
export function listFilter(
  filter: SeccompFilterFacts,
  bytes: Uint8Array,
  architecture: number | undefined,
): SeccompListing {
  const program = readProgram(bytes, isBigEndian(architecture));
  const texts = disassemble(program, architecture);
  const lines = program.map((instruction, index): SeccompLine => {
    const problem = problemOf(program, index);
    return {
      index,
      raw: rawInstruction(instruction),
      text: texts[index] ?? '',
      ...(problem && { problem: PROBLEMS[problem] }),
    };
  });
  const left = bytes.length - program.length * INSTRUCTION_BYTES;
  if (left === 0) return { filter, lines };
  const text = sentence('{0} bytes at the end of the filter are no instruction that a kernel would have read.', left);
  return { filter, lines, left: text };
}

function rawInstruction({ code, jumpTrue, jumpFalse, operand }: Instruction): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  return `${hex(code, 4)} ${hex(jumpTrue, 2)} ${hex(jumpFalse, 2)} ${hex(operand, 8)}`;
}
