import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listPods } from '../../../src/core/cluster/inventory/pods.ts';
import { NAMESPACES, PODS } from '../../../src/core/cluster/api/resources.ts';
import { missingRight, remedyOf } from '../../../src/core/cluster/rights/missing-right.ts';
import { factsOf } from '../../../src/core/cluster/cluster-error.ts';
import { connect, failureOf, serviceAccount, startCluster } from './support.ts';

const USER = 'User "system:serviceaccount:lab:viewer" cannot';

function roleFor(said: string): string {
  const right = missingRight(said);
  assert.ok(right, said);
  return remedyOf(right).copy?.text ?? '';
}

describe('what an API server says one may not do', () => {
  test('becomes the role that allows just that', () => {
    const list = roleFor(`pods is forbidden: ${USER} list resource "pods" in API group "" in the namespace "lab"`);
    assert.match(
      list,
      /kind: Role\n.*\n {2}name: "checkpoint-explorer-read-pods:system:serviceaccount:lab:viewer"\n {2}namespace: lab/s,
    );
    assert.match(list, /apiGroups: \[""\]\n {4}resources: \[pods\]\n {4}verbs: \[get, list, watch\]/);
    assert.match(list, /kind: ServiceAccount\n {4}name: viewer\n {4}namespace: lab/);
    const remove = roleFor(
      `pods "counter" is forbidden: ${USER} delete resource "pods" in API group "" in the namespace "lab"`,
    );
    assert.match(remove, /resources: \[pods\]\n {4}resourceNames: \[counter\]\n {4}verbs: \[delete\]/);
    const log = roleFor(
      `pods "counter" is forbidden: ${USER} get resource "pods/log" in API group "" in the namespace "lab"`,
    );
    assert.match(log, /name: "checkpoint-explorer-get-pods-log:counter:system:serviceaccount:lab:viewer"\n/);
    assert.match(log, /resources: \[pods\/log\]\n {4}resourceNames: \[counter\]\n {4}verbs: \[get\]/);
    const policies = roleFor(
      `networkpolicies.networking.k8s.io is forbidden: ${USER} create resource "networkpolicies" in API group "networking.k8s.io" in the namespace "lab"`,
    );
    assert.match(
      policies,
      /apiGroups: \[networking.k8s.io\]\n {4}resources: \[networkpolicies\]\n {4}verbs: \[create\]/,
    );
    const nodes = roleFor(`nodes is forbidden: ${USER} list resource "nodes" in API group "" at the cluster scope`);
    assert.match(nodes, /kind: ClusterRole\n(?!.*namespace: ""\n)/);
  });

  test('has a name of its own for each person and object: who applies it takes nothing from others', () => {
    const namesOf = (user: string, pod: string) =>
      roleFor(
        `pods "${pod}" is forbidden: User "${user}" cannot delete resource "pods" in API group "" in the namespace "lab"`,
      ).match(/(?<=^ {2}name: ).*/gm);
    // Role, binding, what is bound.
    assert.deepEqual(namesOf('jane', 'a'), Array(3).fill('"checkpoint-explorer-delete-pods:a:jane"'));
    assert.deepEqual(namesOf('jane', 'b'), Array(3).fill('"checkpoint-explorer-delete-pods:b:jane"'));
    assert.deepEqual(namesOf('a/50%', 'a'), Array(3).fill('"checkpoint-explorer-delete-pods:a:a-50-"'));
  });

  test('says nothing of a right where another rule forbids it, or where it would be a right to everything', () => {
    for (const said of [
      `forbidden: ${USER} get path "/metrics"`,
      'pods "a" is forbidden: violates PodSecurity "baseline:latest": hostPath volumes (volume "cp")',
      'pods "a" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=0, limited: pods=0',
      `pods is forbidden: ${USER} * resource "pods" in API group "" in the namespace "lab"`,
      `pods is forbidden: ${USER} get resource "*" in API group "" in the namespace "lab"`,
      `pods is forbidden: ${USER} escalate resource "roles" in API group "*" at the cluster scope`,
    ]) {
      assert.equal(missingRight(said), undefined, said);
    }
  });
});

test('every request that is refused says what to ask for', async () => {
  const cluster = await startCluster();
  const { api } = await connect(cluster, serviceAccount(cluster));
  const listing = await failureOf(listPods(api, { namespace: 'lab' }));
  assert.match(
    factsOf(listing)?.remedy?.copy?.text ?? '',
    /kind: Role\n[^]*resources: \[pods\]\n {4}verbs: \[get, list, watch\]/,
  );
  const making = await failureOf(api.create(NAMESPACES, { metadata: { name: 'sandbox' } }));
  assert.match(
    factsOf(making)?.remedy?.copy?.text ?? '',
    /kind: ClusterRole\n[^]*resources: \[namespaces\]\n {4}verbs: \[create\]/,
  );
  const removing = await failureOf(api.remove(PODS, 'box', { namespace: 'lab' }));
  assert.match(factsOf(removing)?.remedy?.copy?.text ?? '', /resourceNames: \[box\]\n {4}verbs: \[delete\]/);
});
