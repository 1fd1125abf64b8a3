/** The distribution's own registry, where the machine has it: with TLS and passwords, and with an upload that breaks off. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as forward, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { openImageArchive } from '../../../src/core/restore/registry/image-archive.ts';
import { pullArchive } from '../../../src/core/restore/registry/pull.ts';
import { pushImage, type PushOptions } from '../../../src/core/restore/registry/push.ts';
import { parseReference } from '../../../src/core/restore/registry/reference.ts';
import { Registry, type RegistrySettings } from '../../../src/core/restore/registry/registry.ts';
import { UploadPlaces } from '../../../src/core/restore/registry/upload-places.ts';
import { say } from '../../../src/protocol/sentence.ts';
import type { SpillSettings } from '../../../src/protocol/checkpoint-api.ts';
import { startRealRegistry, type RealOptions, type TestRegistry } from '../../registry/real-registry.ts';
import { archive, authority, digest, reason } from './registry-scene.ts';
import { inFolder, withCheckpoint } from './support.ts';

/** Of `sesame-open`, with bcrypt: the only form that it takes. */
const PASSWORDS = 'ada:$2y$04$abcdefghijklmnopqrstuuR0KC3k3.wb6.D.0bk8fdpTS7zapWW8a\n';

type Options = Omit<PushOptions, 'spill'>;

interface Scene {
  readonly registry: TestRegistry;
  readonly folder: string;
  readonly spill: SpillSettings;
}

async function scene(context: TestContext, options: RealOptions, use: (scene: Scene) => Promise<void>): Promise<void> {
  const registry = await startRealRegistry(options);
  if (!registry) {
    context.skip('docker-registry is not installed');
    return;
  }
  try {
    await inFolder((folder, spill) => use({ registry, folder, spill }));
  } finally {
    await registry.stop();
  }
}

async function push(
  locator: string,
  spill: SpillSettings,
  settings: RegistrySettings,
  options: Options = {},
): Promise<string> {
  const registry = new Registry(parseReference(locator), { ...settings, push: true });
  try {
    const { layer } = await withCheckpoint(archive, spill, (checkpoint) =>
      pushImage(checkpoint, registry, { spill, pause: 1, ...options }),
    );
    return layer;
  } finally {
    registry.close();
  }
}

test('an image is pushed, opened where it is and pulled, with a password and an authority of its own', (context) =>
  scene(context, { authority, passwords: PASSWORDS }, async ({ registry, folder, spill }) => {
    const locator = `docker://${registry.host}/lab/app:1`;
    const file = join(folder, 'auth.json');
    const logIn = (password: string): void => {
      const auth = Buffer.from(`ada:${password}`).toString('base64');
      writeFileSync(file, JSON.stringify({ auths: { [registry.host]: { auth } } }));
    };
    const settings = { ca: Buffer.from(authority.certificate), credentialsFile: file, environment: { HOME: folder } };
    logIn('sesame-closed');
    await assert.rejects(push(locator, spill, settings), /refuses the credentials that .*auth\.json has for it/);
    logIn('sesame-open');
    await assert.rejects(push(locator, spill, { ...settings, ca: undefined }), reason('tls'));
    assert.equal(await push(locator, spill, settings), 'sent');
    assert.equal(await push(locator, spill, settings), 'there');
    assert.deepEqual(registry.blob(digest), readFileSync(archive));
    const checkpoint = await openCheckpoint(
      { locator, spill },
      { openRemote: (remote, signal) => openImageArchive(remote, settings, signal) },
    );
    assert.ok((await checkpoint.processes()).length > 0);
    await checkpoint.close();
    await pullArchive(locator, join(folder, 'pulled.tar'), settings);
    assert.deepEqual(readFileSync(join(folder, 'pulled.tar')), readFileSync(archive));
  }));

/** A proxy that passes on a request when all of it has come, as most do; one piece of a blob it drops with its connection. */
async function behindProxy(
  host: string,
  drops: number,
  use: (proxy: { readonly host: string; readonly sent: () => number }) => Promise<void>,
): Promise<void> {
  let [pieces, sent] = [0, 0];
  const server = createServer((asked, answer) => {
    void bodyOf(asked).then((body) => {
      if (!body) return;
      if (asked.method === 'PATCH' && ++pieces === drops) {
        asked.socket.destroy();
        return;
      }
      if (asked.method === 'PATCH') sent += body.length;
      const { method, url: path, headers } = asked;
      const [name, port] = host.split(':');
      forward({ host: name, port, method, path, headers }, (given) => {
        answer.writeHead(given.statusCode ?? 0, given.headers);
        given.pipe(answer);
      }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use({ host: `127.0.0.1:${String((server.address() as AddressInfo).port)}`, sent: () => sent });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function bodyOf(asked: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  try {
    for await (const part of asked as AsyncIterable<Buffer>) parts.push(part);
    return Buffer.concat(parts);
  } catch {
    return undefined;
  }
}

const CHUNK = 100_000;

test('an upload that breaks off between two pieces goes on there, at once and when it is taken up again', (context) =>
  scene(context, {}, ({ registry, folder, spill }) =>
    behindProxy(registry.host, 3, async ({ host, sent }) => {
      const places = new UploadPlaces(join(folder, 'uploads'));
      const said: string[] = [];
      const options: Options = { chunk: CHUNK, places, onAnew: (why) => void said.push(say(why)) };
      const settings = { environment: { HOME: folder } };
      const giving = new AbortController();
      const onProgress: PushOptions['onProgress'] = (step, done) => {
        if (step === 'sending' && done >= 4 * CHUNK && sent() >= 4 * CHUNK) giving.abort();
      };
      const signal = giving.signal;
      await assert.rejects(push(`docker://${host}/lab/app:1`, spill, settings, { ...options, signal, onProgress }), {
        reason: 'cancelled',
      });
      assert.deepEqual(said, [], 'the piece that was dropped was no end');
      const before = sent();
      assert.equal(await push(`docker://${host}/lab/app:1`, spill, settings, options), 'sent');
      assert.deepEqual(registry.blob(digest), readFileSync(archive));
      assert.deepEqual(said, []);
      const whole = readFileSync(archive).length;
      assert.ok(
        sent() < whole + CHUNK,
        `${String(before)} and then ${String(sent())} of ${String(whole)} bytes were sent`,
      );
    }),
  ));

test('an upload that breaks off within a piece arrives all the same', (context) =>
  scene(context, {}, async ({ registry, folder, spill }) => {
    const settings = { environment: { HOME: folder } };
    const places = new UploadPlaces(join(folder, 'uploads'));
    const giving = new AbortController();
    const onProgress: PushOptions['onProgress'] = (step, done) => {
      if (step === 'sending' && done > 0) giving.abort();
    };
    const locator = `docker://${registry.host}/lab/app:1`;
    await assert.rejects(push(locator, spill, settings, { places, signal: giving.signal, onProgress }), {
      reason: 'cancelled',
    });
    await push(locator, spill, settings, { places });
    assert.deepEqual(registry.blob(digest), readFileSync(archive));
  }));
