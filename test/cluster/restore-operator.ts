import { OPERATOR_KINDS } from './custom-kinds.ts';
import type { Kind, KubeObject, PodObject } from './kube.ts';
import { PODS } from './pod-life.ts';
import type { TestCluster } from './test-cluster.ts';
import { addPod } from './workloads.ts';

export const RESTORES = OPERATOR_KINDS.find(({ kind }) => kind === 'PodRestore') as Kind;

export interface PodRestore extends KubeObject {
  readonly spec: { readonly targetNode: string; readonly template: { readonly spec: PodObject['spec'] } };
}

/**
 * Does what the checkpoint-restore-operator does, as far as it can be seen: a pod of the same name, and how it is going.
 * @param node where alone it restores
 * @returns ends it
 */
export function operate(cluster: TestCluster, node = 'node-1'): () => void {
  const { store } = cluster;
  return store.follow(RESTORES, store.revision, ({ type, object }) => {
    setTimeout(() => {
      const { name, namespace } = object.metadata;
      if (type === 'DELETED') {
        const pod = store.find(PODS, namespace, name);
        if (pod) store.remove(PODS, pod);
      }
      if (type !== 'ADDED') return;
      const { targetNode, template } = (object as PodRestore).spec;
      const report = (podName: string | undefined, reason: string, status: string, message: string): void => {
        const now = store.find(RESTORES, namespace, name);
        const conditions = [{ type: 'Ready', status, reason, message }];
        if (now) store.update(RESTORES, now, { status: { podName, conditions } });
      };
      if (targetNode !== node) {
        report(undefined, 'NodeNotFound', 'False', `target node "${targetNode}" not found`);
        return;
      }
      const pod = addPod(cluster, { name, node, ...(namespace !== undefined && { namespace }) });
      store.update<PodObject>(PODS, pod, { spec: { ...template.spec, nodeName: targetNode } });
      report(name, 'Restored', 'True', 'Restored Pod is running');
    }, 30);
  });
}
