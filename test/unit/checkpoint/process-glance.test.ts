import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Entry } from '../../../src/core/archive/file-set.ts';
import type { ByteSource } from '../../../src/core/bytes/byte-source.ts';
import { Notebook } from '../../../src/core/checkpoint/notebook.ts';
import { ProcessGlancer } from '../../../src/core/checkpoint/process-glance.ts';
import { Processes } from '../../../src/core/checkpoint/processes.ts';
import { ImageDirectory } from '../../../src/core/criu/image-directory.ts';
import type { Note } from '../../../src/protocol/note.ts';
import type { ProcessFacts } from '../../../src/protocol/processes.ts';
import { fixtureFolders, MemoryFileSet, openFixture } from '../criu/memory-file-set.ts';

/** The same files with their bytes at hand: only then are processes glanced at. */
class FilesAtHand extends MemoryFileSet {
  override open(entry: Entry): ByteSource {
    const source = super.open(entry);
    const content = this.content(entry.path);
    return Object.assign(source, {
      readNow: (offset: number, length: number) => content.subarray(offset, offset + length),
      fillNow: (target: Uint8Array, offset: number) => {
        const part = content.subarray(offset, offset + target.length);
        target.set(part);
        return part.length;
      },
    });
  }
}

suite('processes glanced at', () => {
  for (const folder of fixtureFolders) {
    test(`are those of the decoded images: ${folder}`, async () => {
      const files = await openFixture(folder);
      assert.deepEqual(await answers(atHand(files)), await answers(files));
    });
  }

  test('are nearly all of today’s', async () => {
    for (const folder of ['podman-webapp-host', 'podman-manyprocs', 'crio-counter', 'containerd-counter']) {
      if (!fixtureFolders.includes(folder)) continue;
      const images = new ImageDirectory(atHand(await openFixture(folder)), 'checkpoint/');
      const glancer = new ProcessGlancer(images);
      const tree = await new Processes(images, new Notebook()).tree();
      for (const entry of tree) assert.ok(glancer.glance(entry), `${folder}: process ${entry.pid}`);
    }
  });

  test('are left to the careful way wherever something is wrong', async () => {
    const files = await openFixture('podman-counter-none');
    const names = /\/(core|mm|fs|ids|pagemap|pages|files|pstree|remap-fpath)(-\d+)?\.img$/;
    let told = 0;
    for (const path of [...files.entries.keys()].filter((name) => names.test(name))) {
      for (const changed of damages(files.content(path))) {
        const set = atHand(files).add(path, changed);
        const careful = new MemoryFileSet();
        for (const name of set.entries.keys()) careful.add(name, set.content(name), set.entries.get(name));
        const expected = await answers(careful);
        if (expected.notes.length > 0) told++;
        assert.deepEqual(await answers(set), expected, path);
      }
    }
    assert.ok(told > 50, `${told} damages were told`);
  });

  test('have arguments whose first bytes look like a mark of their order', async () => {
    const files = await openFixture('podman-counter-none');
    const [process] = (await answers(files)).processes;
    const pages = Buffer.from(files.content('checkpoint/pages-1.img'));
    const at = pages.indexOf(`${process?.arguments?.join('\0') ?? ''}\0`);
    assert.ok(at >= 0);
    const changed = new Uint8Array(pages);
    changed.set([0xef, 0xbb, 0xbf], at);
    for (const set of [files.add('checkpoint/pages-1.img', changed), atHand(files)]) {
      const [first] = (await answers(set)).processes;
      assert.match(first?.arguments?.join('\0') ?? '', /^\uFEFF/);
    }
  });
});

function atHand(files: MemoryFileSet): FilesAtHand {
  const set = new FilesAtHand();
  for (const [path, entry] of files.entries) set.add(path, files.content(path), entry);
  return set;
}

async function answers(files: MemoryFileSet): Promise<{
  readonly processes: readonly ProcessFacts[];
  readonly pageSize: unknown;
  readonly notes: readonly Note[];
}> {
  const prefix = files.entries.has('checkpoint/pstree.img') ? 'checkpoint/' : '';
  const images = new ImageDirectory(files, prefix);
  const notebook = new Notebook();
  const processes = new Processes(images, notebook);
  const list = await processes.list();
  notebook.add(...images.notes);
  return { processes: list, pageSize: await processes.pageSize(), notes: notebook.list() };
}

/** Some dozens of ways, whatever the size. */
function* damages(bytes: Uint8Array): Generator<Uint8Array> {
  const step = Math.max(1, Math.floor(bytes.length / 12));
  for (let at = 0; at < bytes.length; at += step) {
    for (const flip of [0x01, 0x80]) {
      const changed = new Uint8Array(bytes);
      changed[at] = (bytes[at] as number) ^ flip;
      yield changed;
    }
  }
  yield new Uint8Array();
  yield new Uint8Array(bytes.subarray(0, bytes.length >> 1));
}
