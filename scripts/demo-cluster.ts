import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { root } from './lib/node.mjs';

/** The cluster of `npm start`: a process of its own, which ends with this one. */
export interface DemoCluster {
  /** For KUBECONFIG: the person's own kubeconfig first, then the one with the context "demo". */
  readonly kubeconfig: string;
  stop(): void;
}

/** @returns undefined where it does not start: everything else works without it */
export async function startDemoCluster(): Promise<DemoCluster | undefined> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'test/cluster/demo.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = (): void => void child.kill();
  process.once('exit', stop);
  const path = await new Promise<string | undefined>((resolve) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const found = /^KUBECONFIG=(.*)$/m.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('error', () => resolve(undefined));
    child.once('exit', () => resolve(undefined));
  });
  if (path === undefined) return undefined;
  const own = process.env['KUBECONFIG'] ?? join(homedir(), '.kube', 'config');
  return { kubeconfig: [own, path].join(delimiter), stop };
}
