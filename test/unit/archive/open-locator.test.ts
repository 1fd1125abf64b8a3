import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import zlib from 'node:zlib';
import { detectLayout } from '../../../src/core/archive/layout.ts';
import { openLocator, type OpenedFiles } from '../../../src/core/archive/open-locator.ts';
import type { Progress } from '../../../src/protocol/checkpoint-api.ts';
import { FIXTURES, archiveOf } from '../support/fixtures.ts';
import { END, file, header, tarOf, told } from './tar-support.ts';

let folder = '';
const spill = () => ({ directory: join(folder, 'spill'), limit: 1 << 30 });
const open = (locator: string) => openLocator(locator, { spill: spill() });

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'locator-'));
});
after(() => rm(folder, { recursive: true }));

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function using<T>(opening: Promise<OpenedFiles>, work: (opened: OpenedFiles) => Promise<T>): Promise<T> {
  const opened = await opening;
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

describe('a locator', () => {
  test('may be a path or a file: URI', async () => {
    const path = write('with space #1.tar', readFileSync(archiveOf('podman-counter-none')));
    for (const locator of [path, pathToFileURL(path).href]) {
      await using(open(locator), async ({ files, wrapping, compression, archivePath, archiveSize }) => {
        await files.completed;
        assert.deepEqual([wrapping, compression, archivePath, archiveSize], ['archive', 'none', path, 252_928]);
        assert.equal(files.name, path);
      });
    }
  });

  for (const [name, content, reason, message] of [
    ['empty.tar', '', 'not-a-checkpoint', /empty\.tar is empty\. It holds no checkpoint/],
    ['zeros.tar', Buffer.alloc(10240), 'not-a-checkpoint', /an archive without any files/],
    ['text.tar', 'not a tar '.repeat(200), 'not-a-checkpoint', /is not a tar archive/],
    ['short.tar', 'x', 'not-a-checkpoint', /is not a tar archive/],
    [
      'a.tar.xz',
      Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0]),
      'unsupported',
      /compressed with xz.*with: xz -d/,
    ],
    ['a.tar.bz2', 'BZh91AY&SY', 'unsupported', /compressed with bzip2.*with: bzip2 -d/],
    ['a.tar.gz', zlib.gzipSync('no tar in here'), 'not-a-checkpoint', /is not a tar archive/],
    ['e.tar.gz', zlib.gzipSync(''), 'not-a-checkpoint', /is empty/],
    ['cut.tar.gz', zlib.gzipSync('x').subarray(0, 9), 'damaged', /cut\.tar\.gz is cut off at byte 9, before anything/],
    [
      'bad.tar.zst',
      Buffer.from('28b52ffd24050000ffffffffffffffffffffffff', 'hex'),
      'damaged',
      /The compressed data of .*bad\.tar\.zst is damaged/,
    ],
  ] as const) {
    test(`of ${name} says what is wrong with it`, async () => {
      const path = write(name, content);
      await assert.rejects(open(path), { reason, message });
      await assert.rejects(open(path), { message: new RegExp(name.replaceAll('.', '\\.')) });
    });
  }

  test('of a tar without a checkpoint is opened, and then refused by its layout', async () => {
    const path = write(
      'other.tar',
      await tarOf([
        { name: 'src/main.c', content: 'x' },
        { name: 'checkpoint/model.bin', content: 'x' },
      ]),
    );
    await using(open(path), ({ files }) =>
      assert.rejects(detectLayout(files), {
        reason: 'not-a-checkpoint',
        message: /other\.tar is not a checkpoint: neither CRIU images .* were found in it/,
      }),
    );
  });

  for (const [locator, reason, message] of [
    ['/nowhere/at/all.tar', 'not-found', /There is no file or folder \/nowhere\/at\/all\.tar/],
    ['node://kind/node-a/x.tar', 'unsupported', /is on a node of a cluster\. Download the archive/],
    ['docker://registry:5000/x:1', 'unsupported', /it is in a registry/],
    ['file://elsewhere/x.tar', 'usage', /not the address of a file on this machine/],
    ['/dev/null', 'unsupported', /is a device, not a file/],
  ] as const) {
    test(`such as ${locator} is refused with a reason`, { skip: process.platform === 'win32' }, () =>
      assert.rejects(open(locator), { reason, message }),
    );
  }
});

describe('a compressed archive', () => {
  for (const [name, compression] of [
    ['podman-counter-gzip', 'gzip'],
    ['podman-counter-zstd', 'zstd'],
  ] as const) {
    test(`is told by its bytes: ${compression}`, async () => {
      const path = write(`${compression}.bin`, readFileSync(archiveOf(name)));
      const steps: Progress[] = [];
      const options = { spill: spill(), onProgress: (step: Progress) => void steps.push(step) };
      await using(openLocator(path, options), async (opened) => {
        await opened.files.completed;
        assert.equal(opened.compression, compression);
        assert.equal(opened.archiveSize, readFileSync(path).length);
        assert.ok(opened.files.entries.size > 30);
        assert.deepEqual(steps.at(-1), {
          task: 'read',
          done: opened.archiveSize,
          total: opened.archiveSize,
          finished: true,
        });
      });
    });
  }

  test('cut in half shows what came before, and says where it ends', async () => {
    const whole = readFileSync(archiveOf('podman-redis'));
    const path = write('half.tar.zst', whole.subarray(0, whole.length >> 1));
    await using(open(path), async ({ files }) => {
      await files.completed;
      assert.deepEqual(await detectLayout(files), { engine: 'podman', imagesPrefix: 'checkpoint/' });
      const cut = [...files.entries.values()].filter(({ truncated }) => truncated === true);
      assert.equal(cut.length, 1);
      assert.deepEqual(
        files.notes.map(({ kind }) => kind),
        ['truncated', 'truncated'],
      );
      assert.match(
        told(files.notes)[0] ?? '',
        new RegExp(`half\\.tar\\.zst is cut off: .* at byte ${String(whole.length >> 1)}`),
      );
    });
  });

  test('cancelled while it is decompressed leaves nothing behind', async () => {
    const stop = new AbortController();
    const large = Buffer.concat([file('spec.dump', '{}'), file('pages', Buffer.alloc(64 << 20, 1)), END]);
    const path = write('cancel.tar.gz', zlib.gzipSync(large, { level: 1 }));
    const directory = join(folder, 'cancelled');
    const opened = await openLocator(path, { spill: { directory, limit: 1 << 30 }, signal: stop.signal });
    stop.abort();
    await assert.rejects(opened.files.completed, { reason: 'cancelled' });
    await opened.close();
    assert.deepEqual(await readdir(directory), []);
  });
});

describe('a folder', () => {
  const unpack = (name: string, target: string): string => {
    const into = join(folder, target);
    mkdirSync(into, { recursive: true });
    execFileSync('tar', ['-x', '-f', archiveOf(name), '-C', into]);
    return into;
  };

  test('of images alone is a bare checkpoint', async () => {
    const path = join(unpack('podman-counter-none', 'bare'), 'checkpoint');
    await using(open(path), async ({ files, wrapping, archivePath }) => {
      assert.deepEqual(await detectLayout(files), { engine: 'criu', imagesPrefix: '' });
      assert.deepEqual([wrapping, archivePath], ['folder', undefined]);
      const entry = await files.find('pstree.img');
      assert.ok(entry);
      const source = files.open(entry);
      assert.deepEqual(Buffer.from(await source.read(0, 1000)), readFileSync(join(path, 'pstree.img')));
      await source.close();
    });
  });

  test('of an unpacked archive has its engine', async () => {
    const path = unpack('crio-tty', 'unpacked');
    await using(open(path), async ({ files }) =>
      assert.deepEqual(await detectLayout(files), { engine: 'cri-o', imagesPrefix: 'checkpoint/' }),
    );
  });

  test('of images beside a manifest of somebody else is no container image', async () => {
    const path = join(unpack('podman-counter-none', 'with-manifest'), 'checkpoint');
    writeFileSync(join(path, 'manifest.json'), '{"version":1}');
    assert.equal(await using(open(path), ({ wrapping }) => Promise.resolve(wrapping)), 'folder');
  });

  test('that Docker made is told by its config.json or by its paths in the images', async () => {
    const path = join(unpack('podman-counter-none', 'docker'), 'checkpoint');
    writeFileSync(
      join(path, 'config.json'),
      '{"created":"","name":"c1","tcp":false,"unixSockets":false,"shell":false,"exit":true}',
    );
    await using(open(path), async ({ files }) => assert.equal((await detectLayout(files)).engine, 'docker'));
    rmSync(join(path, 'config.json'));
    writeFileSync(join(path, 'mountpoints-9.img'), `\u0001/var/lib/docker/containers/${'a'.repeat(64)}/hostname\u0002`);
    await using(open(path), async ({ files }) => assert.equal((await detectLayout(files)).engine, 'docker'));
  });

  test('is not left through symbolic links', { skip: process.platform === 'win32' }, async () => {
    const path = join(unpack('podman-counter-none', 'links'), 'checkpoint');
    const secret = write('secret', 'secret');
    symlinkSync(secret, join(path, 'pages-9.img'));
    symlinkSync('../pre-checkpoint', join(path, 'parent'));
    symlinkSync('.', join(path, 'loop'));
    await using(open(path), async ({ files }) => {
      await files.completed;
      assert.deepEqual(
        ['pages-9.img', 'parent', 'loop'].map((name) => [
          files.entries.get(name)?.type,
          files.entries.get(name)?.linkTarget,
        ]),
        [
          ['symlink', secret],
          ['symlink', '../pre-checkpoint'],
          ['symlink', '.'],
        ],
      );
      const link = files.entries.get('pages-9.img');
      assert.ok(link);
      await assert.rejects(files.open(link).read(0, 10), { reason: 'not-found' });
      const images = files.entries.get('pstree.img');
      assert.ok(images);
      rmSync(join(path, 'pstree.img'));
      symlinkSync(secret, join(path, 'pstree.img'));
      await assert.rejects(files.open(images).read(0, 10), { where: 'pstree.img' });
    });
  });

  test('with a file exchanged since it was listed says so', async () => {
    const path = join(unpack('podman-counter-none', 'exchanged'), 'checkpoint');
    await using(open(path), async ({ files }) => {
      const entry = await files.find('pstree.img');
      assert.ok(entry);
      writeFileSync(join(path, 'pstree.img'), 'other');
      await assert.rejects(files.open(entry).read(0, 10), { reason: 'changed', where: 'pstree.img' });
    });
  });

  test('without a checkpoint is refused without a walk through it', () =>
    assert.rejects(open(folder), { reason: 'not-a-checkpoint', message: /The folder .* holds no checkpoint/ }));
});

describe('a container image that holds a checkpoint', () => {
  for (const [name, engine] of [
    ['buildah', 'containerd'],
    ['podman-create-image', 'podman'],
  ] as const) {
    const layout = join(FIXTURES, 'oci', name);

    test(`is opened as a layout, ${name}`, () =>
      using(open(layout), async ({ files, wrapping, compression, archivePath }) => {
        assert.deepEqual([wrapping, compression, archivePath], ['oci-layout', 'gzip', undefined]);
        assert.deepEqual(await detectLayout(files), { engine, imagesPrefix: 'checkpoint/' });
        await files.completed;
        assert.deepEqual(files.notes, []);
      }));

    test(`is opened as an archive, also a compressed one, ${name}`, async () => {
      const archive = execFileSync('tar', ['-c', '-f', '-', '-C', layout, '.']);
      for (const path of [write(`${name}.tar`, archive), write(`${name}.tar.gz`, zlib.gzipSync(archive))]) {
        await using(open(path), async ({ files, wrapping, archivePath }) => {
          assert.deepEqual([wrapping, archivePath], ['oci-archive', path]);
          assert.equal((await detectLayout(files)).engine, engine);
        });
      }
    });
  }

  test('is opened from what docker save wrote before', async () => {
    const layer = readFileSync(archiveOf('podman-counter-none'));
    const image = await tarOf([
      { name: 'abc/layer.tar', content: await tarOf([{ name: 'etc/hosts', content: 'x' }]) },
      { name: 'def/layer.tar', content: layer },
      {
        name: 'manifest.json',
        content: JSON.stringify([{ Config: 'x.json', Layers: ['abc/layer.tar', 'def/layer.tar'] }]),
      },
    ]);
    await using(open(write('saved.tar', image)), async ({ files, wrapping, compression }) => {
      assert.deepEqual([wrapping, compression], ['docker-archive', 'none']);
      assert.equal((await detectLayout(files)).engine, 'podman');
    });
  });

  test('with a blob that is not what its digest says is shown, with a note', async () => {
    const path = join(folder, 'exchanged-layout');
    cpSync(join(FIXTURES, 'oci', 'buildah'), path, { recursive: true });
    const blob = join(path, 'blobs/sha256/427bf300def2558e6cabd921e4233aa4dc78366401b8211428be7e6c7d141a74');
    writeFileSync(blob, zlib.gzipSync(zlib.gunzipSync(readFileSync(blob)), { level: 1 }));
    await using(open(path), async ({ files }) => {
      await files.completed;
      assert.deepEqual(
        files.notes.map(({ kind, where }) => [kind, where]),
        [['damaged', 'blobs/sha256/427bf300def2558e6cabd921e4233aa4dc78366401b8211428be7e6c7d141a74']],
      );
    });
  });

  for (const where of ['folder', 'archive'] as const) {
    test(`whose layer is not compressed is compared with its digest when that is asked for, in a ${where}`, async () => {
      const layer = readFileSync(archiveOf('podman-counter-none'));
      const changed = Buffer.from(layer);
      const digest = sha256(layer);
      const descriptor = (content: string | Buffer) => ({ digest: `sha256:${sha256(content)}`, size: content.length });
      const manifest = JSON.stringify({ schemaVersion: 2, layers: [descriptor(layer)] });
      const index = JSON.stringify({ schemaVersion: 2, manifests: [descriptor(manifest)] });
      // A byte of memory, which nothing else would notice.
      changed[changed.lastIndexOf('counter')] = 0x58;
      for (const content of [layer, changed]) {
        const blobs = [
          { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
          { name: 'index.json', content: index },
          { name: `blobs/sha256/${sha256(manifest)}`, content: manifest },
          { name: `blobs/sha256/${digest}`, content },
        ];
        const path = where === 'archive' ? write('plain-image.tar', await tarOf(blobs)) : join(folder, 'plain-layout');
        if (where === 'folder') for (const blob of blobs) write(`plain-layout/${blob.name}`, blob.content);
        await using(open(path), async ({ files, compression, verify }) => {
          assert.equal(compression, 'none');
          await files.completed;
          assert.deepEqual(files.notes, []);
          assert.equal(await verify?.(), content === changed);
          assert.deepEqual(
            files.notes.map(({ kind, where: place }) => [kind, place]),
            content === changed ? [['damaged', `blobs/sha256/${digest}`]] : [],
          );
          await assert.rejects(async () => verify?.(AbortSignal.abort()));
        });
      }
    });
  }

  test('without a checkpoint, a layer, or a readable index says which', async () => {
    const path = join(folder, 'broken-layout');
    cpSync(join(FIXTURES, 'oci', 'buildah'), path, { recursive: true });
    writeFileSync(join(path, 'index.json'), '{');
    await assert.rejects(open(path), {
      reason: 'damaged',
      message: /index\.json, which describes the image, cannot be read: it is not valid JSON/,
    });
    writeFileSync(join(path, 'index.json'), '{"manifests":[]}');
    await assert.rejects(open(path), { reason: 'not-a-checkpoint', message: /nor a container image that holds one/ });
    const layer = await tarOf([{ name: 'bin/sh', content: 'x' }]);
    const image = await tarOf([
      { name: 'l.tar', content: layer },
      { name: 'manifest.json', content: '[{"Layers":["l.tar","gone.tar"]}]' },
    ]);
    await assert.rejects(open(write('other-image.tar', image)), {
      reason: 'not-a-checkpoint',
      message: /none of its 2 layers holds a checkpoint/,
    });
  });
});

describe('the layout', () => {
  const layoutOf = async (...parts: readonly Buffer[]) =>
    using(open(write('layout.tar', Buffer.concat([...parts, END]))), ({ files }) => detectLayout(files));
  const image = (name: string) => file(name, 'image');
  const spec = (annotations: Readonly<Record<string, string>>) => file('spec.dump', JSON.stringify({ annotations }));

  for (const [what, engine, parts] of [
    ['an annotation of libpod', 'podman', [spec({ 'io.container.manager': 'libpod' })]],
    ['an annotation of CRI-O', 'cri-o', [spec({ 'io.container.manager': 'cri-o' })]],
    ['annotations of containerd', 'containerd', [spec({ 'io.kubernetes.cri.container-type': 'container' })]],
    ['its status.dump', 'containerd', [spec({}), file('status.dump', '{}')]],
    ['its log and mounts', 'cri-o', [file('bind.mounts', '[]')]],
    ['libpod’s long configuration', 'podman', [file('config.dump', '{"createCommand":[]}')]],
    [
      'the runtime of its configuration',
      'containerd',
      [file('spec.dump', 'not json'), file('config.dump', '{"runtime":"io.containerd.runc.v2"}')],
    ],
    ['nothing', 'criu', [spec({ other: 'x' })]],
  ] as const) {
    test(`tells ${engine} by ${what}`, async () =>
      assert.deepEqual(await layoutOf(image('checkpoint/inventory.img'), ...parts), {
        engine,
        imagesPrefix: 'checkpoint/',
      }));
  }

  test('finds the images of a pre-dump, and of a folder that was packed with its name', async () => {
    assert.equal((await layoutOf(image('pre-checkpoint/core-1.img'), spec({}))).imagesPrefix, 'pre-checkpoint/');
    assert.equal((await layoutOf(image('some/dump/inventory.img'))).imagesPrefix, 'some/dump/');
    assert.equal((await layoutOf(image('inventory.img'))).imagesPrefix, '');
  });

  test('takes an archive of an engine without any image for a checkpoint', async () => {
    const directory = header({ name: 'checkpoint/', type: '5' });
    assert.equal((await layoutOf(spec({ 'io.container.manager': 'libpod' }), directory)).engine, 'podman');
    assert.equal(
      (await layoutOf(spec({ 'io.container.manager': 'libpod' }), file('config.dump', '{}'))).engine,
      'podman',
    );
  });

  test('is known of a compressed archive before all of it is there', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { decompressing } = await import('./slow-source.ts');
    const files = decompressing([spec({ 'io.container.manager': 'libpod' }), image('checkpoint/inventory.img')], gate, [
      file('rest', 'x'),
      END,
    ]);
    assert.deepEqual(await detectLayout(files), { engine: 'podman', imagesPrefix: 'checkpoint/' });
    assert.equal(files.complete, false);
    release();
    await files.completed;
    assert.ok(files.entries.has('rest'));
    await files.close();
  });
});
