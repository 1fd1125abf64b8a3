import type { Api, PageOptions } from '../api/api.ts';
import type { ApiObject } from '../api/objects.ts';
import type { Resource } from '../api/resources.ts';
import type { CustomKind } from './custom-kinds.ts';

/** An object about checkpoints, for a row. What is of a later version than this program is simply not there. */
export interface CustomFacts {
  readonly kind: CustomKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** RFC 3339. */
  readonly created: string;
  /** One word or two, the object's own: `Running`, `CheckpointCompleted`. */
  readonly state: string;
  /** What the object says about it. */
  readonly message: string | undefined;
  /** Archives on nodes that it stands for, the oldest first. */
  readonly archives: readonly CustomArchive[];
}

export interface CustomArchive {
  /** On the node. */
  readonly path: string;
  /** Undefined where the object does not say: then it is where the pod is. */
  readonly node: string | undefined;
  readonly namespace: string;
  readonly pod: string | undefined;
  /** Undefined for a checkpoint of a whole pod. */
  readonly container: string | undefined;
  /** RFC 3339. */
  readonly time: string | undefined;
  /** As the object has it: to be compared with what is fetched. */
  readonly sha256: string | undefined;
  readonly previousSha256: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** @param resource as `findCustomKinds` found it */
export async function listCustomObjects(
  api: Api,
  kind: CustomKind,
  resource: Resource,
  options: PageOptions = {},
): Promise<readonly CustomFacts[]> {
  const objects = await api.list<ApiObject & { readonly spec?: unknown; readonly status?: unknown }>(resource, options);
  return objects.map((object) => {
    const { namespace = '', name = '', uid = '', creationTimestamp = '' } = object.metadata;
    const [spec, status] = [fields(object.spec), fields(object.status)];
    const { state, message } = stateOf(kind, status);
    return {
      kind,
      namespace,
      name,
      uid,
      created: creationTimestamp,
      state,
      message,
      archives: archivesOf(kind, namespace, spec, status),
    };
  });
}

function stateOf(kind: CustomKind, status: Fields): { state: string; message: string | undefined } {
  const ready = list(status['conditions']).find((condition) => condition['type'] === 'Ready');
  const phase = text(status['phase']) ?? text(ready?.['reason']);
  const message = text(status['errorMessage']) ?? text(ready?.['message']);
  if (kind !== 'schedule') return { state: phase ?? '', message };
  const made = status['checkpointsCreated'];
  return { state: typeof made === 'number' && made > 0 ? String(made) : (phase ?? ''), message };
}

function archivesOf(kind: CustomKind, namespace: string, spec: Fields, status: Fields): readonly CustomArchive[] {
  switch (kind) {
    case 'pod-checkpoint':
      return podCheckpoint(namespace, spec, status);
    case 'chain':
      return chain(text(spec['namespace']) ?? namespace, status);
    case 'restore':
      return list(spec['checkpoints']).flatMap((checkpoint) =>
        archive({ path: checkpoint['path'], node: spec['targetNode'], namespace, container: checkpoint['container'] }),
      );
    case 'schedule':
      return [];
  }
}

/** KEP-5823: `status.checkpointLocation.nodeLocal.path`. */
function podCheckpoint(namespace: string, spec: Fields, status: Fields): readonly CustomArchive[] {
  const { path } = fields(fields(status['checkpointLocation'])['nodeLocal']);
  return archive({
    path,
    node: status['nodeName'],
    namespace,
    pod: spec['sourcePodName'],
    time: status['completionTime'],
  });
}

function chain(namespace: string, status: Fields): readonly CustomArchive[] {
  return list(status['snapshotChainRecords']).flatMap((record) =>
    archive({
      path: record['checkpointPath'],
      namespace,
      pod: record['podName'],
      container: record['containerName'],
      // Called snapshotTimestamp before the operator's 0.1.0.
      time: record['snapshotTime'] ?? record['snapshotTimestamp'],
      sha256: record['sha256Hash'],
      previousSha256: record['previousSHA256Hash'],
    }),
  );
}

function archive(facts: { readonly namespace: string } & Fields): readonly CustomArchive[] {
  const path = text(facts['path']);
  if (path?.startsWith('/') !== true) return [];
  return [
    {
      path,
      node: text(facts['node']),
      namespace: facts.namespace,
      pod: text(facts['pod']),
      container: text(facts['container']),
      time: text(facts['time']),
      sha256: text(facts['sha256'])?.toLowerCase(),
      previousSha256: text(facts['previousSha256'])?.toLowerCase(),
    },
  ];
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
