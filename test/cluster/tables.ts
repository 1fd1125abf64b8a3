import { apiVersionOf, type Kind, type KubeObject, type PodObject } from './kube.ts';

/*
 * What `kubectl get` prints: the API server makes the cells, and kubectl, without them, knows only names and ages.
 */

interface Column {
  readonly name: string;
  /** Shown by `-o wide` alone. */
  readonly isWide?: boolean;
  readonly cell: (object: KubeObject) => string;
}

const NONE = '<none>';

const NAME: Column = { name: 'Name', cell: ({ metadata }) => metadata.name };
const AGE: Column = { name: 'Age', cell: ({ metadata }) => ageOf(metadata.creationTimestamp) };

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  pods: [
    NAME,
    { name: 'Ready', cell: (pod) => readyOf(pod as PodObject) },
    { name: 'Status', cell: (pod) => statusOf(pod as PodObject) },
    { name: 'Restarts', cell: (pod) => restartsOf(pod as PodObject) },
    AGE,
    { name: 'IP', isWide: true, cell: ({ status }) => textOf(status, 'podIP') },
    { name: 'Node', isWide: true, cell: ({ spec }) => textOf(spec, 'nodeName') },
    { name: 'Nominated Node', isWide: true, cell: () => NONE },
    { name: 'Readiness Gates', isWide: true, cell: () => NONE },
  ],
  namespaces: [NAME, { name: 'Status', cell: ({ status }) => textOf(status, 'phase') }, AGE],
};

/** Whether a client asks for cells rather than for the objects. */
export function wantsTable(accept: string | undefined): boolean {
  // Those named first are preferred, and whoever takes tables names them first.
  return accept?.startsWith('application/json;as=Table;v=v1;g=meta.k8s.io') === true;
}

/** The objects of a list, or one, as a table. */
export function tableOf(kind: Kind, answer: object): object {
  const { metadata, items } = answer as { readonly metadata: object; readonly items?: readonly KubeObject[] };
  const columns = COLUMNS[kind.plural] ?? [NAME, AGE];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: items ? metadata : {},
    columnDefinitions: columns.map(({ name, isWide = false }) => ({
      name,
      type: 'string',
      format: name === 'Name' ? 'name' : '',
      description: '',
      priority: isWide ? 1 : 0,
    })),
    rows: (items ?? [answer as KubeObject]).map((object) => ({
      cells: columns.map(({ cell }) => cell({ ...object, kind: kind.kind, apiVersion: apiVersionOf(kind) })),
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    })),
  };
}

function readyOf({ spec, status }: PodObject): string {
  const ready = (status.containerStatuses ?? []).filter((one) => one.ready).length;
  return `${String(ready)}/${String(spec.containers.length)}`;
}

/** The first reason for which a container does not run, or else the phase. */
function statusOf({ metadata, status }: PodObject): string {
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  const reasons = (status.containerStatuses ?? []).flatMap(({ state }) =>
    [state['waiting'], state['terminated']].map((one) => one?.['reason']).filter((one) => typeof one === 'string'),
  );
  return reasons[0] ?? status.phase;
}

function restartsOf({ status }: PodObject): string {
  return String((status.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0));
}

function ageOf(created: string): string {
  return `${String(Math.max(0, Math.floor((Date.now() - Date.parse(created)) / 1000)))}s`;
}

function textOf(part: unknown, field: string): string {
  const value = typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[field] : undefined;
  return typeof value === 'string' ? value : NONE;
}
