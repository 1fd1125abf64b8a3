import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../lib/node.mjs';
import { countDeclaredTests, type Counts, findTests, runNodeTests } from '../lib/node-tests.ts';

const TESTS = 'test/lab/*.test.ts';

/**
 * Makes checkpoints with today's Podman, containerd and CRIU in a chroot of distribution packages, opens them, and restores
 * them. It takes root, minutes and a distribution that moves, so it runs only where CHECKPOINT_EXPLORER_LAB=1 asks for it; where the machine
 * cannot, a line says why.
 */
export async function runLabTests(): Promise<Counts> {
  const count = countDeclaredTests(findTests([TESTS]));
  const reason = cannotRun();
  if (reason !== undefined) return skip(count, reason);
  const lab = process.env['LAB'] ?? join(tmpdir(), 'checkpoint-explorer-lab');
  const script = (...args: string[]): boolean =>
    spawnSync('bash', [join(root, 'test/lab/lab.sh'), ...args], {
      env: { ...process.env, LAB: lab },
      stdio: ['ignore', 'inherit', 'inherit'],
    }).status === 0;
  try {
    if (!script('up')) return skip(count, 'its machine could not be built (see above)');
    if (!script('run', 'bash /lab/scripts/make-checkpoints.sh')) {
      return skip(count, 'the kernel and CRIU of the distribution made no checkpoint (see above)');
    }
    if (!script('run', 'bash /lab/scripts/make-cri-checkpoint.sh')) {
      console.log(
        'The lab’s containerd made no checkpoint (see above): the tests of restoring through crictl are skipped.',
      );
    }
    process.env['CHECKPOINT_EXPLORER_LAB_OUT'] = join(lab, 'out');
    process.env['LAB'] = lab;
    return await runNodeTests([TESTS]);
  } finally {
    script('down');
  }
}

function cannotRun(): string | undefined {
  if (process.env['CHECKPOINT_EXPLORER_LAB'] !== '1')
    return 'CHECKPOINT_EXPLORER_LAB=1 turns it on (root, Debian, minutes)';
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it needs root on Linux';
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-deb')) return 'it needs a Debian machine';
  const namespaces = spawnSync('unshare', [
    '--mount',
    '--pid',
    '--fork',
    '--net',
    '--uts',
    '--ipc',
    '--cgroup',
    'true',
  ]);
  return namespaces.status === 0 ? undefined : 'this machine does not allow new namespaces';
}

function skip(count: number, reason: string): Counts {
  console.log(
    `Skipped ${String(count)} tests of the lab, which makes, opens and restores real checkpoints: ${reason}.`,
  );
  return { passed: 0, failed: 0, skipped: count };
}
