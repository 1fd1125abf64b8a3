import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { TarHeader, classifyBlock } from '../../../src/core/archive/tar-header.ts';
import type { Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { annotationsOf } from '../../../src/core/restore/image/annotations.ts';
import { LayoutArchive } from '../../../src/core/restore/image/layout-archive.ts';
import { LayoutFolder } from '../../../src/core/restore/image/layout-folder.ts';
import { tarHeader } from '../../../src/core/archive/tar-member.ts';
import { writeImage, type ImageTarget } from '../../../src/core/restore/image/write-image.ts';
import type { SpillSettings } from '../../../src/protocol/checkpoint-api.ts';
import type { Overview } from '../../../src/protocol/overview.ts';
import { archiveOf, archives } from '../support/fixtures.ts';
import { inFolder, withCheckpoint } from './support.ts';

interface Manifest {
  readonly mediaType: string;
  readonly config: { readonly digest: string; readonly size: number };
  readonly layers: readonly { readonly digest: string; readonly size: number; readonly mediaType: string }[];
  readonly annotations: Readonly<Record<string, string>>;
}

describe('a layout made of an archive', () => {
  for (const name of archives) {
    test(name, () =>
      inFolder(async (folder, spill) => {
        const archive = archiveOf(name);
        const target = join(folder, 'image');
        const before = await withCheckpoint(archive, spill, async (checkpoint) => {
          await writeImage(checkpoint, LayoutFolder, target, { tag: 'latest', spill });
          return checkpoint.overview();
        });
        const { manifest, config } = readLayout(target);

        const [layer] = manifest.layers;
        const stored = readFileSync(archive);
        assert.equal(manifest.layers.length, 1);
        assert.equal(layer?.digest, digest(stored));
        assert.equal(layer.size, stored.length);
        const [mediaType, tar] = archive.endsWith('.gz')
          ? ['application/vnd.oci.image.layer.v1.tar+gzip', gunzipSync(stored)]
          : archive.endsWith('.zst')
            ? ['application/vnd.oci.image.layer.v1.tar+zstd', zstdDecompressSync(stored)]
            : ['application/vnd.oci.image.layer.v1.tar', stored];
        assert.equal(layer.mediaType, mediaType);
        assert.deepEqual(config.rootfs, { type: 'layers', diff_ids: [digest(tar)] });
        assert.equal(config.os, 'linux');
        assert.equal(config.architecture, 'amd64');

        const container = before.container.name;
        assert.ok(container !== undefined && container !== '');
        assert.equal(manifest.annotations['org.criu.checkpoint.container.name'], container);
        assert.equal(manifest.annotations['io.kubernetes.cri-o.annotations.checkpoint.name'], container);
        assert.equal(manifest.annotations['io.podman.annotations.checkpoint.name'], container);
        assert.match(manifest.annotations['io.podman.annotations.checkpoint.runtime.name'] ?? '', /^(?:runc|crun)$/);

        const after = await withCheckpoint(target, spill, (checkpoint) => checkpoint.overview());
        assert.equal(after.wrapping, 'oci-layout');
        assert.deepEqual([after.container, after.pod, after.image], [before.container, before.pod, before.image]);
        assert.deepEqual(readdirSync(folder), ['image']);
      }),
    );
  }
});

describe('an oci-archive', () => {
  test('is a tar of the same image, the same each time', () =>
    inFolder(async (folder, spill) => {
      const archive = archiveOf('crio-rich');
      const [one, two, layout] = [join(folder, 'one.tar'), join(folder, 'two.tar'), join(folder, 'layout')];
      const made = await withCheckpoint(archive, spill, async (checkpoint) => {
        const images = [await write(checkpoint, LayoutArchive, one, spill)];
        images.push(await write(checkpoint, LayoutArchive, two, spill));
        images.push(await write(checkpoint, LayoutFolder, layout, spill));
        return images.map(({ manifest }) => manifest.digest);
      });
      assert.deepEqual(readFileSync(one), readFileSync(two));
      assert.deepEqual(made, [made[0], made[0], made[0]]);
      const opened = await withCheckpoint(one, spill, async (checkpoint) => {
        const stored = await checkpoint.openArchive();
        assert.equal(digest(await stored.read(0, stored.size ?? 0)), digest(readFileSync(archive)));
        return checkpoint.overview();
      });
      assert.equal(opened.wrapping, 'oci-archive');
      assert.equal(opened.container.name, 'app');
      if (process.platform !== 'win32') assert.equal(statSync(one).mode & 0o777, 0o600);
    }));

  test('is made anew of an image as it is of the archive in it', () =>
    inFolder(async (folder, spill) => {
      const digests = await withCheckpoint(archiveOf('containerd-redis'), spill, async (checkpoint) => [
        (await write(checkpoint, LayoutArchive, join(folder, 'one.tar'), spill)).manifest.digest,
      ]);
      await withCheckpoint(join(folder, 'one.tar'), spill, async (checkpoint) => {
        digests.push((await write(checkpoint, LayoutFolder, join(folder, 'two'), spill)).manifest.digest);
      });
      assert.equal(digests[0], digests[1]);
    }));

  test('has a header that readers of tar take for one, beyond 8 GiB, too', () => {
    for (const size of [0, 1, 0o77777777777, 0o100000000000, 5 * 1024 ** 4]) {
      const header = tarHeader('blobs/sha256/x', size);
      assert.equal(classifyBlock(header), 'header');
      assert.equal(new TarHeader(header).size, size);
      assert.equal(new TarHeader(header).nameText, 'blobs/sha256/x');
    }
  });
});

describe('nothing stays of an image', () => {
  for (const [kind, target] of [
    ['layout', LayoutFolder],
    ['archive', LayoutArchive],
  ] as const) {
    test(`whose archive cannot be unpacked (${kind})`, () =>
      inFolder(async (folder, spill) => {
        const cut = join(folder, 'cut.tar.gz');
        const whole = readFileSync(archiveOf('podman-counter-gzip'));
        writeFileSync(cut, whole.subarray(0, whole.length - 40));
        await withCheckpoint(cut, spill, (checkpoint) =>
          assert.rejects(write(checkpoint, target, join(folder, 'image'), spill), reason('damaged')),
        );
        assert.deepEqual(readdirSync(folder), ['cut.tar.gz']);
      }));

    test(`that is cancelled half way (${kind})`, () =>
      inFolder(async (folder, spill) => {
        const stop = new AbortController();
        await withCheckpoint(archiveOf('crio-rich'), spill, (checkpoint) =>
          assert.rejects(
            writeImage(checkpoint, target, join(folder, 'image'), {
              tag: 'x',
              spill,
              signal: stop.signal,
              onProgress: () => stop.abort(),
            }),
            reason('cancelled'),
          ),
        );
        assert.deepEqual(readdirSync(folder), []);
      }));

    test(`whose name is taken, and what has it stays (${kind})`, () =>
      inFolder(async (folder, spill) => {
        const taken = join(folder, 'image');
        if (kind === 'archive') writeFileSync(taken, 'mine');
        else {
          mkdirSync(taken);
          writeFileSync(join(taken, 'file'), 'mine');
        }
        await withCheckpoint(archiveOf('crio-tty'), spill, (checkpoint) =>
          assert.rejects(write(checkpoint, target, taken, spill), reason('exists')),
        );
        assert.deepEqual(readdirSync(folder), ['image']);
        assert.equal(readFileSync(kind === 'archive' ? taken : join(taken, 'file'), 'utf8'), 'mine');
      }));
  }
});

test('an empty folder makes room for a layout', () =>
  inFolder(async (folder, spill) => {
    mkdirSync(join(folder, 'image'));
    await withCheckpoint(archiveOf('crio-tty'), spill, (checkpoint) =>
      write(checkpoint, LayoutFolder, join(folder, 'image'), spill),
    );
    assert.ok(readdirSync(join(folder, 'image')).includes('index.json'));
  }));

test('a name that no engine wrote does not become an annotation, and an odd one stays what it is', () => {
  const overview = (name: string): Overview =>
    ({ engine: 'cri-o', container: { name }, criu: {}, image: { name: 'x' } }) as unknown as Overview;
  const odd = '"},"devices":["/dev/sda"]\n\u0000${IFS}';
  assert.equal(annotationsOf(overview(odd))['org.criu.checkpoint.container.name'], odd);
  assert.deepEqual(
    Object.keys(annotationsOf(overview('x'.repeat(2000)))).filter((key) => key.endsWith('.name')),
    ['org.criu.checkpoint.engine.name'],
  );
});

function write(checkpoint: Checkpoint, target: ImageTarget, path: string, spill: SpillSettings) {
  return writeImage(checkpoint, target, path, { tag: 'latest', spill });
}

/** Reads a layout as the specification says, every digest and size checked. */
function readLayout(folder: string): {
  manifest: Manifest;
  config: { rootfs: unknown; os: string; architecture: string };
} {
  const blob = (of: { digest: string; size: number }): unknown => {
    const bytes = readFileSync(join(folder, 'blobs', of.digest.replace(':', '/')));
    assert.equal(digest(bytes), of.digest);
    assert.equal(bytes.length, of.size);
    return JSON.parse(bytes.toString('utf8')) as unknown;
  };
  assert.deepEqual(JSON.parse(readFileSync(join(folder, 'oci-layout'), 'utf8')), { imageLayoutVersion: '1.0.0' });
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {
    manifests: { digest: string; size: number }[];
  };
  assert.equal(index.manifests.length, 1);
  const manifest = blob(index.manifests[0] ?? { digest: '', size: 0 }) as Manifest;
  for (const layer of manifest.layers) {
    assert.equal(digest(readFileSync(join(folder, 'blobs', layer.digest.replace(':', '/')))), layer.digest);
  }
  return { manifest, config: blob(manifest.config) as ReturnType<typeof readLayout>['config'] };
}

function digest(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function reason(expected: string): (error: unknown) => boolean {
  return (error) => error instanceof CheckpointError && error.reason === expected;
}
