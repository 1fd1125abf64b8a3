import { say, sentence, type Sentence } from '../../../protocol/sentence.ts';
import type { Api } from '../../cluster/api/api.ts';
import type { Pod } from '../../cluster/api/objects.ts';
import { trimmed } from '../../cluster/api/read-answer.ts';
import { untilStarted, warningsAbout, type StartOptions } from '../../cluster/inventory/pod-start.ts';
import { findCauses, RestoreFailed } from './why-it-failed.ts';

export interface WatchOptions extends StartOptions {
  /** Fetches CRIU's log from the node where it failed; empty where there is none. */
  readonly readLog?: ((node: string, said: string) => Promise<string>) | undefined;
}

/** Runc quotes the lines of CRIU's log that count: they need not be fetched. */
const QUOTED = /\bError \([\w./-]+:\d+\): /;

/** Waits until a sandbox's container runs, or has run. @throws RestoreFailed, CheckpointError `cancelled` */
export async function untilRestored(api: Api, created: Pod, options: WatchOptions): Promise<void> {
  const { pod, start } = await untilStarted(api, created, options);
  switch (start.state) {
    case 'running':
    case 'succeeded':
      return;
    case 'deleted':
      throw await failure(api, pod, ['Deleted'], options);
    case 'late':
      throw await failure(api, pod, ['Timeout', start.message === '' ? start.reason : start.message], options);
    default:
      throw await failure(api, pod, [start.reason, start.message], options);
  }
}

async function failure(api: Api, pod: Pod, said: readonly string[], { readLog }: WatchOptions): Promise<RestoreFailed> {
  const words = said.filter((part) => part !== '').join(': ');
  const all = [words, ...(await warningsAbout(api, pod))].join('\n');
  const node = pod.spec.nodeName;
  const log = node === undefined || QUOTED.test(all) ? '' : ((await readLog?.(node, all)) ?? '');
  const causes = findCauses(log, all);
  const [first] = causes;
  // Pages of quotes may stand before what decided.
  const decisive = trimmed(words.includes('\n') && first ? first.line : words);
  const text: Sentence = first?.meaning
    ? sentence('The cluster could not restore it: {0} ({1})', say(first.meaning), decisive)
    : sentence('The cluster could not restore it: {0}', decisive);
  return new RestoreFailed(text, causes, log === '' ? all : `${all}\n\n${log}`);
}
