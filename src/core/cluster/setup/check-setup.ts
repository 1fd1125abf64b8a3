import { formatCount, formatSize } from '../../../protocol/format.ts';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { readRefusal } from '../api/read-answer.ts';
import { explainCheckpointRefusal } from '../checkpoint/kubelet-answer.ts';
import { throughApiServer, type NodeEndpoint } from '../checkpoint/node-endpoint.ts';
import type { Cluster } from '../cluster.ts';
import { ClusterError, type Remedy } from '../cluster-error.ts';
import type { NodeFacts } from '../inventory/nodes.ts';
import { canCheckpoint, canRestore, hasCriuSwitch, isAtLeast } from '../inventory/runtime-support.ts';
import { CHECKPOINTS, type NodeFiles } from '../node-files/node-files.ts';
import { mayCheckpoint, whoAmI } from '../rights/access.ts';
import { checkpointRole } from '../rights/manifests.ts';
import { readKubeletFacts, type KubeletFacts } from './kubelet-facts.ts';
import type { SetupPoint } from './setup-point.ts';

export interface SetupOptions {
  /** Looks at the archives, too, by way of a helper pod. */
  readonly files?: NodeFiles;
  readonly directory?: string;
  readonly signal?: AbortSignal | undefined;
}

/** No pod can be called so: asking for its checkpoint shows everything that comes before one, and does nothing. */
const NOBODY = { namespace: '-', pod: '-', container: '-' } as const;

/** Bytes below which the room on a node is a worry. */
const LITTLE = 2 * 1024 ** 3;

/**
 * What stands between a person and a checkpoint on a node, point by point as it becomes known, each with what would
 * mend it. Nothing is changed, and no container is touched.
 * @throws ClusterError `unreachable`, `unauthorized`, … where the cluster cannot be asked at all; `cancelled`
 */
export async function* checkSetup(
  cluster: Cluster,
  node: NodeFacts,
  { files, directory = CHECKPOINTS, signal }: SetupOptions = {},
): AsyncGenerator<SetupPoint, void> {
  const endpoint = throughApiServer(cluster.api.transport, node.name);
  const may = await mayCheckpoint(cluster.api, node.name, signal);
  yield await rightsPoint(cluster, node, may, signal);
  const facts = await readKubeletFacts(endpoint, signal);
  yield* may === false ? gatePoint(node, facts) : await probe(endpoint, node, facts, signal);
  yield runtimePoint(node);
  yield criuPoint(node, facts);
  yield tcpPoint(node);
  yield timePoint(node, facts);
  yield* archivePoints(node, facts, directory, files, signal);
  yield restorePoint(node);
}

async function rightsPoint(
  cluster: Cluster,
  node: NodeFacts,
  may: boolean | undefined,
  signal: AbortSignal | undefined,
): Promise<SetupPoint> {
  if (may === true) {
    return { question: 'rights', state: 'good', text: sentence('You may make checkpoints on {0}.', node.name) };
  }
  if (may === undefined) {
    return {
      question: 'rights',
      state: 'unknown',
      text: sentence('{0} does not say what you may do on {1}.', cluster.name, node.name),
    };
  }
  const user = (await whoAmI(cluster.api, signal)) ?? cluster.user;
  return {
    question: 'rights',
    state: 'bad',
    text: sentence(
      'You ({0}) may not make checkpoints on {1}: it takes the right to create nodes/proxy there.',
      user,
      node.name,
    ),
    remedy: {
      text: sentence('An administrator can allow it with this ClusterRole.'),
      copy: { form: 'yaml', text: checkpointRole(user, node.name) },
    },
  };
}

/** Asks for a checkpoint of nobody: how it is refused tells how far a real one would come. */
async function probe(
  endpoint: NodeEndpoint,
  node: NodeFacts,
  facts: KubeletFacts,
  signal: AbortSignal | undefined,
): Promise<readonly SetupPoint[]> {
  const { namespace, pod, container } = NOBODY;
  const { transport } = endpoint;
  const path = endpoint.path('checkpoint', namespace, pod, container);
  const answer = await transport.send({ method: 'POST', path, accept: '*/*', signal });
  const refusal = await readRefusal(answer, transport);
  if (refusal.status === 404 && refusal.text === 'pod does not exist') {
    return [
      { question: 'kubelet', state: 'good', text: sentence('The API server reaches the kubelet of {0}.', node.name) },
      { question: 'gate', state: 'good', text: sentence('The kubelet of {0} has checkpoints switched on.', node.name) },
      {
        question: 'kubelet-rights',
        state: 'good',
        text: sentence('The kubelet of {0} accepts checkpoints that the API server asks for.', node.name),
      },
    ];
  }
  const {
    reason,
    sentence: text,
    remedy,
  } = explainCheckpointRefusal(refusal, { ...NOBODY, node: node.name }, endpoint, node);
  const withRemedy = remedy && { remedy };
  if (refusal.status === 403 && !refusal.object) {
    return [...gatePoint(node, facts), { question: 'kubelet-rights', state: 'bad', text, ...withRemedy }];
  }
  const isGate = reason === 'unsupported';
  return [{ question: isGate ? 'gate' : 'kubelet', state: 'bad', text, ...withRemedy }];
}

/** By what the kubelet's metrics say, or else its version. */
function gatePoint(node: NodeFacts, { gate }: KubeletFacts): readonly SetupPoint[] {
  if (gate === true) {
    return [
      { question: 'gate', state: 'good', text: sentence('The kubelet of {0} has checkpoints switched on.', node.name) },
    ];
  }
  const remedy: Remedy = {
    text: sentence('Switch the feature gate on in the kubelet’s configuration and restart the kubelet.'),
    copy: { form: 'yaml', text: 'featureGates:\n  ContainerCheckpoint: true\n' },
  };
  if (gate === false) {
    return [
      {
        question: 'gate',
        state: 'bad',
        text: sentence('The kubelet of {0} has checkpoints switched off.', node.name),
        remedy,
      },
    ];
  }
  const { kubeletVersion: version } = node;
  if (version === '') {
    const text = sentence(
      'Whether the kubelet of {0} has checkpoints switched on is not known: you may not look at the node.',
      node.name,
    );
    return [{ question: 'gate', state: 'unknown', text }];
  }
  if (!isAtLeast(version, 1, 25)) {
    const text = sentence('The kubelet of {0} ({1}) is too old: checkpoints came with 1.25.', node.name, version);
    return [{ question: 'gate', state: 'bad', text }];
  }
  const text = isAtLeast(version, 1, 30)
    ? sentence('The kubelet of {0} ({1}) has checkpoints on unless they were switched off.', node.name, version)
    : sentence('The kubelet of {0} ({1}) has checkpoints off unless they were switched on.', node.name, version);
  return [{ question: 'gate', state: 'unknown', text, remedy }];
}

function runtimePoint(node: NodeFacts): SetupPoint {
  const able = canCheckpoint(node);
  const { name, runtimeName, runtimeVersion } = node;
  if (able === true) {
    return {
      question: 'runtime',
      state: 'good',
      text: sentence('The container runtime of {0} ({1} {2}) can make checkpoints.', name, runtimeName, runtimeVersion),
    };
  }
  const remedy = { text: sentence('Checkpoints take containerd 2.0 or newer, or CRI-O 1.25 or newer, on the node.') };
  return able === false
    ? {
        question: 'runtime',
        state: 'bad',
        text: sentence(
          'The container runtime of {0} ({1} {2}) cannot make checkpoints.',
          name,
          runtimeName,
          runtimeVersion,
        ),
        remedy,
      }
    : {
        question: 'runtime',
        state: 'unknown',
        text:
          runtimeName === ''
            ? sentence('Which container runtime {0} has is not known: you may not look at the node.', name)
            : sentence(
                'Whether the container runtime of {0} ({1} {2}) can make checkpoints is not known.',
                name,
                runtimeName,
                runtimeVersion,
              ),
        remedy,
      };
}

/** How CRIU comes into use. */
function criuRemedy({ runtime, runtimeVersion }: NodeFacts): Remedy {
  if (runtime === 'cri-o') {
    return {
      text: sentence(
        'CRIU must be installed on the node before CRI-O starts, and CRI-O be allowed to use it, as it is by default.',
      ),
      copy: { form: 'toml', text: '[crio.checkpoint_restore]\ncontainer_level_enabled = "checkpoint_restore"\n' },
    };
  }
  if (runtime === 'containerd' && hasCriuSwitch(runtimeVersion)) {
    return {
      text: sentence('CRIU must be installed on the node, and containerd be allowed to use it, as it is by default.'),
      copy: { form: 'toml', text: "[plugins.'io.containerd.cri.v1.runtime']\n  enable_criu = true\n" },
    };
  }
  return { text: sentence('CRIU must be installed on the node.') };
}

function criuPoint(node: NodeFacts, { checkpoints }: KubeletFacts): SetupPoint {
  const { name } = node;
  if (checkpoints && checkpoints.made > checkpoints.failed) {
    return {
      question: 'criu',
      state: 'good',
      text: sentence(
        'CRIU works on {0}. Since its kubelet was started, checkpoints made: {1}, failed: {2}.',
        name,
        formatCount(checkpoints.made - checkpoints.failed),
        formatCount(checkpoints.failed),
      ),
    };
  }
  const remedy = criuRemedy(node);
  return checkpoints && checkpoints.failed > 0
    ? {
        question: 'criu',
        state: 'warning',
        text: sentence(
          'No checkpoint that was tried on {0} since its kubelet was started was made. Failed: {1}.',
          name,
          formatCount(checkpoints.failed),
        ),
        remedy,
      }
    : {
        question: 'criu',
        state: 'unknown',
        text: sentence('Whether CRIU is installed on {0} shows at the first checkpoint: a node does not tell.', name),
        remedy,
      };
}

function tcpPoint({ name }: NodeFacts): SetupPoint {
  return {
    question: 'tcp',
    state: 'unknown',
    text: sentence(
      'A container with an established TCP connection is only dumped where {0} allows it: a node does not tell.',
      name,
    ),
    remedy: {
      text: sentence(
        'An administrator can allow it on the node, without a restart (crun.conf where crun is the runtime).',
      ),
      copy: { form: 'shell', text: "mkdir -p /etc/criu && echo 'tcp-established' >> /etc/criu/runc.conf\n" },
    },
  };
}

function timePoint({ name }: NodeFacts, { requestTimeout }: KubeletFacts): SetupPoint {
  return requestTimeout === undefined
    ? {
        question: 'time',
        state: 'unknown',
        text: sentence(
          'A checkpoint may take two minutes on {0} unless its kubelet is configured otherwise, or more time is asked for.',
          name,
        ),
      }
    : {
        question: 'time',
        state: 'good',
        text: sentence(
          'A checkpoint may take {1} on {0}, or longer if more time is asked for.',
          name,
          readable(requestTimeout),
        ),
      };
}

async function* archivePoints(
  node: NodeFacts,
  facts: KubeletFacts,
  directory: string,
  files: NodeFiles | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<SetupPoint, void> {
  let { free } = facts;
  if (files) {
    try {
      const listed = await files.list(node, directory, signal);
      free = listed.free ?? free;
      yield { question: 'archives', state: 'good', text: archivesText(directory, node.name, listed.archives) };
    } catch (error) {
      if (!ClusterError.is(error)) throw error;
      const { remedy } = error;
      yield { question: 'archives', state: 'bad', text: error.sentence, ...(remedy && { remedy }) };
    }
  }
  if (free === undefined) return;
  const text = sentence(
    '{0} has {1} left for archives. One is about as large as the memory of its container.',
    node.name,
    formatSize(free),
  );
  yield { question: 'room', state: free < LITTLE ? 'warning' : 'good', text };
}

function archivesText(directory: string, node: string, archives: readonly { readonly size: number }[]): Sentence {
  const total = formatSize(archives.reduce((sum, { size }) => sum + size, 0));
  switch (archives.length) {
    case 0:
      return sentence(
        'Archives go to {0} on {1}. There are none yet. Nothing removes them by itself.',
        directory,
        node,
      );
    case 1:
      return sentence(
        'Archives go to {0} on {1}. There is one ({2}). Nothing removes it by itself.',
        directory,
        node,
        total,
      );
    default:
      return sentence(
        'Archives go to {0} on {1}. There are {2} ({3}). Nothing removes them by itself.',
        directory,
        node,
        formatCount(archives.length),
        total,
      );
  }
}

/** A time span as Go writes it, for a person: `2m0s` and `120s` are `2 min`. */
function readable(duration: string): string {
  const [, hours = '0', minutes = '0', seconds = '0'] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration) ?? [];
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (total === 0) return duration;
  return total % 60 === 0 ? `${String(total / 60)} min` : `${String(total)} s`;
}

function restorePoint(node: NodeFacts): SetupPoint {
  const { name, runtimeName, runtimeVersion } = node;
  switch (canRestore(node)) {
    case 'yes':
      return {
        question: 'restore',
        state: 'good',
        text: sentence(
          '{0} can restore checkpoints, too, unless it was told not to: {1} {2} does when a pod’s image is one.',
          name,
          runtimeName,
          runtimeVersion,
        ),
      };
    case 'off-by-default':
      return {
        question: 'restore',
        state: 'warning',
        text: sentence('{0} restores checkpoints only if {1} {2} is told to.', name, runtimeName, runtimeVersion),
        remedy: {
          text: sentence('Restoring somebody else’s checkpoint runs their code: allow it on a node for that alone.'),
          copy: {
            form: 'toml',
            text: "[plugins.'io.containerd.cri.v1.runtime']\n  enable_experimental_restore_via_create = true\n",
          },
        },
      };
    case 'no':
      return {
        question: 'restore',
        state: 'warning',
        text: sentence('{0} cannot restore checkpoints: {1} {2} does not.', name, runtimeName, runtimeVersion),
      };
    case 'unknown':
      return {
        question: 'restore',
        state: 'unknown',
        text: sentence('Whether {0} could restore a checkpoint is not known.', name),
      };
  }
}
