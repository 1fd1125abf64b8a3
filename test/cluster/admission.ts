import type { ContainerSpec, KubeObject, PodObject } from './kube.ts';
import { refusal } from './status.ts';

export interface Quota {
  readonly name: string;
  /** Most pods that may be. */
  readonly pods?: number;
  /** What a pod must say: `limits.cpu`. */
  readonly required?: readonly string[];
}

/**
 * What stands between a pod and its creation: Pod Security, and quotas.
 * @throws Refused 403 in the words of the API server
 */
export function admit(pod: PodObject, namespace: KubeObject, pods: number, quota: Quota | undefined): void {
  const level = namespace.metadata.labels?.['pod-security.kubernetes.io/enforce'] ?? 'privileged';
  const violations = level === 'restricted' ? restricted(pod) : level === 'baseline' ? baseline(pod) : [];
  const { name } = pod.metadata;
  const refuse = (why: string): never => {
    throw refusal(403, 'Forbidden', `pods "${name}" is forbidden: ${why}`, { name, kind: 'pods' });
  };
  if (violations.length > 0) refuse(`violates PodSecurity "${level}:latest": ${violations.join(', ')}`);
  if (!quota) return;
  const missing = (quota.required ?? []).filter((field) => !isSaid(pod, field));
  if (missing.length > 0) {
    const container = pod.spec.containers[0]?.name ?? '';
    refuse(
      `failed quota: ${quota.name}: must specify ${missing.map((field) => `${field} for: ${container}`).join('; ')}`,
    );
  }
  if (quota.pods !== undefined && pods >= quota.pods) {
    refuse(
      `exceeded quota: ${quota.name}, requested: pods=1, used: pods=${String(pods)}, limited: pods=${String(quota.pods)}`,
    );
  }
}

function hostPaths({ spec }: PodObject): readonly string[] {
  return (spec.volumes ?? []).filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => `"${name}"`);
}

function baseline(pod: PodObject): readonly string[] {
  const volumes = hostPaths(pod);
  return volumes.length === 0
    ? []
    : [`hostPath volumes (volume${volumes.length > 1 ? 's' : ''} ${volumes.join(', ')})`];
}

function restricted(pod: PodObject): readonly string[] {
  const [container] = pod.spec.containers;
  if (!container) return [];
  const { name, securityContext: context = {} } = container;
  const drops = (context['capabilities'] as { drop?: readonly string[] } | undefined)?.drop ?? [];
  return [
    ...(context['allowPrivilegeEscalation'] === false
      ? []
      : [
          `allowPrivilegeEscalation != false (container "${name}" must set securityContext.allowPrivilegeEscalation=false)`,
        ]),
    ...(drops.includes('ALL')
      ? []
      : [`unrestricted capabilities (container "${name}" must set securityContext.capabilities.drop=["ALL"])`]),
    ...hostPaths(pod).map(
      (volume) => `restricted volume types (volume ${volume} uses restricted volume type "hostPath")`,
    ),
    ...(context['runAsNonRoot'] === true
      ? []
      : [`runAsNonRoot != true (pod or container "${name}" must set securityContext.runAsNonRoot=true)`]),
    ...(context['runAsUser'] === 0 ? [`runAsUser=0 (container "${name}" must not set runAsUser=0)`] : []),
    ...(seccomp(container, pod)
      ? []
      : [
          `seccompProfile (pod or container "${name}" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`,
        ]),
  ];
}

function seccomp(container: ContainerSpec, pod: PodObject): boolean {
  const contexts = [container.securityContext, pod.spec['securityContext'] as Record<string, unknown> | undefined];
  return contexts.some((context) => (context?.['seccompProfile'] as { type?: string } | undefined)?.type !== undefined);
}

/** `limits.cpu` of the first container. */
function isSaid(pod: PodObject, field: string): boolean {
  const [group = '', resource = ''] = field.split('.');
  const resources = pod.spec.containers[0]?.['resources'] as Record<string, Record<string, unknown>> | undefined;
  return resources?.[group]?.[resource] !== undefined;
}
