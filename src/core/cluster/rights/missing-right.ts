import { sentence } from '../../../protocol/sentence.ts';
import type { Remedy } from '../cluster-error.ts';
import { roleYaml } from './manifests.ts';

/** What a person may not do, as an API server says it. */
export interface MissingRight {
  readonly user: string;
  readonly verb: string;
  /** With its subresource: `pods/exec`. */
  readonly resource: string;
  /** Empty: the core group. */
  readonly group: string;
  /** Undefined: the whole cluster. */
  readonly namespace: string | undefined;
  /** Of the one object that was asked for; undefined where it was a list, or where the server does not name it. */
  readonly name: string | undefined;
}

/** Source: the sentence of Kubernetes' `apiserver/pkg/endpoints/handlers/responsewriters/errors.go`. */
const PATTERN =
  /^(?:\S+ "([^"]*)" is forbidden|\S+ is forbidden): User "([^"]*)" cannot ([a-z]+) resource "([a-z0-9./-]+)" in API group "([a-z0-9.-]*)" (?:in the namespace "([^"]*)"|at the cluster scope)/;

/** What rules are about; words that stand for everything are no verb that this program asks for. */
const VERBS: ReadonlySet<string> = new Set(['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']);

/** Verbs that are of no use one without the others: what is listed is followed, and looked at. */
const READING: readonly string[] = ['get', 'list', 'watch'];

/** Undefined where it is another rule that forbids it: Pod Security, a quota, a webhook. */
export function missingRight(said: string): MissingRight | undefined {
  const [, name, user = '', verb = '', resource = '', group = '', namespace] = PATTERN.exec(said) ?? [];
  if (user === '' || !VERBS.has(verb)) return undefined;
  return { user, verb, resource, group, namespace, name };
}

/** The least that has to be given, to be handed to who may give it. */
export function remedyOf({ user, verb, resource, group, namespace, name }: MissingRight): Remedy {
  const isReading = READING.includes(verb) && !resource.includes('/');
  // What does not exist yet has no name that a rule could go by, nor has a list.
  const isNamed = name !== undefined && name !== '' && !isReading && verb !== 'create';
  const yaml = roleYaml(
    `checkpoint-explorer-${isReading ? 'read' : verb}-${resource.replaceAll('/', '-')}`,
    [{ verbs: isReading ? READING : [verb], resources: [resource], group, ...(isNamed && { names: [name] }) }],
    user,
    namespace,
  );
  return {
    text:
      namespace === undefined
        ? sentence('An administrator can allow it with this ClusterRole.')
        : sentence('An administrator can allow it with this Role.'),
    copy: { form: 'yaml', text: yaml },
  };
}
