import { checkRestore } from '../../core/restore/compatibility/check.ts';
import { blockersOf, type Finding } from '../../core/restore/compatibility/finding.ts';
import type { RestoreChoices, TargetFacts, TargetKind } from '../../core/restore/compatibility/target-facts.ts';
import { commandLine } from '../../core/restore/sandbox/command.ts';
import type { Plan, RunOptions, Sandbox, SandboxRecord, Step, Subject } from '../../core/restore/sandbox/sandbox.ts';
import { describeError } from '../../protocol/channel.ts';
import type {
  ClusterChoices,
  RestoreFailure,
  RestoreReview,
  ReviewStep,
  TcpChoice,
} from '../../protocol/restore-api.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import { failure } from '../failure.ts';
import type { Moving } from './moving.ts';
import { PLACE_NAMES } from './place-names.ts';

/** Ends in a script what is given to a command. Contents are JSON and YAML with indents: no line of them is this. */
const END = 'END_OF_CONTENT';

const ORDER = ['blocker', 'warning', 'ok'] as const;

/** Where a restore goes. */
export interface RestorePlace {
  readonly kind: TargetKind;
  readonly target: TargetFacts;
  /** Absent where there is none. */
  readonly sandbox?: Sandbox;
  /** Why there is none: a finding like others. */
  readonly missing?: Sentence;
  /** What the person has not said yet. */
  readonly incomplete?: Sentence;
  /** What can be chosen, of a cluster. */
  readonly cluster?: ClusterChoices;
  /** The person wants the original to be deleted afterwards. */
  readonly moving?: Moving;
}

/** One restore, from the first look at what would be done to its end. What was shown is what is done. */
export class Restoring {
  readonly subject: Subject;
  readonly #remark: Sentence | undefined;
  #place: RestorePlace;
  #choices: RestoreChoices = {};
  #findings: readonly Finding[] = [];
  #plan: Plan | undefined;
  #noPlan: Sentence | undefined;

  /** @param remark what is said of where the bytes come from */
  constructor(subject: Subject, place: RestorePlace, remark?: Sentence) {
    this.subject = subject;
    this.#remark = remark;
    this.#place = place;
    this.planAgain();
  }

  get place(): RestorePlace {
    return this.#place;
  }

  /** The person wants it elsewhere. */
  move(place: RestorePlace): void {
    this.#place = place;
    this.planAgain();
  }

  choose(choices: { readonly tcp: TcpChoice }): void {
    this.#choices = choices;
    this.planAgain();
  }

  /** Each run needs a plan of its own: names are used once. */
  planAgain(): void {
    const choices = this.#choices;
    const { target, sandbox, missing, incomplete, moving } = this.#place;
    this.#findings = [
      ...(missing ? [{ id: 'place', verdict: 'blocker' as const, reason: missing }] : []),
      ...(moving?.findings ?? []),
      ...checkRestore(this.subject.facts, target, choices),
    ];
    [this.#plan, this.#noPlan] = [undefined, incomplete];
    if (!sandbox) return;
    try {
      this.#plan = sandbox.plan(this.subject, target, choices);
    } catch (error) {
      const { template, args = [] } = describeError(error);
      if (template === undefined) throw error;
      this.#noPlan = { template, args };
    }
  }

  get review(): RestoreReview {
    const { facts, locator } = this.subject;
    const { kind, cluster, moving } = this.#place;
    const { tcp } = this.#choices;
    return {
      plan: this.#plan?.id ?? null,
      name: facts.containerName ?? '',
      locator,
      place: placeText(this.#place),
      findings: ORDER.flatMap((verdict) => this.#findings.filter((finding) => finding.verdict === verdict)),
      // Only Podman can be told.
      tcp: { choice: tcp, connections: kind === 'podman' ? facts.connections.length : 0 },
      steps: [
        ...(this.#plan?.steps ?? []).map((step) => ({ what: step.what, ...textsOf(step) })),
        ...(this.#plan && moving ? [{ what: moving.step }] : []),
      ],
      ...(cluster && { cluster }),
      ...(this.#remark && { remark: this.#remark }),
      ...(this.#noPlan && { noPlan: this.#noPlan }),
    };
  }

  /** What would be done, to be pasted into a shell or given to kubectl. @param words says a sentence */
  script(words: (text: Sentence) => string): string {
    const steps = this.#plan?.steps ?? [];
    const parts = steps.map((step) => {
      const { command, content } = textsOf(step);
      const lines = [`# ${words(step.what).replace(/\s+/g, ' ')}`];
      if (command === undefined && content !== undefined) lines.unshift('---');
      if (command !== undefined) lines.push(content === undefined ? command : `${command} <<'${END}'`);
      if (content !== undefined) lines.push(content.trimEnd());
      if (command !== undefined && content !== undefined) lines.push(END);
      return `${lines.join('\n')}\n`;
    });
    // What is deleted afterwards is no part of it: a script would not wait until what was restored runs.
    return parts.join('\n');
  }

  /**
   * @param seen the plan that the person has seen
   * @param agreed ids of the findings that the person agreed to
   * @param confirmed what the person typed to have the original deleted, where that is wanted
   * @throws RemoteError `blocked` where something stands in the way; what the sandbox throws
   */
  async run(seen: string, agreed: readonly string[], options: RunOptions, confirmed = ''): Promise<SandboxRecord> {
    const [blocker] = blockersOf(this.#findings, new Set(agreed));
    if (blocker) throw failure('blocked', blocker.reason);
    const { sandbox, moving } = this.#place;
    moving?.require(confirmed);
    if (!sandbox || this.#plan?.id !== seen) {
      throw failure('blocked', this.#noPlan ?? sentence('What would be done is something else by now: look again.'));
    }
    return sandbox.run(this.#plan, this.subject, options);
  }

  /**
   * The end of a move: deletes the original of what was restored, if that is wanted.
   * @returns `NAMESPACE/NAME` of what was deleted; undefined where nothing was to be
   * @throws CheckpointError, ClusterError where it was not: what was restored runs nevertheless
   */
  async finish(record: SandboxRecord, confirmed: string, options: RunOptions): Promise<string | undefined> {
    const { sandbox, moving } = this.#place;
    if (!sandbox || !moving) return undefined;
    options.onProgress?.(sentence('Deleting {0}', moving.name));
    await moving.finish(sandbox, record, confirmed, options.signal);
    return moving.name;
  }
}

/** What a failure says to a person, and what there is to read about it. */
export function explainFailure(error: unknown): { readonly failure: RestoreFailure; readonly log: string } {
  const { template, args = [], message } = describeError(error);
  const text = template === undefined ? sentence('The restore failed: {0}', message) : { template, args };
  const { causes = [], log = '' } = error as { causes?: RestoreFailure['causes']; log?: string };
  return { failure: { text, causes, hasLog: log !== '' }, log };
}

function placeText({ kind, target: { engine, engineVersion }, cluster }: RestorePlace): string {
  if (!cluster) return [PLACE_NAMES[kind], engineVersion].filter((part) => part !== undefined).join(' ');
  const runtime = [engine, engineVersion].filter((part) => part !== undefined).join(' ');
  return [PLACE_NAMES[kind], cluster.wishes.context, runtime].filter((part) => part !== '').join(' · ');
}

function textsOf({ command, manifest }: Step): Omit<ReviewStep, 'what'> {
  return {
    ...(command && { command: commandLine(command) }),
    ...(manifest !== undefined && { content: manifest }),
  };
}
