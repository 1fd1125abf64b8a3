import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import type { Api } from '../api/api.ts';
import type { Pod } from '../api/objects.ts';
import { trimmed } from '../api/read-answer.ts';
import { PODS } from '../api/resources.ts';
import { brief, ClusterError, type Remedy } from '../cluster-error.ts';
import { untilStarted, warningsAbout, type PodStart } from '../inventory/pod-start.ts';
import { helperRole } from '../rights/manifests.ts';
import type { HelperNeed, HelperSettings } from './helper-manifest.ts';

/** Milliseconds after which it is asked what the cluster warns of, again and again: its words name what no time mends. */
const WARNINGS_EVERY = 2000;

/** Milliseconds that a node may take of which the cluster says that it is not ready: mostly nobody is there. */
const UNREADY_PATIENCE = 20_000;

/** runc's `exec: "sleep": executable file not found in $PATH`, crun's ``executable file `sleep` not found``. */
const NO_TOOLS = /executable file.*not found/;

/** Said of a volume by the kubelet. */
const NO_FOLDER = /hostPath type check failed: (\S+) is not a directory/;

/**
 * Creates a helper pod.
 * @throws ClusterError with what forbids it: a right, Pod Security, a quota, another policy
 */
export async function createHelper(api: Api, manifest: object, { namespace }: HelperSettings): Promise<Pod> {
  try {
    return await api.create<Pod>(PODS, manifest, { namespace });
  } catch (error) {
    throw ClusterError.is(error, 'forbidden') || ClusterError.is(error, 'not-found')
      ? explainRefusal(error, namespace)
      : error;
  }
}

export interface HelperStart extends Pick<HelperNeed, 'node'> {
  readonly settings: HelperSettings;
  /** Milliseconds. */
  readonly patience: number;
}

/** Waits until a helper pod runs. @throws ClusterError with why it does not; `timeout` */
export async function untilRunning(
  api: Api,
  created: Pod,
  { settings, node, patience }: HelperStart,
  signal: AbortSignal | undefined,
): Promise<void> {
  // Of one who may not read nodes only the name is known.
  const isUnready = node.uid !== '' && node.isReady === false;
  const most = isUnready ? Math.min(patience, UNREADY_PATIENCE) : patience;
  const until = performance.now() + most;
  for (let last = created; ;) {
    const left = Math.max(0, until - performance.now());
    const { pod, start } = await untilStarted(api, last, { patience: Math.min(left, WARNINGS_EVERY), signal });
    if (start.state === 'running') return;
    if (start.state !== 'late') throw explainEnd(pod, settings, start);
    const warning = (await warningsAbout(api, pod, signal)).at(-1) ?? '';
    const [, directory] = NO_FOLDER.exec(warning) ?? [];
    // The kubelet would try again for as long as the pod is there.
    if (directory !== undefined) throw noFolder(directory, pod, warning);
    if (performance.now() >= until) throw late(warning, pod, most, isUnready);
    last = pod;
  }
}

function explainEnd(pod: Pod, settings: HelperSettings, start: PodStart): ClusterError {
  switch (start.state) {
    case 'unschedulable':
      return stuck(pod, sentence('The helper pod does not start: no node takes it: {0}', trimmed(start.message)));
    case 'stuck':
      return explainStuck(pod, settings, start.reason, trimmed(start.message));
    case 'failed': {
      if (NO_TOOLS.test(start.message)) return withoutTools(settings.image, trimmed(start.message));
      const why = trimmed([start.reason, start.message].filter(Boolean).join(': '));
      return stuck(pod, sentence('The helper pod does not start: it ended at once ({0}).', why));
    }
    case 'deleted':
      return stuck(pod, sentence('The helper pod was deleted while it started.'));
    default:
      return stuck(pod, sentence('The helper pod does not start: it ended at once ({0}).', 'Succeeded'));
  }
}

function explainStuck(pod: Pod, { image }: HelperSettings, reason: string, said: string): ClusterError {
  if (NO_TOOLS.test(said)) return withoutTools(image, said);
  if (!/Image|Registry/.test(reason)) {
    return stuck(pod, sentence('The helper pod does not start ({0}): {1}', reason, said));
  }
  return new ClusterError(
    'unavailable',
    sentence('The node cannot get the image {0} of the helper pod ({1}): {2}', image, reason, said),
    {
      remedy: {
        text: sentence(
          'Choose an image that the cluster can pull, or a pull secret, in the settings (on a command line: --image, or CHECKPOINT_EXPLORER_HELPER_IMAGE).',
        ),
        setting: 'helper.image',
      },
      brief: brief(sentence('No image'), sentence('{0} for the helper pod: {1}', image, reason)),
      said,
    },
  );
}

function withoutTools(image: string, said: string): ClusterError {
  return new ClusterError(
    'unavailable',
    sentence('The image {0} cannot be used for the helper pod: it lacks the tools of busybox.', image),
    {
      remedy: {
        text: sentence(
          'Choose an image with a shell, such as busybox, in the settings (on a command line: --image, or CHECKPOINT_EXPLORER_HELPER_IMAGE).',
        ),
        setting: 'helper.image',
      },
      brief: brief(sentence('Unfit image'), sentence('{0} lacks the tools of busybox', image)),
      said,
    },
  );
}

function noFolder(directory: string, { spec }: Pod, said: string): ClusterError {
  return new ClusterError(
    'not-found',
    sentence('There is no folder {0} on {1}: no checkpoint was made there yet.', directory, spec.nodeName ?? ''),
    { brief: brief(sentence('No archives yet'), sentence('there is no folder {0}', directory)), said },
  );
}

/** @param warning what the cluster said of the pod last; empty where nothing */
function late(warning: string, pod: Pod, patience: number, isUnready: boolean): ClusterError {
  const text = lateText(warning, pod, Math.round(patience / 1000), isUnready);
  return new ClusterError('timeout', text, { brief: brief(sentence('Not started'), text), said: warning });
}

function lateText(warning: string, { spec, status }: Pod, seconds: number, isUnready: boolean): Sentence {
  if (isUnready && status?.startTime === undefined) {
    return sentence(
      'The helper pod did not start within {0} seconds: {1} is not ready. Files on it can be read when it is again.',
      seconds,
      spec.nodeName ?? '',
    );
  }
  if (warning !== '') {
    return sentence('The helper pod did not start within {0} seconds: {1}', seconds, trimmed(warning));
  }
  // A kubelet begins with writing down when it took notice of a pod.
  return spec.nodeName !== undefined && status?.startTime === undefined
    ? sentence(
        'The helper pod did not start within {0} seconds: the kubelet of {1} took no notice of it. Is the node up?',
        seconds,
        spec.nodeName,
      )
    : sentence('The helper pod did not start within {0} seconds.', seconds);
}

function stuck(pod: Pod, text: Sentence): ClusterError {
  const said = [pod.status?.reason, pod.status?.message].filter(Boolean).join(': ');
  return new ClusterError('unavailable', text, {
    brief: brief(sentence('Not started'), text),
    ...(said !== '' && { said }),
  });
}

/** Who forbids a pod says so in words of its own. */
function explainRefusal(error: ClusterError, namespace: string): ClusterError {
  const said = error.said ?? error.message;
  const make = (text: Sentence, remedy?: Remedy): ClusterError =>
    new ClusterError(error.reason, text, {
      said,
      ...(error.status !== undefined && { status: error.status }),
      ...(remedy && { remedy }),
    });
  const violated = /violates PodSecurity "([^"]*)": ([\s\S]*)/.exec(said);
  if (violated) {
    const [, level = '', what = ''] = violated;
    return make(
      sentence(
        'Pod Security ({0}) does not allow the helper pod in the namespace {1}: {2}.',
        level,
        namespace,
        trimmed(what),
      ),
      {
        text: sentence(
          'Reading a node’s files takes a namespace whose Pod Security level is “privileged”. Choose one in the settings (on a command line: --namespace, or CHECKPOINT_EXPLORER_HELPER_NAMESPACE), or have one made.',
        ),
        setting: 'helper.namespace',
        copy: {
          form: 'yaml',
          text: [
            'apiVersion: v1',
            'kind: Namespace',
            'metadata:',
            '  name: checkpoint-explorer',
            '  labels:',
            '    pod-security.kubernetes.io/enforce: privileged',
            '',
          ].join('\n'),
        },
      },
    );
  }
  const quota = /(?:exceeded|failed) quota: ([^,:]+)[,:]\s*([\s\S]*)/.exec(said);
  if (quota) {
    return make(
      sentence(
        'The quota {0} does not allow the helper pod in the namespace {1}: {2}.',
        quota[1] ?? '',
        namespace,
        trimmed(quota[2] ?? ''),
      ),
      {
        text: sentence(
          'Choose another namespace in the settings (on a command line: --namespace, or CHECKPOINT_EXPLORER_HELPER_NAMESPACE), or have the quota raised.',
        ),
        setting: 'helper.namespace',
      },
    );
  }
  const user = /User "([^"]*)" cannot create resource "pods"/.exec(said)?.[1];
  if (user !== undefined) {
    return make(
      sentence(
        'You ({0}) may not create the helper pod in the namespace {1}, through which files of a node are read.',
        user,
        namespace,
      ),
      {
        text: sentence(
          'Choose another namespace in the settings (on a command line: --namespace, or CHECKPOINT_EXPLORER_HELPER_NAMESPACE), or have this Role given to you.',
        ),
        setting: 'helper.namespace',
        copy: { form: 'yaml', text: helperRole(user, namespace) },
      },
    );
  }
  if (error.reason === 'not-found') {
    return make(sentence('There is no namespace {0}, in which the helper pod would be.', namespace), {
      text: sentence(
        'Choose another namespace in the settings (on a command line: --namespace, or CHECKPOINT_EXPLORER_HELPER_NAMESPACE).',
      ),
      setting: 'helper.namespace',
    });
  }
  return make(
    sentence('The cluster does not allow the helper pod in the namespace {0}: {1}.', namespace, trimmed(said)),
  );
}
