import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  BLOCK,
  END,
  file,
  gnuTar,
  hasGnuTar,
  header,
  index,
  inFolder,
  names,
  padded,
  paxHeader,
  tarOf,
  told,
} from './tar-support.ts';

const LONG = `${'long/'.repeat(40)}${'n'.repeat(180)}.txt`;

describe('archives made by tar-stream', () => {
  test('give every type with its facts', async () => {
    const archive = await tarOf([
      {
        name: './dir/',
        type: 'directory',
        mode: 0o1755,
        uid: 7,
        gid: 8,
        uname: 'me',
        gname: 'us',
        mtime: new Date(5000),
      },
      { name: 'dir/file', mode: 0o4644, content: 'hello', mtime: new Date(1_795_000_000_000) },
      { name: 'dir/link', type: 'symlink', linkname: '../elsewhere' },
      { name: 'dir/hard', type: 'link', linkname: 'dir/file' },
      { name: 'dev/null', type: 'character-device', devmajor: 1, devminor: 3 },
      { name: 'dev/loop', type: 'block-device', devmajor: 7, devminor: 259 },
      { name: 'pipe', type: 'fifo' },
    ]);
    const tar = await index(archive);
    assert.deepEqual(tar.notes, []);
    assert.deepEqual(
      tar.entries.map(({ path, type }) => `${type} ${path}`),
      [
        'directory dir',
        'file dir/file',
        'symlink dir/link',
        'hardlink dir/hard',
        'character-device dev/null',
        'block-device dev/loop',
        'fifo pipe',
      ],
    );
    const directory = tar.entry('dir');
    assert.deepEqual(
      [directory.mode, directory.uid, directory.gid, directory.userName, directory.groupName, directory.mtime],
      [0o1755, 7, 8, 'me', 'us', 5_000_000_000n],
    );
    assert.equal(tar.entry('dir/file').mode, 0o4644);
    assert.equal(tar.entry('dir/link').linkTarget, '../elsewhere');
    assert.deepEqual([tar.entry('dev/loop').deviceMajor, tar.entry('dev/loop').deviceMinor], [7, 259]);
    assert.equal(await tar.content('dir/file'), 'hello');
    assert.equal(await tar.content('dir/hard'), 'hello', 'a hard link has its target’s content');
  });

  test('give long names and targets that need pax headers', async () => {
    const tar = await index(
      await tarOf([
        { name: LONG, content: 'x' },
        { name: '日本語-🐳', content: 'y' },
        { name: 'far', type: 'symlink', linkname: LONG },
        { name: 'after', content: 'z' },
      ]),
    );
    assert.deepEqual(names(tar), [LONG, '日本語-🐳', 'far', 'after']);
    assert.equal(tar.entry('far').linkTarget, LONG);
    assert.equal(await tar.content('after'), 'z');
  });
});

describe('archives made by GNU tar', { skip: !hasGnuTar && 'GNU tar is not on this machine' }, () => {
  for (const format of ['gnu', 'oldgnu', 'pax', 'ustar', 'v7']) {
    test(`in the format ${format}`, () =>
      inFolder(async (folder) => {
        const hasLongNames = format !== 'ustar' && format !== 'v7';
        mkdirSync(join(folder, 'd'));
        writeFileSync(join(folder, 'd/a'), 'content of a');
        chmodSync(join(folder, 'd/a'), 0o2750);
        utimesSync(join(folder, 'd/a'), 1_234_567_890.25, 1_234_567_890.25);
        linkSync(join(folder, 'd/a'), join(folder, 'd/b'));
        symlinkSync('a', join(folder, 'd/c'));
        writeFileSync(join(folder, 'empty'), '');
        if (hasLongNames) {
          mkdirSync(join(folder, LONG, '..'), { recursive: true });
          writeFileSync(join(folder, LONG), 'deep');
          symlinkSync(LONG, join(folder, 'far'));
        }
        const tar = await index(gnuTar(folder, `--format=${format}`, '--sort=name', '.'));
        assert.deepEqual(tar.notes, []);
        assert.equal(tar.entry('d').type, 'directory');
        assert.equal(tar.entry('d/a').mode, 0o2750);
        assert.equal(
          tar.entry('d/a').mtime,
          format === 'pax' ? 1_234_567_890_250_000_000n : 1_234_567_890_000_000_000n,
        );
        assert.equal(await tar.content('d/b'), 'content of a');
        assert.equal(tar.entry('d/c').linkTarget, 'a');
        assert.equal(tar.entry('empty').size, 0);
        if (hasLongNames) {
          assert.equal(await tar.content(LONG), 'deep');
          assert.equal(tar.entry('far').linkTarget, LONG);
        }
      }));
  }

  for (const [name, format, version] of [
    ['old GNU', 'gnu', '0.0'],
    ['pax 0.0', 'pax', '0.0'],
    ['pax 0.1', 'pax', '0.1'],
    ['pax 1.0', 'pax', '1.0'],
  ] as const) {
    test(`names sparse files as such, ${name}, also of many pieces`, () =>
      inFolder(async (folder) => {
        writeFileSync(join(folder, 'sparse'), 'x');
        truncateSync(join(folder, 'sparse'), 40 << 20);
        // More pieces than fit into the header itself.
        const fd = join(folder, 'pieces');
        writeFileSync(fd, '');
        truncateSync(fd, 64 << 20);
        const handle = openSync(fd, 'r+');
        for (let piece = 0; piece < 60; piece++) writeSync(handle, 'piece', piece << 20);
        closeSync(handle);
        writeFileSync(join(folder, 'zz-after'), 'after');
        const tar = await index(
          gnuTar(folder, `--format=${format}`, '--sparse', `--sparse-version=${version}`, '--sort=name', '.'),
        );
        assert.deepEqual(tar.notes, []);
        assert.deepEqual(names(tar), ['', 'pieces', 'sparse', 'zz-after']);
        assert.equal(tar.entry('sparse').type, 'sparse');
        assert.equal(tar.entry('pieces').type, 'sparse');
        assert.ok(tar.entry('sparse').size < 1 << 20, 'size is what the archive holds');
        assert.equal(await tar.content('zz-after'), 'after');
        for (const path of ['sparse', 'pieces']) {
          const source = tar.files.open(tar.entry(path));
          const real = readFileSync(join(folder, path));
          assert.equal(source.size, real.length);
          assert.ok(real.equals(await source.read(0, real.length)), `${path} is given with its holes`);
          assert.ok(real.subarray(1_048_570, 1_048_590).equals(await source.read(1_048_570, 20)));
          assert.equal((await source.read(real.length - 1, 9)).length, 1);
        }
      }));
  }

  test('with sizes and owners beyond octal fields', () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'a'), 'a');
      const tar = await index(gnuTar(folder, '--format=gnu', '--owner=:3000000', '--group=:4000000000', 'a'));
      assert.deepEqual([tar.entry('a').uid, tar.entry('a').gid], [3_000_000, 4_000_000_000]);
      const pax = await index(gnuTar(folder, '--format=pax', '--owner=x:3000000', '--group=y:4000000', 'a'));
      assert.deepEqual([pax.entry('a').uid, pax.entry('a').gid, pax.entry('a').userName], [3_000_000, 4_000_000, 'x']);
    }));
});

describe('headers by hand', () => {
  test('join ustar’s prefix and name', async () => {
    const tar = await index(Buffer.concat([file('name', 'x', { prefix: 'some/where' }), END]));
    assert.deepEqual(names(tar), ['some/where/name']);
  });

  test('ignore what GNU keeps in the place of the prefix', async () => {
    const tar = await index(Buffer.concat([file('name', 'x', { magic: 'ustar  \0', prefix: '12345670123' }), END]));
    assert.deepEqual(names(tar), ['name']);
  });

  test('take GNU’s long name and link before pax-less entries, once', async () => {
    const tar = await index(
      Buffer.concat([
        header({ name: '././@LongLink', type: 'L', size: LONG.length + 1, magic: 'ustar  \0' }),
        padded(`${LONG}\0`),
        header({ name: '././@LongLink', type: 'K', size: LONG.length + 1, magic: 'ustar  \0' }),
        padded(`${LONG}\0`),
        header({ name: 'cut', type: '2', link: 'cut', magic: 'ustar  \0' }),
        file('next', 'x'),
        END,
      ]),
    );
    assert.deepEqual(names(tar), [LONG, 'next']);
    assert.equal(tar.entry(LONG).linkTarget, LONG);
  });

  test('read base-256 sizes and times before 1970', async () => {
    const size = Buffer.alloc(12);
    size[0] = 0x80;
    size.writeUInt32BE(5, 8);
    const tar = await index(
      Buffer.concat([header({ name: 'a', size, mtime: Buffer.alloc(12, 0xff) }), padded('12345'), file('b', 'x'), END]),
    );
    assert.equal(tar.entry('a').size, 5);
    assert.equal(tar.entry('a').mtime, -1_000_000_000n);
    assert.deepEqual(names(tar), ['a', 'b']);
  });

  test('read size, times, owners and attributes from pax, global ones until a local one says otherwise', async () => {
    const tar = await index(
      Buffer.concat([
        paxHeader({ uname: 'everybody', uid: '77' }, 'g'),
        paxHeader({
          path: 'real/name',
          size: '5',
          mtime: '-12.000000001',
          gid: '4294967295',
          uid: '5',
          'SCHILY.xattr.security.capability': Buffer.from([1, 0, 0, 2]),
          'LIBARCHIVE.xattr.user.a%20b': Buffer.from('bytes').toString('base64'),
        }),
        header({ name: 'short', size: 0 }),
        padded('12345'),
        file('plain', 'x'),
        END,
      ]),
    );
    const entry = tar.entry('real/name');
    assert.deepEqual([entry.size, entry.mtime, entry.gid, entry.uid], [5, -12_000_000_001n, 4_294_967_295, 5]);
    assert.deepEqual(
      [...(entry.xattrs ?? [])].map(([name, value]) => [name, [...value]]),
      [
        ['user.a b', [...Buffer.from('bytes')]],
        ['security.capability', [1, 0, 0, 2]],
      ],
    );
    assert.deepEqual([tar.entry('plain').uid, tar.entry('plain').userName], [77, 'everybody']);
    assert.equal(await tar.content('real/name'), '12345');
  });

  test('keep names that are not UTF-8 as bytes, and apart from each other', async () => {
    const tar = await index(
      Buffer.concat([
        file('x', '1', { name: Buffer.from([0x61, 0xff]) }),
        file('x', '2', { name: Buffer.from([0x61, 0xfe]) }),
        file('x', '3', { name: Buffer.from([0x61, 0xff]) }),
        END,
      ]),
    );
    assert.deepEqual(
      tar.entries.map(({ pathBytes }) => [...(pathBytes ?? [])]),
      [
        [0x61, 0xfe],
        [0x61, 0xff],
      ],
    );
    assert.deepEqual(
      await Promise.all(tar.entries.map(({ path }) => tar.content(path))),
      ['2', '3'],
      'of two entries of the same bytes the last counts',
    );
  });

  test('keep names that lead out or hold control characters as names', async () => {
    const tar = await index(Buffer.concat([file('../../etc/passwd', 'x'), file('/a/\u001b[31m<b>\n', 'y'), END]));
    assert.deepEqual(names(tar), ['../../etc/passwd', 'a/\u001b[31m<b>\n']);
  });

  test('let the last of several entries of one name count, and tell of the others', async () => {
    const folder = header({ name: 'd/', type: '5' });
    const tar = await index(
      Buffer.concat([file('a', 'old'), folder, file('b', 'x'), folder, file('./a', 'new'), file('a', 'newest'), END]),
    );
    assert.deepEqual(names(tar), ['b', 'd', 'a']);
    assert.equal(await tar.content('a'), 'newest');
    assert.deepEqual(
      tar.notes.map(({ kind, where, text }) => [kind, where, text.args[2]]),
      [
        ['may-be-incomplete', 'a', 0],
        ['may-be-incomplete', 'a', 6 * BLOCK],
      ],
    );
    const many = await index(Buffer.concat([...Array.from({ length: 100 }, () => file('a', 'x')), END]));
    assert.equal(many.notes.length, 21);
    assert.match(told(many.notes).at(-1) ?? '', / 79 more entries /);
  });

  test('accept checksums of signed characters, v7 directories and unknown types', async () => {
    const signed = header({ name: Buffer.from('é'), size: 0 });
    signed.write((Number.parseInt(signed.toString('latin1', 148, 154), 8) - 2 * 256).toString(8).padStart(6, '0'), 148);
    const tar = await index(
      Buffer.concat([signed, header({ name: 'old/', magic: '' }), file('odd', 'abc', { type: 'Z' }), END]),
    );
    assert.deepEqual(tar.notes, []);
    assert.deepEqual(
      tar.entries.map(({ path, type, typeFlag }) => [path, type, typeFlag]),
      [
        ['é', 'file', undefined],
        ['old', 'directory', undefined],
        ['odd', 'unknown', 'Z'],
      ],
    );
  });

  test('take a hard link’s size for its target’s, unless its content follows', async () => {
    const tar = await index(
      Buffer.concat([
        file('a', 'aaaa'),
        header({ name: 'b', type: '1', link: 'a', size: 4 }),
        Buffer.concat([header({ name: 'c', type: '1', link: 'a', size: 4 }), padded('cccc')]),
        header({ name: 'd', type: '1', link: 'nowhere' }),
        header({ name: 'e', type: '1', link: 'f' }),
        header({ name: 'f', type: '1', link: 'e' }),
        END,
      ]),
    );
    assert.deepEqual(tar.notes, []);
    assert.equal(await tar.content('b'), 'aaaa');
    assert.equal(await tar.content('c'), 'cccc');
    await assert.rejects(tar.files.open(tar.entry('d')).read(0, 1), { reason: 'not-found', where: 'd' });
    await assert.rejects(tar.files.open(tar.entry('e')).read(0, 1), { reason: 'not-found' });
  });
});
