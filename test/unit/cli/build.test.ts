import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RegistryServer } from '../../registry/registry-server.ts';
import { archiveOf } from '../support/fixtures.ts';
import { cli, inFolder } from './support.ts';

test('build writes an image and says how it is called', () =>
  inFolder(async (folder) => {
    const target = join(folder, 'image.tar');
    const text = await cli('build', archiveOf('crio-rich'), '-o', `oci-archive:${target}`);
    assert.equal(text.code, 0);
    assert.match(text.stdout, /^sha256:[0-9a-f]{64} {2}oci-archive:/);
    const json = await cli('build', archiveOf('crio-rich'), '-o', join(folder, 'layout'), '--format', 'json');
    const facts = JSON.parse(json.stdout) as { digest: string; annotations: Record<string, string> };
    assert.equal(text.stdout.split(' ')[0], facts.digest);
    assert.equal(facts.annotations['io.kubernetes.cri-o.annotations.checkpoint.name'], 'app');
    assert.equal((await cli('show', target)).code, 0);
    const again = await cli('build', archiveOf('crio-rich'), '-o', `oci-archive:${target}`);
    assert.equal(again.code, 1);
    assert.match(again.stderr, /is there already/);
    const named = await cli('build', target, '-o', join(folder, 'named'), '--container-name', 'other', '--format=json');
    assert.match(named.stdout, /"org\.criu\.checkpoint\.container\.name": "other"/);
  }));

test('build says what it needs', () =>
  inFolder(async (folder) => {
    const archive = archiveOf('crio-tty');
    for (const args of [[], ['-o', 'oci-archive:'], ['-o', join(folder, 'x'), '--tag', '../x y']]) {
      const { code, stdout } = await cli('build', archive, ...args);
      assert.deepEqual([code, stdout], [2, '']);
    }
    assert.deepEqual(readdirSync(folder), []);
    const missing = await cli('build', join(folder, 'none.tar'), '-o', join(folder, 'x'));
    assert.equal(missing.code, 1);
    assert.equal(existsSync(join(folder, 'x')), false);
  }));

test('build sends an image to a registry, from which every command reads it', (context) =>
  inFolder(async (folder) => {
    const { CHECKPOINT_EXPLORER_SANDBOXES: before } = process.env;
    process.env['CHECKPOINT_EXPLORER_SANDBOXES'] = join(folder, 'sandboxes');
    context.after(() => {
      if (before === undefined) delete process.env['CHECKPOINT_EXPLORER_SANDBOXES'];
      else process.env['CHECKPOINT_EXPLORER_SANDBOXES'] = before;
    });
    const server = await new RegistryServer().start();
    try {
      const locator = `docker://${server.host}/lab/app:1`;
      const built = await cli('build', archiveOf('crio-rich'), '-o', locator, '--chunk', '1');
      assert.equal(built.code, 0, built.stderr);
      assert.deepEqual(readdirSync(join(folder, 'sandboxes')), [], 'what was sent whole is remembered');
      const shown = await cli('show', locator);
      assert.match(shown.stdout, /\bapp\b.*CRI-O/);
      const fetched = await cli('download', locator, '-o', folder);
      assert.equal(fetched.code, 0, fetched.stderr);
      assert.deepEqual(readFileSync(join(folder, 'lab-app-1.tar')), readFileSync(archiveOf('crio-rich')));
      assert.equal((await cli('show', `docker://${server.host}/lab/none:1`)).code, 1);
      assert.equal((await cli('build', archiveOf('crio-rich'), '-o', 'docker://UPPER/Case')).code, 2);
    } finally {
      await server.stop();
    }
  }));
