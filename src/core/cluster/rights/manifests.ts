/** Manifests that give a right, to be handed to who may give it. Written by hand: they are read by people. */

/** Who is to get a right: a ServiceAccount's user name becomes the account itself. */
export interface Subject {
  readonly kind: 'User' | 'ServiceAccount';
  readonly name: string;
  readonly namespace?: string;
}

/** @param user as the API server names it: `jane`, `system:serviceaccount:NAMESPACE:NAME` */
export function subjectOf(user: string): Subject {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? [];
  if (namespace === undefined || name === undefined) return { kind: 'User', name: user };
  return { kind: 'ServiceAccount', name, namespace };
}

interface RoleRule {
  readonly verbs: readonly string[];
  readonly resources: readonly string[];
  readonly group?: string;
  readonly names?: readonly string[];
}

/**
 * A role and its binding. Their name tells who gets it, and for which objects: who applies it takes nothing from somebody
 * who has been given the same before.
 * @param user as the API server names it
 * @param scope a namespace, or undefined for the whole cluster
 */
export function roleYaml(title: string, rules: readonly RoleRule[], user: string, scope: string | undefined): string {
  const isCluster = scope === undefined;
  const subject = subjectOf(user);
  // Such names may have whatever a step of an address may have.
  const name = [title, ...rules.flatMap(({ names = [] }) => names), user].join(':').replace(/[/%]/g, '-');
  const place = isCluster ? [] : [`  namespace: ${quoted(scope)}`];
  return [
    'apiVersion: rbac.authorization.k8s.io/v1',
    `kind: ${isCluster ? 'ClusterRole' : 'Role'}`,
    'metadata:',
    `  name: ${quoted(name)}`,
    ...place,
    'rules:',
    ...rules.flatMap(({ verbs, resources, group = '', names }) => [
      `  - apiGroups: [${quoted(group)}]`,
      `    resources: ${list(resources)}`,
      ...(names ? [`    resourceNames: ${list(names)}`] : []),
      `    verbs: ${list(verbs)}`,
    ]),
    '---',
    'apiVersion: rbac.authorization.k8s.io/v1',
    `kind: ${isCluster ? 'ClusterRoleBinding' : 'RoleBinding'}`,
    'metadata:',
    `  name: ${quoted(name)}`,
    ...place,
    'roleRef:',
    '  apiGroup: rbac.authorization.k8s.io',
    `  kind: ${isCluster ? 'ClusterRole' : 'Role'}`,
    `  name: ${quoted(name)}`,
    'subjects:',
    `  - kind: ${subject.kind}`,
    ...(subject.kind === 'User' ? ['    apiGroup: rbac.authorization.k8s.io'] : []),
    `    name: ${quoted(subject.name)}`,
    ...(subject.namespace === undefined ? [] : [`    namespace: ${quoted(subject.namespace)}`]),
    '',
  ].join('\n');
}

/** The right to make checkpoints on a node, and on no other. */
export function checkpointRole(user: string, node: string): string {
  return roleYaml(
    'checkpoint-explorer-checkpoint',
    [{ verbs: ['create'], resources: ['nodes/proxy'], names: [node] }],
    user,
    undefined,
  );
}

/** The right that the API server's own account needs at the kubelets. */
export function kubeletRole(user: string): string {
  return roleYaml('kubelet-checkpoint', [{ verbs: ['create'], resources: ['nodes/checkpoint'] }], user, undefined);
}

/** What reading, fetching and deleting archives takes: pods of one's own in a namespace. */
export function helperRole(user: string, namespace: string): string {
  return roleYaml(
    'checkpoint-explorer-archives',
    [
      { verbs: ['create', 'get', 'list', 'delete'], resources: ['pods'] },
      // Exec over WebSocket is a GET that creates: since Kubernetes 1.35 it takes both.
      { verbs: ['get', 'create'], resources: ['pods/exec'] },
      { verbs: ['list'], resources: ['events'] },
    ],
    user,
    namespace,
  );
}

function list(items: readonly string[]): string {
  return `[${items.map(quoted).join(', ')}]`;
}

/** Names come from servers: only what YAML reads as that text stands without quotes. */
function quoted(text: string): string {
  return /^[a-z][a-z0-9./-]*$/i.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
}
