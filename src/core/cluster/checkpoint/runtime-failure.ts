import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import type { Reason } from '../../errors.ts';
import { trimmed } from '../api/read-answer.ts';
import type { Remedy } from '../cluster-error.ts';
import type { Runtime } from '../inventory/nodes.ts';
import { findCriuCause, findCriuLog } from './criu-cause.ts';

/** The container that is meant, and where it runs. */
export interface Subject {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly node: string;
  /** The pod's, where it is known: it tells the pod from all others, of other clusters too. */
  readonly uid?: string | undefined;
}

export interface RuntimeFacts {
  readonly runtime: Runtime;
  readonly runtimeVersion: string;
}

/** What a refusal means. */
export interface Meaning {
  readonly reason: Reason;
  readonly text: Sentence;
  readonly remedy?: Remedy;
  /** True where an archive may have been made all the same. */
  readonly mayExist?: boolean;
  /** What helps once the node was looked at and has none. */
  readonly ifNone?: Sentence;
}

/**
 * What a runtime means that could not make a checkpoint.
 * @param text what stands between the parentheses of the kubelet's `checkpointing of … failed (…)`
 */
export function explainRuntimeFailure(text: string, subject: Subject, facts: RuntimeFacts | undefined): Meaning {
  for (const [pattern, explain] of MEANINGS) {
    if (pattern.test(text)) return explain(subject, text, facts);
  }
  return byCriu(text, subject);
}

type Explain = (subject: Subject, text: string, facts: RuntimeFacts | undefined) => Meaning;

/** Ordered: the first that matches counts. */
const MEANINGS: readonly (readonly [RegExp, Explain])[] = [
  [
    /^container \S+ not found$/,
    ({ namespace, pod, container, node }) => ({
      reason: 'not-found',
      text: sentence(
        'Container {0} of {1} is not running on {2}: it has ended or was not started yet. Only a running container can be checkpointed.',
        container,
        `${namespace}/${pod}`,
        node,
      ),
    }),
  ],
  [
    /timeout value to be > 0/,
    () => ({ reason: 'usage', text: sentence('The time limit of a checkpoint must be more than 0 seconds.') }),
  ],
  [/code = Unimplemented|not implemented/, unimplemented],
  [
    /code = Unavailable|connection error: desc/,
    ({ node }, text, facts) => ({
      reason: 'unavailable',
      text: sentence(
        'The container runtime on {0} does not answer ({1}). Containers go on, but nothing can be asked of it until it runs again.',
        node,
        /dial unix (\S+?):? /.exec(text)?.[1] ?? trimmed(text),
      ),
      remedy: serviceRemedy(facts?.runtime === 'containerd' || text.includes('containerd') ? 'containerd' : 'crio'),
    }),
  ],
  [/checkpoint\/restore support not available|criu support is disabled/, supportOff],
  [
    /criu binary not found|CRIU binary not found or too old|failed to check for criu|requires at least CRIU/i,
    criuUnusable,
  ],
  [
    /code = DeadlineExceeded|code = Canceled/,
    ({ namespace, pod, container, node }) => ({
      reason: 'timeout',
      text: sentence(
        'The checkpoint of {0} in {1} took longer than {2} allows.',
        container,
        `${namespace}/${pod}`,
        node,
      ),
      remedy: {
        text: sentence(
          'The archive may be there all the same. If it is not, allow more time in the settings (on a command line: --timeout): only a limit above the kubelet’s runtimeRequestTimeout has an effect.',
        ),
      },
      mayExist: true,
      ifNone: sentence(
        'There is no archive of it on {0} so far. Allow more time in the settings (on a command line: --timeout): only a limit above the kubelet’s runtimeRequestTimeout has an effect.',
        node,
      ),
    }),
  ],
  [
    /failed to pause container .*before checkpointing|ctrd-checkpoint\/\S*: no such file or directory|failed to create diff tar stream: short write/s,
    ({ namespace, pod, container, node }) => ({
      reason: 'unavailable',
      text: sentence(
        'Another checkpoint of {0} in {1} is being made, or it ended just now.',
        container,
        `${namespace}/${pod}`,
      ),
      remedy: { text: sentence('Try again when that one is done.') },
      // Containerd leaves a truncated archive behind.
      mayExist: true,
      ifNone: sentence('There is no archive of it on {0} so far. Try again when that one is done.', node),
    }),
  ],
  [/Connected TCP socket|tcp-established/, tcpEstablished],
  [
    /no space left on device/i,
    ({ node }) => ({
      reason: 'no-space',
      text: sentence(
        'There is no room left on {0} for the checkpoint. What was written of it may lie there still. Delete archives that are no longer needed.',
        node,
      ),
    }),
  ],
];

/** @param unit systemd's name of what does not answer */
export function serviceRemedy(unit: 'crio' | 'containerd' | 'kubelet'): Remedy {
  return {
    text: sentence('An administrator can see on the node why it does not run.'),
    copy: { form: 'shell', text: `systemctl status ${unit}; journalctl -u ${unit} -n 50\n` },
  };
}

function unimplemented({ node }: Subject, _text: string, facts: RuntimeFacts | undefined): Meaning {
  return {
    reason: 'unsupported',
    text: facts
      ? sentence(
          'The container runtime of {0} ({1} {2}) cannot make checkpoints.',
          node,
          facts.runtime,
          facts.runtimeVersion,
        )
      : sentence('The container runtime of {0} cannot make checkpoints.', node),
    remedy: { text: sentence('Checkpoints take containerd 2.0 or newer, or CRI-O 1.25 or newer, on the node.') },
  };
}

function supportOff({ node }: Subject, text: string, facts: RuntimeFacts | undefined): Meaning {
  const isContainerd = facts?.runtime === 'containerd' || text.includes('criu support is disabled');
  return {
    reason: 'unsupported',
    text: sentence(
      'The container runtime on {0} has its support for checkpoints off, or found no CRIU when it started.',
      node,
    ),
    remedy: isContainerd ? CONTAINERD_ON : crioOn(facts?.runtimeVersion ?? ''),
  };
}

const CONTAINERD_ON: Remedy = {
  text: sentence('Install CRIU on the node, let containerd use it, and restart containerd.'),
  copy: { form: 'toml', text: "[plugins.'io.containerd.cri.v1.runtime']\n  enable_criu = true\n" },
};

/** Since 1.37 it has a section of its own. */
function crioOn(version: string): Remedy {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOlder = version !== '' && (major < 1 || (major === 1 && minor < 37));
  return {
    text: sentence(
      'Install CRIU on the node, allow checkpoints in a file below /etc/crio/crio.conf.d, and restart CRI-O.',
    ),
    copy: {
      form: 'toml',
      text: isOlder
        ? '[crio.runtime]\nenable_criu_support = true\n'
        : '[crio.checkpoint_restore]\ncontainer_level_enabled = "checkpoint_restore"\n',
    },
  };
}

function criuUnusable({ node }: Subject, text: string): Meaning {
  const isMissing = /not found in \$PATH|not found in shim path/i.test(text);
  return {
    reason: 'unsupported',
    text: isMissing
      ? sentence('CRIU, which makes the checkpoints, is not installed on {0}.', node)
      : sentence('CRIU on {0} cannot be used: it is too old or does not run.', node),
    remedy: {
      text: sentence('Install CRIU 3.16 or newer on the node, and see that “criu check” succeeds.'),
      copy: { form: 'shell', text: 'criu --version && criu check\n' },
    },
  };
}

function tcpEstablished({ namespace, pod, container, node }: Subject): Meaning {
  return {
    reason: 'unsupported',
    text: sentence(
      'Container {0} of {1} has an established TCP connection, which CRIU does not dump unless {2} allows it.',
      container,
      `${namespace}/${pod}`,
      node,
    ),
    remedy: {
      text: sentence(
        'An administrator can allow it on the node: put this line into /etc/criu/runc.conf (crun.conf where crun is the runtime). No restart is needed.',
      ),
      copy: { form: 'shell', text: "mkdir -p /etc/criu && echo 'tcp-established' >> /etc/criu/runc.conf\n" },
    },
  };
}

function byCriu(text: string, { namespace, pod, container, node }: Subject): Meaning {
  const cause = findCriuCause(text);
  const who = `${namespace}/${pod}`;
  if (cause) {
    return {
      reason: 'unsupported',
      text: sentence('CRIU could not dump {0} of {1} on {2}: {3}', container, who, node, ended(cause.message)),
      remedy: { text: sentence('Nothing was changed: the container runs on. The log has the rest of what CRIU said.') },
    };
  }
  const log = findCriuLog(text);
  if (log !== undefined) {
    return {
      reason: 'unsupported',
      text: sentence(
        'CRIU could not dump {0} of {1}, and {2} does not say why: the reason is in {3} on the node.',
        container,
        who,
        node,
        log,
      ),
      remedy: {
        text: sentence(
          'The most frequent reason is an established TCP connection. Lines with “Error” at the end of that file tell.',
        ),
        // The node wrote it, and somebody else's shell reads it. There is no quote in it.
        copy: { form: 'shell', text: `grep Error -- '${log}'\n` },
      },
    };
  }
  return {
    reason: 'unavailable',
    text: sentence(
      '{0} of {1} could not be checkpointed on {2}: {3}',
      container,
      who,
      node,
      ended(trimmed(inWords(text))),
    ),
  };
}

/** Without what only says that it came over gRPC. */
function inWords(text: string): string {
  return text.replace(/^rpc error: code = \w+ desc = /, '');
}

function ended(text: string): string {
  return /[.!?\u2026]$/.test(text) ? text : `${text}.`;
}
