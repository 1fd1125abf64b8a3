import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { listNodes } from '../../../src/core/cluster/inventory/nodes.ts';
import { openCluster } from '../../../src/core/cluster/cluster.ts';
import { loadKubeconfig } from '../../../src/core/cluster/kubeconfig/kubeconfig.ts';
import type { KubeconfigObject } from '../../cluster/test-cluster.ts';
import { connect, failureOf, PLAIN, startCluster } from './support.ts';

const cluster = await startCluster();

function webToken(expires: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return [part({ alg: 'none' }), part({ sub: 'jane', exp: expires }), 'c2lnbmF0dXJl'].join('.');
}

function provider(name: string, config: Record<string, string>): (config: KubeconfigObject) => void {
  return (kubeconfig) => {
    if (kubeconfig.users[0]) kubeconfig.users[0].user = { 'auth-provider': { name, config } };
  };
}

describe('an auth-provider, by the client library', () => {
  test('OIDC: the token of the kubeconfig while it is good', async () => {
    const token = webToken(Date.now() / 1000 + 600);
    cluster.addUser('jane', { token, rules: [{ verbs: ['list'], resources: ['nodes'] }] });
    const change = provider('oidc', {
      'id-token': token,
      'client-id': 'c',
      'idp-issuer-url': 'https://issuer.invalid',
    });
    const opened = await connect(cluster, {}, { change });
    const answers = await Promise.all(Array.from({ length: 5 }, () => listNodes(opened.api)));
    assert.deepEqual(
      answers.map(({ length }) => length),
      [1, 1, 1, 1, 1],
    );
  });

  test('OIDC: one that cannot be renewed says so, without the token', async () => {
    const token = webToken(Date.now() / 1000 - 600);
    const config = {
      'id-token': token,
      'refresh-token': 'refresh-token-0123456789',
      'client-id': 'c',
      'idp-issuer-url': 'https://127.0.0.1:1',
    };
    const opened = await connect(cluster, {}, { change: provider('oidc', config) });
    const error = await failureOf(listNodes(opened.api));
    assert.equal(error.reason, 'credentials');
    assert.match(error.message, /^No token for test came from the oidc provider of the kubeconfig: .*Log in again\.$/);
    assert.doesNotMatch(JSON.stringify(error) + String(error.stack), /eyJ|refresh-token-0123/);
  });

  test('those that run commands do not in an untrusted workspace', async () => {
    const path = cluster.kubeconfig({}, { change: provider('gcp', { 'cmd-path': 'gcloud' }) });
    const opened = await openCluster(await loadKubeconfig({ path }), undefined, {
      allowPlugins: false,
      environment: PLAIN,
    });
    assert.equal((await failureOf(listNodes(opened.api))).reason, 'untrusted');
  });
});
