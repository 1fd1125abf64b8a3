import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { openImageArchive } from '../../../src/core/restore/registry/image-archive.ts';
import { openImageFiles } from '../../../src/core/restore/registry/image-files.ts';
import { pullArchive } from '../../../src/core/restore/registry/pull.ts';
import { pushImage } from '../../../src/core/restore/registry/push.ts';
import { parseReference } from '../../../src/core/restore/registry/reference.ts';
import { Registry } from '../../../src/core/restore/registry/registry.ts';
import { digestOf, RegistryServer } from '../../registry/registry-server.ts';
import { inFolder, withCheckpoint } from './support.ts';
import { PASSWORD, archive, authority, digest, reason, scene } from './registry-scene.ts';

describe('an image is pushed', () => {
  test('and opened where it is, and downloaded', () =>
    scene({}, async ({ server, folder, spill, settings, push }) => {
      const { image, layer } = await push();
      assert.equal(layer, 'sent');
      assert.equal(image.layer.digest, digest);
      assert.ok(server.blobs.has(digest));
      const locator = `docker://${server.host}/lab/app:1`;
      const opened = await openCheckpoint(
        { locator, spill },
        { openImage: (asked, signal) => openImageFiles(asked, settings, signal) },
      );
      await opened.completed;
      const fromRegistry = await opened.overview();
      const fromFile = await withCheckpoint(archive, spill, (checkpoint) => checkpoint.overview());
      assert.deepEqual([fromRegistry.container, fromRegistry.pod], [fromFile.container, fromFile.pod]);
      assert.deepEqual(
        (await opened.processes()).map(({ pid }) => pid),
        await withCheckpoint(archive, spill, async (checkpoint) =>
          (await checkpoint.processes()).map(({ pid }) => pid),
        ),
      );
      await opened.close();
      const target = join(folder, 'pulled.tar');
      await pullArchive(`docker://${server.host}/lab/app@${image.manifest.digest}`, target, settings);
      assert.deepEqual(readFileSync(target), readFileSync(archive));
      const making = { ...settings, makesFolder: true };
      const [none, made] = [join(folder, 'none'), join(folder, 'made', 'deeper')];
      await assert.rejects(pullArchive(`docker://${server.host}/lab/gone:1`, join(none, 'one.tar'), making));
      assert.equal(existsSync(none), false);
      await pullArchive(locator, join(made, 'one.tar'), making);
      assert.deepEqual(readFileSync(join(made, 'one.tar')), readFileSync(archive));
    }));

  test('once: what is there is not sent again', () =>
    scene({}, async ({ server, push }) => {
      await push();
      server.seen.length = 0;
      assert.equal((await push('lab/app:2')).layer, 'there');
      assert.deepEqual(
        server.seen.filter(({ method }) => method === 'PATCH' || method === 'POST'),
        [],
      );
      assert.ok(server.manifests.has('lab/app:2'));
    }));

  test('by taking a layer over from another repository', () =>
    scene({}, async ({ server, push }) => {
      await push();
      server.seen.length = 0;
      assert.equal((await push('other/app:1', { mountFrom: ['no/such', 'lab/app'] })).layer, 'mounted');
      const sent = server.seen.filter(({ method }) => method === 'PATCH').reduce((sum, { length }) => sum + length, 0);
      assert.ok(sent < 10_000, 'only the configuration is sent');
    }));

  test('in pieces, where it is told to', () =>
    scene({}, async ({ server, push }) => {
      await push('lab/app:1', { chunk: 100_000 });
      const sizes = server.seen.filter(({ method }) => method === 'PATCH').map(({ length }) => length);
      assert.ok(sizes.length > 2);
      assert.ok(sizes.every((size) => size <= 100_000));
      assert.ok(server.blobs.has(digest));
    }));
});

describe('credentials', () => {
  for (const gate of ['basic', 'token'] as const) {
    test(`of docker login serve a registry that wants them (${gate})`, () =>
      scene({ gate }, async ({ server, folder, push }) => {
        mkdirSync(join(folder, '.docker'));
        const auth = Buffer.from(`ada:${PASSWORD}`).toString('base64');
        writeFileSync(join(folder, '.docker', 'config.json'), JSON.stringify({ auths: { [server.host]: { auth } } }));
        await push();
        assert.ok(server.blobs.has(digest));
      }));

    test(`that are missing or wrong are told without naming them (${gate})`, () =>
      scene({ gate }, async ({ server, folder, push }) => {
        await assert.rejects(push(), reason('unauthorized'));
        mkdirSync(join(folder, '.docker'));
        const wrong = `${PASSWORD}-but-wrong`;
        const auth = Buffer.from(`ada:${wrong}`).toString('base64');
        writeFileSync(join(folder, '.docker', 'config.json'), JSON.stringify({ auths: { [server.host]: { auth } } }));
        await assert.rejects(push(), (error) => {
          assert.ok(CheckpointError.is(error, 'unauthorized'));
          const told = inspect(error, { depth: Infinity });
          for (const secret of [wrong, auth]) assert.ok(!told.includes(secret), told);
          return true;
        });
        assert.equal(server.blobs.size, 0);
      }));
  }

  test('come from a helper, which is asked without a shell', { skip: process.platform === 'win32' }, () =>
    scene({ gate: 'token' }, async ({ server, folder, settings, push }) => {
      const helpers = join(folder, 'bin');
      mkdirSync(helpers);
      const helper = join(helpers, 'docker-credential-lab');
      writeFileSync(
        helper,
        `#!/bin/sh\nread server\n[ "$1" = get ] && [ "$server" = "${server.host}" ] && printf '{"ServerURL":"x","Username":"<token>","Secret":"${PASSWORD}"}'\n`,
      );
      chmodSync(helper, 0o755);
      mkdirSync(join(folder, '.docker'));
      const config = { credHelpers: { [server.host]: 'lab' } };
      writeFileSync(join(folder, '.docker', 'config.json'), JSON.stringify(config));
      const environment = { HOME: folder, PATH: [helpers, process.env['PATH']].join(delimiter) };
      await push('lab/app:1', {}, { ...settings, environment });
      assert.ok(server.blobs.has(digest));
    }),
  );

  for (const helper of ['../../bin/sh', 'x; touch y', 'none-of-that-name']) {
    test(`a helper called ${helper} runs nothing`, () =>
      scene({ gate: 'basic' }, async ({ server, folder, push }) => {
        mkdirSync(join(folder, '.docker'));
        const config = { credHelpers: { [server.host]: helper } };
        writeFileSync(join(folder, '.docker', 'config.json'), JSON.stringify(config));
        await assert.rejects(push(), reason('credentials'));
        assert.deepEqual(readdirSync(folder), ['.docker']);
      }));
  }

  test('are not sent to whoever stores the blobs', async () => {
    const storage = await new RegistryServer({ authority }).start();
    try {
      await scene({ gate: 'basic', blobsAt: storage.origin }, async ({ server, folder, settings, push }) => {
        mkdirSync(join(folder, '.docker'));
        const auth = Buffer.from(`ada:${PASSWORD}`).toString('base64');
        writeFileSync(join(folder, '.docker', 'config.json'), JSON.stringify({ auths: { [server.host]: { auth } } }));
        await push();
        storage.blobs.set(digest, server.blobs.get(digest) ?? Buffer.alloc(0));
        storage.links.add(`lab/app@${digest}`);
        await pullArchive(`docker://${server.host}/lab/app:1`, join(folder, 'pulled.tar'), settings);
        assert.equal(digestOf(readFileSync(join(folder, 'pulled.tar'))), digest);
        assert.ok(storage.seen.length > 0);
        assert.ok(storage.seen.every(({ authorization }) => authorization === undefined));
      });
    } finally {
      await storage.stop();
    }
  });
});

describe('the archive in an image', () => {
  test('is read where it is, and opened as the checkpoint that it is', () =>
    scene({}, async ({ server, spill, settings, push }) => {
      await push();
      const locator = `docker://${server.host}/lab/app:1`;
      const source = await openImageArchive(locator, settings);
      assert.equal(source.size, readFileSync(archive).length);
      assert.deepEqual(Buffer.from(await source.read(512, 1000)), readFileSync(archive).subarray(512, 1512));
      assert.equal(`sha256:${await source.hash()}`, digest);
      await source.close();
      const checkpoint = await openCheckpoint(
        { locator, spill },
        { openRemote: (remote, signal) => openImageArchive(remote, settings, signal) },
      );
      try {
        assert.equal((await checkpoint.overview()).wrapping, 'archive');
        assert.ok((await checkpoint.processes()).length > 0);
      } finally {
        await checkpoint.close();
      }
    }));

  test('is not looked for in an image of several layers', () =>
    scene({}, async ({ server, settings, push }) => {
      const { image } = await push();
      const manifest = JSON.parse(Buffer.from(image.manifest.bytes).toString('utf8')) as { layers: object[] };
      manifest.layers.push(...manifest.layers);
      const bytes = Buffer.from(JSON.stringify(manifest));
      server.manifests.set('lab/app:2', { bytes, mediaType: image.manifest.mediaType });
      await assert.rejects(openImageArchive(`docker://${server.host}/lab/app:2`, settings), reason('not-a-checkpoint'));
    }));
});

describe('a registry is believed', () => {
  test('only with a certificate that is trusted', () =>
    scene({}, async ({ server, settings, push }) => {
      await assert.rejects(push('lab/app:1', {}, { environment: settings.environment ?? {} }), reason('tls'));
      assert.equal(server.seen.length, 0);
    }));

  test('without TLS on this machine', async () => {
    const server = await new RegistryServer().start();
    try {
      await inFolder(async (folder, spill) => {
        const registry = new Registry(parseReference(`docker://${server.host}/lab/app:1`), {
          push: true,
          environment: { HOME: folder },
        });
        await withCheckpoint(archive, spill, (checkpoint) => pushImage(checkpoint, registry, { spill }));
        registry.close();
        assert.ok(server.blobs.has(digest));
      });
    } finally {
      await server.stop();
    }
  });

  test('only with what the digest says', () =>
    scene({}, async ({ server, folder, settings, push }) => {
      const { image } = await push();
      const bytes = Buffer.from(server.blobs.get(digest) ?? []);
      bytes.writeUInt8(bytes.readUInt8(1000) ^ 1, 1000);
      server.blobs.set(digest, bytes);
      const target = join(folder, 'pulled.tar');
      await assert.rejects(pullArchive(`docker://${server.host}/lab/app:1`, target, settings), reason('damaged'));
      const key = `lab/app:${image.manifest.digest}`;
      server.manifests.set(key, { bytes: Buffer.from('{"layers":[]}'), mediaType: image.manifest.mediaType });
      const locator = `docker://${server.host}/lab/app@${image.manifest.digest}`;
      await assert.rejects(openImageFiles(locator, settings), reason('damaged'));
      assert.deepEqual(readdirSync(folder), []);
    }));

  test('and what it does not do is said', () =>
    scene({ wholeOnly: true }, async ({ server, spill, settings, push }) => {
      await push();
      const openImage = (asked: string, signal?: AbortSignal) => openImageFiles(asked, settings, signal);
      const open = (locator: string) => openCheckpoint({ locator, spill }, { openImage });
      await assert.rejects(open(`docker://${server.host}/lab/app:1`), /only as a whole/);
      await assert.rejects(open(`docker://${server.host}/lab/app:none`), reason('not-found'));
    }));
});

test('references are what the specification says', () => {
  assert.deepEqual(parseReference('docker://r.example:5000/a/b_c:1.0'), {
    host: 'r.example:5000',
    name: 'a/b_c',
    tag: '1.0',
  });
  assert.deepEqual(parseReference('docker://[::1]:5000/a'), { host: '[::1]:5000', name: 'a', tag: 'latest' });
  const bad = [
    'a',
    'r.example/A',
    'r.example/../x',
    'r.example/a:b:c',
    'r.example/a@sha256:12',
    'r.example/a b',
    'u:p@r/a',
    '/a',
  ];
  for (const text of bad) assert.throws(() => parseReference(`docker://${text}`), reason('usage'), text);
});
