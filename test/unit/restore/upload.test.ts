import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseReference } from '../../../src/core/restore/registry/reference.ts';
import { UploadPlaces } from '../../../src/core/restore/registry/upload-places.ts';
import { Registry } from '../../../src/core/restore/registry/registry.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { archive, digest, reason, scene, type Scene } from './registry-scene.ts';

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
