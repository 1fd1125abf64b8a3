import type { SeccompGroup, SeccompSummary, SeccompVerdict } from '../../../protocol/seccomp.ts';
import { Breather } from '../../bytes/cancel.ts';
import { describeAction, strongest } from './bpf/actions.ts';
import { evaluate, type Budget } from './bpf/evaluate.ts';
import { architecturesChecked } from './bpf/follow.ts';
import type { Instruction } from './bpf/program.ts';
import { architectureOf, systemCalls, X32_BIT, X32_PREFIX } from './syscalls/names.ts';

/** About a second of work; the largest filter of an engine needs a tenth of it. */
const STEPS = 20_000_000;
/** Numbers of calls that no architecture has: what is answered to one that does not exist yet. */
const NO_CALL = 0x3ffff;
const NO_ARCHITECTURE = 0;
/** More than filters for every architecture of the kernel ask for. */
const MAX_ARCHITECTURES = 32;

interface Interface {
  readonly architecture: number;
  readonly name: string;
  readonly calls: readonly (readonly [number: number, name: string])[];
  /** A number that no call has. */
  readonly noCall: number;
}

/**
 * What a thread's filters answer to every call that is known, found by following the filters for each call: not what
 * the engine was asked for, but what the kernel would do.
 * @param programs the last one added first
 * @param own AUDIT_ARCH_* of the process
 */
export async function summarize(
  programs: readonly (readonly Instruction[])[],
  own: number | undefined,
  signal?: AbortSignal,
): Promise<SeccompSummary> {
  const asker = new Asker(programs, own, signal);
  const verdicts: SeccompVerdict[] = [];
  for (const { architecture, name, calls, noCall } of architecturesOf(programs, own).flatMap(interfacesOf)) {
    const groups = new Map<string, { actions: readonly string[]; calls: string[] }>();
    for (const [number, call] of calls) {
      const actions = await asker.ask(architecture, number);
      const key = actions.join();
      const group = groups.get(key) ?? { actions, calls: [] };
      group.calls.push(call);
      groups.set(key, group);
    }
    verdicts.push({
      architecture: name,
      otherCalls: await asker.ask(architecture, noCall),
      groups: [...groups.values()].map(sortedGroup).sort((one, other) => other.calls.length - one.calls.length),
    });
  }
  const otherArchitectures = await asker.ask(NO_ARCHITECTURE, NO_CALL);
  return { verdicts, otherArchitectures, complete: asker.complete };
}

/** Those that the programs tell apart, in their order, and the process's own. */
function architecturesOf(programs: readonly (readonly Instruction[])[], own: number | undefined): readonly number[] {
  const all = new Set([...(own === undefined ? [] : [own]), ...programs.flatMap(architecturesChecked)]);
  return [...all].slice(0, MAX_ARCHITECTURES);
}

/** The calls of an architecture; those of 64-bit x86 under both ABIs, which their numbers tell apart. */
function interfacesOf(audit: number): readonly Interface[] {
  const name = architectureOf(audit)?.name ?? `0x${audit.toString(16)}`;
  const calls = [...systemCalls(audit)];
  const x32 = calls.filter(([number]) => number >= X32_BIT && name === 'X86_64');
  const own = { architecture: audit, name, calls: calls.filter((call) => !x32.includes(call)), noCall: NO_CALL };
  if (x32.length === 0) return [own];
  const named = x32.map(([number, call]) => [number, call.slice(X32_PREFIX.length)] as const);
  return [own, { architecture: audit, name: 'X32', calls: named, noCall: NO_CALL + X32_BIT }];
}

class Asker {
  readonly #programs: readonly (readonly Instruction[])[];
  readonly #own: number | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #breather = new Breather();
  readonly #budget: Budget = { steps: STEPS };
  complete = true;

  constructor(programs: readonly (readonly Instruction[])[], own: number | undefined, signal: AbortSignal | undefined) {
    this.#programs = programs;
    this.#own = own;
    this.#signal = signal;
  }

  /** The actions that may come out, as words. */
  async ask(architecture: number, number: number): Promise<readonly string[]> {
    if (this.#breather.isDue) await this.#breather.breathe(this.#signal);
    let words: readonly number[] | undefined;
    for (const program of this.#programs) {
      const answers = evaluate(program, architecture, number, this.#budget);
      this.complete &&= answers.complete;
      words = words === undefined ? answers.words : bothWays(words, answers.words);
    }
    return [...new Set((words ?? []).map((word) => describeAction(word, this.#own)))];
  }
}

/** Every pair may come together: which arguments lead to which answer is not looked at. */
function bothWays(newer: readonly number[], older: readonly number[]): readonly number[] {
  if (newer.length === 0 || older.length === 0) return newer.length === 0 ? older : newer;
  return [...new Set(newer.flatMap((one) => older.map((other) => strongest(one, other))))];
}

function sortedGroup({ actions, calls }: { actions: readonly string[]; calls: string[] }): SeccompGroup {
  return { actions, calls: calls.sort((one, other) => (one < other ? -1 : 1)) };
}
