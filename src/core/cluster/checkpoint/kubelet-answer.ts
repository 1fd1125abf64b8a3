import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import type { Reason } from '../../errors.ts';
import { explainRefusal, isAnonymous, trimmed, unknownTo, type Refusal } from '../api/read-answer.ts';
import { isWebPage } from '../api/web-page.ts';
import { ClusterError, type ClusterErrorFacts } from '../cluster-error.ts';
import { checkpointRole, kubeletRole } from '../rights/manifests.ts';
import type { NodeEndpoint } from './node-endpoint.ts';
import {
  explainRuntimeFailure,
  serviceRemedy,
  type Meaning,
  type RuntimeFacts,
  type Subject,
} from './runtime-failure.ts';

/** A checkpoint that was not made. */
export class CheckpointRefused extends ClusterError {
  /** True where an archive may be there all the same: the node's folder tells. */
  readonly mayExist: boolean;
  /** What helps once the node was looked at and has none. */
  readonly ifNone: Sentence | undefined;

  constructor(reason: Reason, text: Sentence, facts: ClusterErrorFacts & Pick<Meaning, 'mayExist' | 'ifNone'>) {
    super(reason, text, facts);
    this.mayExist = facts.mayExist ?? false;
    this.ifNone = facts.ifNone;
  }
}

/**
 * What a refused checkpoint means. The kubelet answers in plain text, the API server with a `Status`: so their refusals
 * are told apart.
 */
export function explainCheckpointRefusal(
  refusal: Refusal,
  subject: Subject,
  endpoint: NodeEndpoint,
  facts: RuntimeFacts | undefined,
): CheckpointRefused {
  const { status, text } = refusal;
  const make = ({ reason, text: words, remedy, mayExist, ifNone }: Meaning): CheckpointRefused =>
    new CheckpointRefused(reason, words, {
      status,
      said: text,
      where: subject.node,
      ...(remedy && { remedy }),
      ...(mayExist !== undefined && { mayExist }),
      ...(ifNone && { ifNone }),
    });
  if (refusal.object) return make(byApiServer(refusal, subject, endpoint));
  if (isWebPage(refusal.contentType)) {
    const { reason, sentence: words } = explainRefusal(refusal, endpoint.transport);
    return make({ reason, text: words });
  }
  switch (status) {
    case 401:
      return make({
        reason: 'unauthorized',
        text: sentence(
          'The kubelet of {0} does not know who you are. Its own address takes a client certificate or a token that it accepts.',
          subject.node,
        ),
      });
    case 403:
      return make(byKubelet(text, subject, endpoint));
    case 404:
      return make(notFound(text, subject));
    case 500: {
      const why = /^checkpointing of \S+ failed \(([\s\S]*)\)\s*$/.exec(text)?.[1];
      return make(why === undefined ? unexpected(refusal, subject) : explainRuntimeFailure(why, subject, facts));
    }
    default:
      return make(unexpected(refusal, subject));
  }
}

function byApiServer(refusal: Refusal, { node }: Subject, { transport }: NodeEndpoint): Meaning {
  const { status, text } = refusal;
  if (status === 403 && !isAnonymous(text)) {
    const user = /User "([^"]*)" cannot/.exec(text)?.[1] ?? '';
    return {
      reason: 'forbidden',
      text: sentence(
        'You ({0}) may not make checkpoints on {1}: it takes the right to create nodes/proxy there.',
        user === '' ? 'system:anonymous' : user,
        node,
      ),
      remedy: {
        text: sentence(
          'An administrator can allow it for this node with this ClusterRole. It is a strong right: nodes/proxy lets its holder run commands in every pod of the node.',
        ),
        copy: { form: 'yaml', text: checkpointRole(user, node) },
      },
    };
  }
  if (status === 404) {
    return {
      reason: 'not-found',
      text: sentence('{0} has no node {1} any more. Refresh the list.', transport.peer.name, node),
    };
  }
  const [, why] = /error trying to reach service: ([\s\S]*)/.exec(text) ?? [];
  if (why !== undefined || text.includes('error dialing backend')) {
    return {
      reason: 'unreachable',
      text: sentence(
        'The API server of {0} cannot reach the kubelet of {1}: {2}. Is the node up?',
        transport.peer.name,
        node,
        trimmed(why ?? text),
      ),
      remedy: serviceRemedy('kubelet'),
    };
  }
  const { reason, sentence: words } = explainRefusal(refusal, transport);
  return { reason, text: words };
}

/** `Forbidden (user=U, verb=create, resource=nodes, subresource(s)=[checkpoint])` */
function byKubelet(text: string, { node }: Subject, { via }: NodeEndpoint): Meaning {
  const user = /\(user=(.*?), verb=/.exec(text)?.[1] ?? '';
  if (via === 'kubelet' && isAnonymous(text)) return { reason: 'unauthorized', text: unknownTo(node) };
  const copy = { form: 'yaml', text: kubeletRole(user) } as const;
  if (via === 'kubelet') {
    return {
      reason: 'forbidden',
      text: sentence('The kubelet of {0} refused: you ({1}) may not create nodes/checkpoint.', node, user),
      remedy: {
        text: sentence(
          'An administrator can allow it with this ClusterRole. The kubelet remembers a refusal for half a minute.',
        ),
        copy,
      },
    };
  }
  return {
    reason: 'forbidden',
    text: sentence(
      'The kubelet on {0} refused the checkpoint: the API server’s own account ({1}) may not create nodes/checkpoint.',
      node,
      user,
    ),
    remedy: {
      text: sentence(
        'Your own rights suffice. An administrator can allow it to that account with this ClusterRole. The kubelet remembers a refusal for half a minute.',
      ),
      copy,
    },
  };
}

function notFound(text: string, { namespace, pod, container, node }: Subject): Meaning {
  const said = text.trim();
  if (said === 'pod does not exist') {
    return {
      reason: 'not-found',
      text: sentence('There is no pod {0} on {1} any more. Refresh the list.', `${namespace}/${pod}`, node),
    };
  }
  if (/^container \S+ does not exist$/.test(said)) {
    return {
      reason: 'not-found',
      text: sentence(
        'The pod {0} has no container {1}. Refresh the list, or look at the name.',
        `${namespace}/${pod}`,
        container,
      ),
    };
  }
  if (said === 'cannot parse value of timeout parameter') {
    return { reason: 'usage', text: sentence('The time limit of a checkpoint is given in whole seconds.') };
  }
  // Nobody behind the address: not the kubelet's own words (`404: Page Not Found`) but its server's.
  if (said === '404 page not found') {
    return {
      reason: 'unsupported',
      text: sentence('The kubelet of {0} has checkpoints switched off, or is older than 1.25.', node),
      remedy: {
        text: sentence(
          'Switch the feature gate on in the kubelet’s configuration and restart the kubelet. Since 1.30 it is on by itself.',
        ),
        copy: { form: 'yaml', text: 'featureGates:\n  ContainerCheckpoint: true\n' },
      },
    };
  }
  return { reason: 'not-found', text: sentence('The kubelet of {0} answered “not found”: {1}.', node, trimmed(text)) };
}

function unexpected({ status, text }: Refusal, { node }: Subject): Meaning {
  return {
    reason: 'unavailable',
    text: sentence(
      'The kubelet of {0} answered in a way that is not understood ({1}): {2}.',
      node,
      status,
      trimmed(text),
    ),
  };
}
