import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Note } from '../../../src/protocol/note.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { bytes, uint32, varint } from '../criu/build-image.ts';
import { askEverything } from '../support/ask.ts';
import { archiveOf } from '../support/fixtures.ts';
import { members, repack, writeTar } from '../support/repack.ts';

const sound = archiveOf('podman-counter-none');
let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoint-damage-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const ask = (path: string) => askEverything(path, join(folder, 'spill'));

async function failure(path: string): Promise<CheckpointError> {
  const error: unknown = await ask(path).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CheckpointError, `${path} opened, or failed with ${String(error)}`);
  return error;
}

/** Notes at a place, of a kind. */
function at(notes: readonly Note[], where: string, ...kinds: Note['kind'][]): readonly Note[] {
  return notes.filter((note) => note.where === where && (kinds.length === 0 || kinds.includes(note.kind)));
}

/** What is said of damage at a place, sorted. */
function said(notes: readonly Note[], where: string): readonly string[] {
  return at(notes, where, 'damaged')
    .map(({ text }) => say(text))
    .sort();
}

describe('what is no checkpoint is said in one sentence', () => {
  test('an empty file', async () => {
    writeFileSync(join(folder, 'empty.tar'), '');
    const error = await failure(join(folder, 'empty.tar'));
    assert.equal(error.reason, 'not-a-checkpoint');
    assert.match(error.message, /empty\.tar/);
  });

  test('a tar of other things', async () => {
    await writeTar(join(folder, 'other.tar'), [{ header: { name: 'readme.txt' }, content: Buffer.from('hello') }]);
    const error = await failure(join(folder, 'other.tar'));
    assert.equal(error.reason, 'not-a-checkpoint');
    assert.match(error.message, /other\.tar/);
  });

  test('a tar of other things that is cut off, with where', async () => {
    const path = join(folder, 'other-cut.tar');
    await writeTar(path, [{ header: { name: 'readme.txt' }, content: Buffer.alloc(5000, 'x') }]);
    truncateSync(path, 3000);
    assert.match((await failure(path)).message, /damaged at byte \d/);
  });

  test('a file that is no archive', async () => {
    writeFileSync(join(folder, 'text.tar'), 'this is just text\n'.repeat(500));
    assert.equal((await failure(join(folder, 'text.tar'))).reason, 'not-a-checkpoint');
  });

  test('a file that does not exist', async () => {
    assert.equal((await failure(join(folder, 'nowhere.tar'))).reason, 'not-found');
  });
});

describe('a damaged part leaves the rest to be seen', () => {
  test('every image, with one byte flipped in its head', async () => {
    const names = (await members(sound))
      .map(({ header }) => header.name)
      .filter((name) => /\.img$|stats-dump$/.test(name) && !/pages-|tmpfs/.test(name));
    for (const name of names) {
      const path = join(folder, 'flipped.tar');
      await repack(sound, path, (member, own) => {
        if (own !== name) return member.content;
        const bytes = Buffer.from(member.content);
        bytes[4] = (bytes[4] ?? 0) ^ 0x40;
        return bytes;
      });
      const { notes, overview } = await ask(path);
      assert.equal(overview.container.name, 'counter-none');
      // Images that no question of these needs are not read, and so nothing is said of them.
      const read = /inventory|pstree|core|mm-|pagemap|fs-|files|mountpoints|utsns|ids|stats/.test(name);
      if (read)
        assert.ok(
          notes.some((note) => note.where.endsWith(name)),
          `nothing is said of ${name}`,
        );
    }
  });

  test('an archive that ends in the middle', async () => {
    const path = join(folder, 'cut.tar');
    writeFileSync(path, readFileSync(sound).subarray(0, 140_000));
    const { notes, processes, overview } = await ask(path);
    assert.equal(overview.container.name, 'counter-none');
    assert.ok(notes.some((note) => note.kind === 'truncated'));
    assert.deepEqual(processes, []);
    assert.ok(overview.completeness.some((fact) => fact.part === 'images' && fact.state === 'missing'));
    // What would have come later was not left out by whoever made it, as far as anybody can tell.
    const later = overview.completeness.filter(({ part }) => ['rootfs-diff', 'dump-log'].includes(part));
    for (const { part, state, text } of later) {
      assert.equal(state, 'missing', part);
      assert.match(say(text), /ends too early: it may have been in the part that is gone/, part);
    }
    assert.equal(later.length, 2);
    assert.equal(
      overview.completeness.some(({ state }) => state === 'left-out'),
      false,
    );
    const whole = await ask(sound);
    assert.equal(whole.overview.completeness.find(({ part }) => part === 'dump-log')?.state, 'left-out');
  });

  test('an image that is no file, and one that a later entry hides', async () => {
    const path = join(folder, 'no-file.tar');
    const all = await members(sound);
    const named = (name: string) => all.find(({ header }) => header.name.endsWith(name));
    const link = { name: 'checkpoint/pstree.img', type: 'symlink' as const, linkname: '../elsewhere/pstree.img' };
    await writeTar(path, [
      ...all,
      { header: link, content: Buffer.alloc(0) },
      { header: { name: 'checkpoint/files.img', type: 'directory' }, content: Buffer.alloc(0) },
      { header: { name: 'checkpoint/cgroup.img', type: 'link', linkname: 'nowhere' }, content: Buffer.alloc(0) },
      {
        header: { name: 'checkpoint/fs-1.img', type: 'link', linkname: 'checkpoint/fs-1.img' },
        content: Buffer.alloc(0),
      },
      { header: { name: 'elsewhere/pstree.img' }, content: named('pstree.img')?.content ?? Buffer.alloc(0) },
    ]);
    const { notes, processes, overview } = await ask(path);
    assert.deepEqual(processes, []);
    for (const name of ['pstree', 'files', 'cgroup', 'fs-1'].map((image) => `checkpoint/${image}.img`)) {
      assert.equal(at(notes, name, 'damaged').length, 1, name);
      assert.equal(at(notes, name, 'may-be-incomplete').length, 1, name);
    }
    assert.equal(overview.completeness.find(({ part }) => part === 'images')?.state, 'damaged');
  });

  test('config.dump that is no JSON, and one that is not there', async () => {
    const path = join(folder, 'config.tar');
    await repack(sound, path, (member, name) => (name === 'config.dump' ? Buffer.from('{"id": ') : member.content));
    const broken = await ask(path);
    assert.equal(at(broken.notes, 'config.dump', 'damaged').length, 1);
    assert.equal(broken.processes.length, 2);

    await repack(sound, path, (member, name) => (name === 'config.dump' ? Buffer.from('{"id": NaN}') : member.content));
    assert.deepEqual(said((await ask(path)).notes, 'config.dump'), [
      'config.dump is not valid JSON (no value begins with N). What it says about the container is not shown.',
    ]);

    await repack(sound, path, (member, name) => (name === 'config.dump' ? undefined : member.content));
    const missing = await ask(path);
    assert.equal(at(missing.notes, 'config.dump', 'missing').length, 1);
    assert.equal(missing.overview.hostName, 'lab-a1');
  });

  test('a process that pstree.img lists more than once is shown once, with a note', async () => {
    const path = join(folder, 'pstree.tar');
    await repack(sound, path, ({ content }, name) =>
      name === 'checkpoint/pstree.img'
        ? Buffer.from(bytes(content, content.subarray(8), content.subarray(8)))
        : content,
    );
    const { notes, processes } = await ask(path);
    assert.deepEqual(
      processes.map(({ pid }) => pid).sort((a, b) => a - b),
      [1, 4],
    );
    assert.deepEqual(said(notes, 'checkpoint/pstree.img'), [
      'checkpoint/pstree.img lists process 1 more than once. Only the first is shown.',
      'checkpoint/pstree.img lists process 4 more than once. Only the first is shown.',
    ]);
  });

  test('a thread of more registers than a call may have arguments has them all in its file', async () => {
    const path = join(folder, 'registers.tar');
    // thread_info.fpregs.xsave.opmask_reg, and a packed list of zeros.
    const registers = [5, 13, 3, 2].reduce<Uint8Array>(
      (inner, field) => bytes(varint(field * 8 + 2), varint(inner.length), inner),
      new Uint8Array(200_000),
    );
    await repack(sound, path, ({ content }, name) => {
      if (name !== 'checkpoint/core-1.img') return content;
      const message = bytes(content.subarray(12), registers);
      return Buffer.from(bytes(content.subarray(0, 8), uint32(message.length), message));
    });
    const checkpoint = await openCheckpoint({
      locator: path,
      spill: { directory: join(folder, 'spill'), limit: 2 ** 30 },
    });
    try {
      const file = await checkpoint.files.open('/proc/1/task/1/regs');
      const text = Buffer.from(await file.read(0, file.size ?? 0)).toString();
      await file.close();
      assert.match(text, /^k199999 +00 00/m);
    } finally {
      await checkpoint.close();
    }
  });

  test('config.dump that is JSON of another kind', async () => {
    const path = join(folder, 'config-list.tar');
    await repack(sound, path, (member, name) => (name === 'config.dump' ? Buffer.from('[1, 2]') : member.content));
    const { notes, processes } = await ask(path);
    assert.deepEqual(said(notes, 'config.dump'), [
      'config.dump is of the JSON type array where engines write object. What it says is not shown.',
    ]);
    assert.equal(processes.length, 2);
  });

  test('members of another type than engines write, each with its place', async () => {
    const path = join(folder, 'types.tar');
    const change = (bytes: Buffer, members: object) =>
      Buffer.from(JSON.stringify({ ...(JSON.parse(bytes.toString()) as object), ...members }));
    await repack(sound, path, ({ content }, name) => {
      if (name === 'config.dump')
        return change(content, { name: 7, rootfsImageName: null, labels: { a: 'b', 'c d': [] } });
      if (name !== 'spec.dump') return content;
      const mounts = [{ destination: 4 }, 'no mount', { destination: '/data', options: 'ro' }];
      return change(content, { mounts, process: { args: ['/bin/sh', false], user: { uid: '0' } }, hostname: {} });
    });
    const { notes, overview, processes, mounts } = await ask(path);
    const wrong = (member: string, file: string, found: string, wanted: string) =>
      `${member} in ${file} is of the JSON type ${found} where engines write ${wanted}. It is not shown.`;
    assert.deepEqual(said(notes, 'config.dump'), [
      wrong('labels["c d"]', 'config.dump', 'array', 'string'),
      wrong('name', 'config.dump', 'number', 'string'),
    ]);
    assert.deepEqual(said(notes, 'spec.dump'), [
      wrong('hostname', 'spec.dump', 'object', 'string'),
      wrong('mounts[0].destination', 'spec.dump', 'number', 'string'),
      wrong('mounts[1]', 'spec.dump', 'string', 'object'),
      wrong('mounts[2].options', 'spec.dump', 'string', 'array'),
      wrong('process.args[1]', 'spec.dump', 'boolean', 'string'),
      wrong('process.user.uid', 'spec.dump', 'string', 'number'),
    ]);
    assert.deepEqual(overview.container.command, ['/bin/sh']);
    assert.ok(mounts.some(({ destination }) => destination === '/data'));
    assert.equal(processes.length, 2);
    assert.equal(overview.completeness.find(({ part }) => part === 'metadata')?.state, 'damaged');
  });

  test('a file in which everything is of another type, with a few places', async () => {
    const path = join(folder, 'all-types.tar');
    const spec = JSON.stringify({ mounts: Array.from({ length: 5000 }, () => 1), ['x'.repeat(10_000)]: 1 });
    await repack(sound, path, (member, name) => (name === 'spec.dump' ? Buffer.from(spec) : member.content));
    const texts = said((await ask(path)).notes, 'spec.dump');
    assert.equal(texts.length, 21);
    assert.ok(texts.includes('spec.dump has more members of a wrong type than are listed here.'));
  });

  test('an image without a byte, where CRIU always writes some', async () => {
    const inFolder = ['inventory', 'pstree', 'core-1', 'mm-1', 'fs-1', 'files', 'pagemap-1'];
    const namespaces = (await members(sound)).flatMap(
      ({ header }) => /(?:ids|utsns)-\d+(?=\.img$)/.exec(header.name) ?? [],
    );
    assert.equal(namespaces.length, 3);
    const images = [...inFolder, ...namespaces].map((name) => `checkpoint/${name}.img`);
    for (const where of [...images, 'stats-dump']) {
      const path = join(folder, 'emptied.tar');
      await repack(sound, path, (member, own) => (own === where ? Buffer.alloc(0) : member.content));
      const { notes } = await ask(path);
      assert.equal(at(notes, where, 'damaged').length, 1, where);
    }
  });

  test('without a mount table it is not known whether the mounts that were asked for were there', async () => {
    const path = join(folder, 'unmounted.tar');
    await repack(sound, path, (member, name) => (name.includes('mountpoints-') ? undefined : member.content));
    const { notes, mounts } = await ask(path);
    assert.ok(mounts.length > 0);
    assert.deepEqual([...new Set(mounts.map(({ seenIn }) => seenIn))], ['unknown']);
    assert.equal(at(notes, 'checkpoint/mountpoints-*.img', 'missing').length, 1);
  });

  test('a missing image is named, and what cannot be shown for it', async () => {
    const path = join(folder, 'missing.tar');
    await repack(sound, path, (member, name) =>
      ['mm-4', 'core-1', 'fs-1', 'files'].some((image) => name === `checkpoint/${image}.img`)
        ? undefined
        : member.content,
    );
    const { notes, processes } = await ask(path);
    assert.equal(processes.length, 2);
    assert.equal(processes[1]?.arguments, undefined);
    assert.equal(processes[0]?.arguments?.[0], 'sh');
    for (const name of [
      'checkpoint/mm-4.img',
      'checkpoint/core-1.img',
      'checkpoint/fs-1.img',
      'checkpoint/files.img',
    ]) {
      const [note] = at(notes, name, 'missing');
      assert.ok(note, name);
      assert.match(say(note.text), new RegExp(name));
    }
  });

  test('pages that end too early leave their process without what lay in them', async () => {
    const path = join(folder, 'pages.tar');
    await repack(sound, path, (member, name) =>
      name === 'checkpoint/pages-1.img' ? member.content.subarray(0, 100) : member.content,
    );
    const { notes, processes } = await ask(path);
    assert.equal(processes[0]?.arguments, undefined);
    assert.deepEqual(processes[1]?.arguments, ['sleep', '1']);
    assert.ok(notes.some((note) => note.where.includes('pages-1.img') || note.where.includes('pagemap-1.img')));
  });

  test('a rootfs diff that is no tar', async () => {
    const path = join(folder, 'diff.tar');
    await repack(sound, path, (member, name) =>
      name === 'rootfs-diff.tar' ? Buffer.alloc(2048, 'x') : member.content,
    );
    const { notes, changes, processes } = await ask(path);
    assert.ok(at(notes, 'rootfs-diff.tar').length > 0);
    assert.ok(changes.every((change) => change.entry !== 'rootfs-diff.tar'));
    assert.equal(processes.length, 2);
  });
});

describe('an archive that changes while it is open', () => {
  for (const [what, change] of [
    ['is cut', (path: string) => truncateSync(path, 1000)],
    ['vanishes', (path: string) => rmSync(path)],
    ['grows', (path: string) => appendFileSync(path, 'more')],
  ] as const) {
    test(`it ${what}: answers come or say so, and closing works`, async () => {
      const path = join(folder, 'changing.tar');
      writeFileSync(path, readFileSync(sound));
      const checkpoint = await openCheckpoint({
        locator: path,
        spill: { directory: join(folder, 'spill'), limit: 2 ** 30 },
      });
      await checkpoint.completed;
      change(path);
      const outcomes = await Promise.allSettled([
        checkpoint.overview(),
        checkpoint.processes(),
        checkpoint.changes(),
        checkpoint.hash(),
      ]);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof CheckpointError, String(outcome.reason));
      }
      await checkpoint.close();
    });
  }
});
