import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { explain } from '../../checkpoint/logs/known-messages.ts';
import { CheckpointError, type Reason } from '../../errors.ts';

/** One line of a log that decided, and what it means. */
export interface Cause {
  readonly line: string;
  /** Absent where the message is not known. */
  readonly meaning?: Sentence;
}

/** Why a restore did not work. */
export class RestoreFailed extends CheckpointError {
  readonly causes: readonly Cause[];
  /** What was said by whom restored: its end, and CRIU's log where there is one. */
  readonly log: string;

  constructor(text: Sentence, causes: readonly Cause[], log: string, reason: Reason = 'unavailable') {
    super(reason, text);
    this.causes = causes;
    this.log = log;
  }
}

/** Where CRI-O leaves CRIU's log, as it says when a restore fails. */
export const LOG_OF_CRIO =
  /\/(?:run|var\/lib)\/containers\/storage\/overlay-containers\/[0-9a-f]{64}\/userdata\/restore\.log/;

/** What engines and runtimes say, beside what CRIU's own log does. Sources: where the messages are written, and runs. */
const ENGINE_MESSAGES: readonly (readonly [RegExp, Sentence])[] = [
  [
    // CRI-O, internal/factory/container: a restored container gets its command from the image alone.
    /(?<!spec: )no command specified/,
    sentence(
      'CRI-O takes the command of what it restores from the container image, and that names none, as that of a container may whose pod names one. Or it did not take the image for a checkpoint: it does not have the annotation, of which CRI-O keeps those of the first image with the same content, or CRI-O is told to make checkpoints only (container_level_enabled).',
    ),
  ],
  [
    /no command specified|not-run-but-restored/,
    sentence(
      'The engine did not take the image for a checkpoint: it does not have the annotation that this engine looks for. CRI-O keeps those of the first image with the same content.',
    ),
  ],
  [
    /expects following bind mounts defined \(([^)]*)\)/,
    sentence('The container had mounts that the sandbox does not have. Give it a volume or a mount for each of them.'),
  ],
  [
    /failed to read "(?:status\.dump|io\.kubernetes\.cri-o\.\w+)"/,
    sentence(
      'The archive was made by another engine: archives of CRI-O do not restore on containerd, nor the other way round.',
    ),
  ],
  [
    /created with runtime .* cannot be restored with runtime/,
    sentence('The archive was made with another OCI runtime, or by another engine than Podman.'),
  ],
  [/volume with name .* already exists/, sentence('A volume of that name is there already, and is not restored into.')],
  [
    /unknown flag: --/,
    sentence('The program there does not know an option that this restore needs: it is too old for it.'),
  ],
  [/name .* is already in use/, sentence('A container of that name is there already.')],
  [
    /checkpoint\/restore support not available|(?:restore via CreateContainer|criu support) is disabled by configuration/,
    sentence('Restoring is turned off there: see how the engine is configured.'),
  ],
  [
    // What containerd 2.4 and versions before 2.1 make of it.
    /failed to resolve image "\/[^"]*"/,
    sentence('The engine took the archive for the name of an image: its version does not restore.'),
  ],
  [
    /signature validation is not supported for container restore/,
    sentence(
      'CRI-O has a policy about signatures, and restores no image with one. Set signature_policy = "" below [crio.image] on the node and restart CRI-O, or restore where there is none.',
    ),
  ],
  [
    /Source image rejected|signature.*(?:required|policy)/i,
    sentence('The image is not signed as the policy there asks.'),
  ],
  [
    /locating image with ID .*image not known/,
    sentence('The container image is not there, and CRI-O does not pull it for a restore. Pull or load it before.'),
  ],
  [/must be (?:run as|in) root|requires root|rootless/i, sentence('Restoring needs root.')],
  [
    /(?:manifest unknown|pull access denied|ErrImagePull|initializing source docker:\/\/|name unknown)/,
    sentence('The container image, or the checkpoint image, could not be pulled.'),
  ],
  [/no such file or directory.*criu|criu.*executable file not found/, sentence('CRIU is not installed there.')],
  [/CRIU .*too old|version of CRIU .*is too old/i, sentence('The CRIU there is too old.')],
];

/** What runtimes say beside CRIU's errors where they show them: of worth only where they do not. */
const NO_MORE_THAN_FAILED = /criu failed: type RESTORE errno 0/i;
const LOG_LOST = sentence(
  'CRIU failed, and its log was thrown away with the container. To see why, put “log-file=/var/log/criu-restore.log” into /etc/criu/runc.conf there and try again.',
);

const MOST_CAUSES = 8;

/**
 * The lines that decided out of what was said: CRIU's errors first, those of which the meaning is known before others.
 * @param texts logs and complaints, CRIU's own log first
 */
export function findCauses(...texts: readonly string[]): readonly Cause[] {
  const known: Cause[] = [];
  const unknown: Cause[] = [];
  const bare: Cause[] = [];
  for (const line of texts.flatMap((text) => text.split('\n')).map(withoutFrame)) {
    const engine = ENGINE_MESSAGES.find(([pattern]) => pattern.test(line));
    if (engine) known.push({ line: shortened(line), meaning: engine[1] });
    // `(00.012345)      1: Error (criu/files-reg.c:2353): Can't open file …`
    if (NO_MORE_THAN_FAILED.test(line)) bare.push({ line: shortened(line), meaning: LOG_LOST });
    const error = /\bError \(([^)]*)\): (.*)$/.exec(line);
    if (engine || !error) continue;
    const { weight, explanation } = explain(error[2] ?? '');
    if (weight !== 'cause') continue;
    if (explanation) known.push({ line: shortened(line), meaning: explanation });
    else unknown.push({ line: shortened(line) });
  }
  const seen = new Set<string>();
  return [...known, ...unknown, ...(known.length + unknown.length === 0 ? bare : [])]
    .filter(({ line, meaning }) => {
      const key = meaning?.template ?? line;
      return !seen.has(key) && seen.add(key);
    })
    .slice(0, MOST_CAUSES);
}

/** CRI-O and runc show lines of CRIU's log in lines of their own: `time="…" level=warning msg="341:(00.2)  1: Error (…"`. */
function withoutFrame(line: string): string {
  const inner = /\bmsg="\d+:((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
  return inner === undefined ? line : inner.replace(/\\(["\\])/g, '$1');
}

function shortened(line: string): string {
  const text = line.trim();
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}
