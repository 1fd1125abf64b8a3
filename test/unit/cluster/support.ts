import { after } from 'node:test';
import { openCluster, type Cluster } from '../../../src/core/cluster/cluster.ts';
import { loadKubeconfig } from '../../../src/core/cluster/kubeconfig/kubeconfig.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { TestCluster, type Login, type TestClusterOptions } from '../../cluster/test-cluster.ts';
import type { Rule } from '../../cluster/users.ts';

/** A test cluster for the tests of a file; it ends with them. */
export async function startCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const cluster = await TestCluster.start(options);
  after(() => cluster.close());
  return cluster;
}

let users = 0;

/** A new ServiceAccount with just these rights. */
export function serviceAccount(
  cluster: TestCluster,
  ...rules: readonly Rule[]
): Required<Pick<Login, 'token'>> & { name: string } {
  const name = `system:serviceaccount:lab:account-${String(++users)}`;
  const token = `token-of-${name.replaceAll(':', '.')}-0123456789abcdef`;
  cluster.addUser(name, { groups: ['system:serviceaccounts', 'system:authenticated'], rules, token });
  return { token, name };
}

/** A connection as the product makes it; it ends with the tests. */
export async function connect(
  cluster: TestCluster,
  login: Login | 'admin' = 'admin',
  options: Parameters<TestCluster['kubeconfig']>[1] = {},
): Promise<Cluster> {
  const kubeconfig = await loadKubeconfig({ path: cluster.kubeconfig(login, options) });
  const opened = await openCluster(kubeconfig, undefined, { allowPlugins: true, environment: { ...PLAIN } });
  after(() => opened.close());
  return opened;
}

/** No proxy of whoever runs the tests. */
export const PLAIN: NodeJS.ProcessEnv = { PATH: process.env['PATH'] };

/** What is thrown, which must be an error of core. */
export async function failureOf(work: Promise<unknown>): Promise<CheckpointError> {
  try {
    await work;
  } catch (error) {
    if (CheckpointError.is(error)) return error;
    throw error;
  }
  throw new Error('Nothing was thrown.');
}
