import type { Cluster } from '../../core/cluster/cluster.ts';
import type { Finding } from '../../core/restore/compatibility/finding.ts';
import { deleteOriginal, findOriginal, originalName, type Original } from '../../core/restore/sandbox/move.ts';
import type { Sandbox, SandboxRecord } from '../../core/restore/sandbox/sandbox.ts';
import { describeError } from '../../protocol/channel.ts';
import type { Overview } from '../../protocol/overview.ts';
import type { OriginalChoice } from '../../protocol/restore-api.ts';
import { sentence, type Sentence } from '../../protocol/sentence.ts';
import { failure, reasonOf } from '../failure.ts';

/** The pod that an archive is of, as it is in a cluster now; or why the one of its name is not it; or nothing. */
export async function lookForOriginal(
  cluster: Cluster,
  pod: Overview['pod'],
  signal: AbortSignal,
): Promise<Original | { readonly missing: Sentence } | undefined> {
  try {
    return await findOriginal(cluster, pod, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    // One that is gone, or that one may not see, cannot be moved: there is nothing to say.
    if (reasonOf(error) !== 'changed') return undefined;
    const { template, args = [], message } = describeError(error);
    return { missing: template === undefined ? sentence('{0}', message) : { template, args } };
  }
}

/** As the page has it. */
export function originalChoice(original: Original | { readonly missing: Sentence }): OriginalChoice {
  if ('missing' in original) return original;
  const { owner } = original;
  return { name: originalName(original), ...(owner !== undefined && { owner }) };
}

/** What a sandbox has that its original had not. */
interface Limits {
  /** Minutes after which it ends. */
  readonly lifetime: number;
  readonly network: 'nowhere' | 'as-it-was';
}

function limitsText({ lifetime, network }: Limits): Sentence {
  return network === 'nowhere'
    ? sentence('What is moved becomes a sandbox: it ends after {0} minutes, and its network leads nowhere.', lifetime)
    : sentence('What is moved becomes a sandbox: it ends after {0} minutes.', lifetime);
}

/** The end of a restore by which a pod is moved: the original is deleted when what was restored of it runs. */
export class Moving {
  readonly name: string;
  /** What a person should know of it. */
  readonly findings: readonly Finding[];
  /** What is done last. */
  readonly step: Sentence;
  readonly #cluster: Cluster;
  readonly #original: Original;

  constructor(cluster: Cluster, original: Original, limits: Limits) {
    const name = originalName(original);
    const { owner } = original;
    this.name = name;
    this.step = sentence('Delete the original pod {0}, as soon as what was restored of it runs, and not before.', name);
    this.findings = [
      {
        id: 'move-end',
        verdict: 'warning',
        reason: limitsText(limits),
        remedy: sentence(
          'Let it end later, or change the setting of the sandbox’s network, if it is to go on as it did.',
        ),
      },
      ...(owner === undefined
        ? []
        : [
            {
              id: 'move-owner',
              verdict: 'warning' as const,
              reason: sentence('{0} belongs to {1}, which makes another pod when it is gone.', name, owner),
              remedy: sentence('Scale {0} down before, if two of them must not run.', owner),
            },
          ]),
    ];
    this.#cluster = cluster;
    this.#original = original;
  }

  /** @throws RemoteError `blocked` where something else was typed */
  require(typed: string): void {
    if (typed !== this.name) {
      throw failure('blocked', sentence('Type {0} to have it deleted, or do not move it.', this.name));
    }
  }

  /** @throws as `deleteOriginal` */
  finish(sandbox: Sandbox, record: SandboxRecord, typed: string, signal: AbortSignal | undefined): Promise<void> {
    return deleteOriginal({ cluster: this.#cluster, sandbox }, record, this.#original, typed, signal);
  }
}
