import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { openImageArchive } from '../../../src/core/restore/registry/image-archive.ts';
import { openImageFiles } from '../../../src/core/restore/registry/image-files.ts';
import { pullArchive } from '../../../src/core/restore/registry/pull.ts';
import { pushImage, type PushOptions, type Pushed } from '../../../src/core/restore/registry/push.ts';
import { parseReference } from '../../../src/core/restore/registry/reference.ts';
import { UploadPlaces } from '../../../src/core/restore/registry/upload-places.ts';
import { Registry, type RegistrySettings } from '../../../src/core/restore/registry/registry.ts';
import type { SpillSettings } from '../../../src/protocol/checkpoint-api.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { Authority } from '../../cluster/certificates.ts';
import { digestOf, RegistryServer, type RegistryServerOptions } from '../../registry/registry-server.ts';
import { archiveOf } from '../support/fixtures.ts';
import { inFolder, withCheckpoint } from './support.ts';

const authority = new Authority('registry test');
const PASSWORD = 'a-password-nobody-may-see';
const archive = archiveOf('crio-rich');
const digest = digestOf(readFileSync(archive));

interface Scene {
  readonly server: RegistryServer;
  readonly folder: string;
  readonly spill: SpillSettings;
  readonly settings: RegistrySettings;
  readonly push: (name?: string, options?: Partial<PushOptions>, settings?: RegistrySettings) => Promise<Pushed>;
}

/** A registry with TLS, and nobody's credentials but those of the test. */
async function scene(options: RegistryServerOptions, use: (scene: Scene) => Promise<void>): Promise<void> {
  const server = await new RegistryServer({ authority, username: 'ada', password: PASSWORD, ...options }).start();
  try {
    await inFolder(async (folder, spill) => {
      const environment = { HOME: folder, PATH: process.env['PATH'] };
      const settings = { ca: Buffer.from(authority.certificate), environment };
      const push: Scene['push'] = async (name = 'lab/app:1', given = {}, other = settings) => {
        const registry = new Registry(parseReference(`docker://${server.host}/${name}`), { ...other, push: true });
        try {
          return await withCheckpoint(archive, spill, (checkpoint) =>
            pushImage(checkpoint, registry, { spill, pause: 1, ...given }),
          );
        } finally {
          registry.close();
        }
      };
      await use({ server, folder, spill, settings, push });
    });
  } finally {
    await server.stop();
  }
}

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

describe('an upload that breaks off', () => {
  for (const keeps of ['all', 'nothing', 'forgets'] as const) {
    test(`goes on where the registry keeps ${keeps}`, () =>
      scene({ cutAfter: 150_000, keeps }, async ({ server, push }) => {
        await push();
        assert.deepEqual(server.blobs.get(digest), readFileSync(archive));
        const sizes = server.seen.filter(({ method }) => method === 'PATCH').map(({ length }) => length);
        const whole = readFileSync(archive).length;
        assert.equal(sizes[0], whole);
        if (keeps === 'all') assert.ok((sizes[1] ?? whole) < whole - 100_000, 'what was kept is not sent again');
        else assert.equal(sizes[1], whole);
      }));
  }

  test('goes on after the last piece that arrived, where a place is good for no more than that', () =>
    scene({ cutAfter: 150_000, keeps: 'nothing', strict: true }, async ({ server, push }) => {
      const said: string[] = [];
      await push('lab/app:1', { chunk: 60_000, onAnew: (why) => void said.push(say(why)) });
      assert.deepEqual(server.blobs.get(digest), readFileSync(archive));
      assert.deepEqual(said, []);
      const sent = server.seen.filter(({ method }) => method === 'PATCH').reduce((sum, { length }) => sum + length, 0);
      assert.ok(sent < readFileSync(archive).length + 100_000, `${String(sent)} bytes were sent`);
    }));

  test('begins anew where the registry does not go on with it, and says so', () =>
    scene({ cutAfter: 150_000, strict: true }, async ({ server, push }) => {
      const said: string[] = [];
      await push('lab/app:1', { onAnew: (why) => void said.push(say(why)) });
      assert.deepEqual(server.blobs.get(digest), readFileSync(archive));
      assert.equal(said.length, 1);
      assert.match(said[0] ?? '', /does not go on with what it has .* all is sent again/);
    }));

  test('ends when it is cancelled', () =>
    scene({}, async ({ server, push }) => {
      const stop = new AbortController();
      const onProgress = (step: string): void => {
        if (step === 'sending') stop.abort();
      };
      await assert.rejects(push('lab/app:1', { signal: stop.signal, onProgress, chunk: 50_000 }), reason('cancelled'));
      assert.equal(server.manifests.size, 0);
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

describe('an upload that was given up', () => {
  const CUT = 200_000;

  /** Pushes until some of the archive is there, and cancels. */
  async function giveUp({ server, push }: Scene, places: UploadPlaces): Promise<void> {
    const giving = new AbortController();
    const pushing = push('lab/app:1', { places, signal: giving.signal });
    for (let look = 0; look < 500 && server.stalled < CUT; look++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    giving.abort();
    await assert.rejects(pushing, reason('cancelled'));
  }

  for (const [how, reopened] of [
    ['', (places: UploadPlaces) => places],
    [', also of a process that has ended', (_: UploadPlaces, file: string) => new UploadPlaces(file)],
  ] as const)
    test(`goes on where it was${how}`, () =>
      scene({ stallAfter: CUT }, async (scene) => {
        const { server, push, folder } = scene;
        const file = join(folder, 'private', 'uploads');
        const places = new UploadPlaces(file);
        await giveUp(scene, places);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        const steps: number[] = [];
        const { layer } = await push('lab/app:1', {
          places: reopened(places, file),
          onProgress: (step, done) => void (step === 'sending' && steps.push(done)),
        });
        assert.equal(layer, 'sent');
        assert.ok((steps[0] ?? 0) >= CUT, `it began at ${String(steps[0])}`);
        assert.deepEqual(server.blobs.get(digest), readFileSync(archive));
        const sent = server.seen.filter(({ method, length }) => method === 'PATCH' && length > CUT);
        assert.ok(sent.at(-1)?.length === readFileSync(archive).length - (steps[0] ?? 0));
      }));

  test('goes on after the last piece in another process, where a place is good for no more than that', () =>
    scene({ stallAfter: CUT, keeps: 'nothing', strict: true }, async ({ server, push, folder }) => {
      const file = join(folder, 'uploads');
      const giving = new AbortController();
      const pushing = push('lab/app:1', { places: new UploadPlaces(file), chunk: 60_000, signal: giving.signal });
      for (let look = 0; look < 500 && server.stalled < CUT; look++) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      giving.abort();
      await assert.rejects(pushing, reason('cancelled'));
      const steps: number[] = [];
      await push('lab/app:1', {
        places: new UploadPlaces(file),
        onProgress: (step, done) => void (step === 'sending' && steps.push(done)),
      });
      assert.equal(steps[0], 180_000);
      assert.deepEqual(server.blobs.get(digest), readFileSync(archive));
    }));

  test('is left alone while somebody else sends it, and taken over from who was killed', () =>
    scene({}, async ({ server, folder, settings }) => {
      const registry = new Registry(parseReference(`docker://${server.host}/lab/app:1`), { ...settings, push: true });
      const file = join(folder, 'uploads');
      const [one, other] = [new UploadPlaces(file), new UploadPlaces(file)];
      const place = new URL(`https://${server.host}/v2/lab/app/blobs/uploads/1`);
      await one.hold(registry, digest, place);
      assert.equal(await other.take(registry, digest), undefined);
      // A process of that id has started later.
      writeFileSync(file, readFileSync(file, 'utf8').replace(/"sender":"(\d+)-\d+-/, '"sender":"$1-1-'));
      assert.equal((await other.take(registry, digest))?.href, place.href);
      await other.hold(registry, digest, place);
      await other.release(registry, digest);
      assert.equal((await one.take(registry, digest))?.href, place.href);
      await one.drop(registry, digest);
      assert.equal(await other.take(registry, digest), undefined);
      registry.close();
    }));

  test('costs nothing but the way where what was kept of it is nonsense', () =>
    scene({}, async ({ server, folder, settings, push }) => {
      const registry = new Registry(parseReference(`docker://${server.host}/lab/app:1`), { ...settings, push: true });
      const file = join(folder, 'uploads');
      const key = `${server.host}/lab/app@${digest}`;
      const [kept, sender] = [Date.now(), ''];
      for (const content of [
        '{',
        'null',
        '[[1, null]]',
        JSON.stringify([[key, null]]),
        JSON.stringify([[key, { url: 'file:///etc/passwd', kept, sender }]]),
        JSON.stringify([[key, { url: 'https://a', kept: kept - 30 * 24 * 3600_000, sender }]]),
        ' '.repeat(2 ** 21),
      ]) {
        writeFileSync(file, content);
        assert.equal(await new UploadPlaces(file).take(registry, digest), undefined, content.slice(0, 80));
      }
      registry.close();
      assert.equal((await push('lab/app:1', { places: new UploadPlaces(file) })).layer, 'sent');
      // A folder in its place cannot be written to.
      assert.equal((await push('lab/two:1', { places: new UploadPlaces(folder) })).layer, 'sent');
    }));

  test('begins anew where the registry has forgotten it', () =>
    scene({ stallAfter: CUT, keeps: 'forgets' }, async (scene) => {
      const places = new UploadPlaces();
      await giveUp(scene, places);
      await scene.push('lab/app:1', { places });
      assert.deepEqual(scene.server.blobs.get(digest), readFileSync(archive));
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

function reason(expected: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof CheckpointError, String(error));
    assert.equal(error.reason, expected, error.message);
    return true;
  };
}
