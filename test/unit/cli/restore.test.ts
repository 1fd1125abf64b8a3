import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { archiveOf } from '../support/fixtures.ts';
import { inFolder, program } from './support.ts';

/** A Podman that restores everything. */
const PODMAN = `#!/bin/sh
case "$1 $2" in
"info --format") echo '{"host":{"arch":"amd64","memFree":9000000000,"ociRuntime":{"name":"crun"},"security":{"rootless":false}},"version":{"Version":"5.8.6"}}' ;;
"image exists") exit 0 ;;
"volume exists") exit 1 ;;
"container inspect") echo running ;;
*) [ "$3" != restore ] && [ "$4" != restore ] || echo 0123 ;;
esac
`;

function scene(use: (cli: (...args: string[]) => ReturnType<typeof program>, folder: string) => Promise<void>) {
  return inFolder(async (folder) => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    for (const [name, text] of Object.entries({
      podman: PODMAN,
      criu: '#!/bin/sh\necho Version: 4.2.1\n',
      unshare: '#!/bin/sh\nshift 2; exec "$@"\n',
      ip: '#!/bin/sh\n',
    })) {
      writeFileSync(join(bin, name), text);
      chmodSync(join(bin, name), 0o755);
    }
    const env = {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      CHECKPOINT_EXPLORER_SANDBOXES: join(folder, 'sandboxes'),
    };
    await use((...args) => program(args, { env }), folder);
  });
}

test(
  'restore tells before, says what it would do, does it, and what it made is taken away',
  { skip: process.platform === 'win32' },
  () =>
    scene(async (cli) => {
      const archive = archiveOf('podman-webapp-host');
      const check = await cli('restore', archive, '--to', 'podman', '--check', '--format', 'json');
      assert.equal(check.code, 1);
      const { findings } = JSON.parse(check.stdout) as { findings: { id: string; verdict: string }[] };
      assert.deepEqual(
        findings.filter(({ verdict }) => verdict === 'blocker').map(({ id }) => id),
        ['tcp', 'host-paths', 'capabilities'],
      );
      const refused = await cli('restore', archive, '--to', 'podman', '--tcp', 'close');
      assert.deepEqual([refused.code, refused.stdout], [1, '']);
      assert.match(refused.stderr, /--agree host-paths/);
      const options = ['--to', 'podman', '--tcp', 'close', '--agree', 'host-paths', '--agree', 'capabilities'];
      const plan = await cli('restore', archive, ...options, '--dry-run');
      assert.equal(plan.code, 0);
      assert.match(plan.stdout, /podman .*container restore --import .*--tcp-close --file-locks/);
      assert.equal((await cli('sandboxes', '--format', 'json')).stdout.trim(), '[]');
      const done = await cli('restore', archive, ...options);
      assert.equal(done.code, 0, done.stderr);
      const [id = ''] = done.stdout.split(/\s+/);
      const listed = await cli('sandboxes', 'list');
      assert.match(listed.stdout, new RegExp(`${id} +podman +running`));
      assert.equal((await cli('sandboxes', 'remove', id)).code, 0);
      assert.equal((await cli('sandboxes', 'remove', id)).code, 1);
      assert.equal((await cli('sandboxes', '--format', 'json')).stdout.trim(), '[]');
    }),
);

test('restore of what another engine made is refused', { skip: process.platform === 'win32' }, () =>
  scene(async (cli) => {
    const { code, stderr } = await cli('restore', archiveOf('crio-rich'), '--to', 'podman');
    assert.equal(code, 1);
    assert.match(stderr, /CRI-O made it, and Podman does not understand/);
    assert.equal((await cli('restore', archiveOf('crio-rich'))).code, 2);
    assert.equal((await cli('restore', archiveOf('crio-rich'), '--to', 'elsewhere')).code, 2);
    assert.equal((await cli('sandboxes', 'dance')).code, 2);
  }),
);

test('a check tells what is true of the archive even where nothing could restore it', () =>
  inFolder(async (folder) => {
    const args = ['restore', archiveOf('crio-rich'), '--to', 'podman', '--check', '--format', 'json'];
    const { code, stdout, stderr } = await program(args, { env: { PATH: folder } });
    assert.deepEqual([code, stderr], [1, '']);
    const { findings } = JSON.parse(stdout) as { findings: { id: string; verdict: string; reason: string }[] };
    const blockers = findings.filter(({ verdict }) => verdict === 'blocker');
    assert.deepEqual(
      blockers.map(({ id }) => id),
      ['place', 'engine', 'host-paths'],
    );
    assert.match(blockers[0]?.reason ?? '', /podman is not installed here/);
  }));
