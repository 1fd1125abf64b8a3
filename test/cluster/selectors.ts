import type { Kind, KubeObject } from './kube.ts';
import { badRequest } from './status.ts';

export type Filter = (object: KubeObject) => boolean;

/** Kubernetes: "Labels and selectors". */
export function labelFilter(selector: string): Filter {
  const tests = splitOutside(selector).map((part): Filter => {
    const labels = (object: KubeObject): Readonly<Record<string, string | undefined>> => object.metadata.labels ?? {};
    const [, key, operator, list] = /^\s*([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)\s*$/.exec(part) ?? [];
    if (key !== undefined && list !== undefined) {
      const values = list.split(',').map((value) => value.trim());
      return (object) => values.includes(labels(object)[key] ?? '') === (operator === 'in');
    }
    const [, name, sign, value] = /^\s*([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)\s*$/.exec(part) ?? [];
    if (name !== undefined) return (object) => (labels(object)[name] === value) === (sign !== '!=');
    const [, not, only] = /^\s*(!?)([\w./-]+)\s*$/.exec(part) ?? [];
    if (only !== undefined) return (object) => (labels(object)[only] === undefined) === (not === '!');
    throw badRequest(`unable to parse requirement: ${part}`);
  });
  return (object) => tests.every((test) => test(object));
}

function splitOutside(selector: string): readonly string[] {
  return selector.split(/,(?![^(]*\))/).filter((part) => part.trim() !== '');
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  pods: ['spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'status.phase', 'status.podIP'],
  nodes: ['spec.unschedulable'],
  events: [
    'involvedObject.kind',
    'involvedObject.name',
    'involvedObject.namespace',
    'involvedObject.uid',
    'reason',
    'type',
  ],
};

export function fieldFilter({ plural }: Kind, selector: string): Filter {
  const supported = ['metadata.name', 'metadata.namespace', ...(FIELDS[plural] ?? [])];
  const tests = selector
    .split(',')
    .filter((part) => part !== '')
    .map((part): Filter => {
      const [, field = '', sign, value] = /^([\w.]+)(==|=|!=)(.*)$/.exec(part) ?? [];
      if (!supported.includes(field)) throw badRequest(`field label not supported: ${field}`);
      return (object) => (valueAt(object, field) === value) === (sign !== '!=');
    });
  return (object) => tests.every((test) => test(object));
}

function valueAt(object: KubeObject, path: string): string {
  let value: unknown = object;
  for (const part of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[part];
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}
