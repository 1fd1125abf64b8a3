import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import zlib from 'node:zlib';
import { decompress } from '../../../src/core/bytes/decompress.ts';
import { openFile } from '../../../src/core/bytes/file-source.ts';
import type { GrowingSource } from '../../../src/core/bytes/growing-source.ts';
import { isRunning, processMark } from '../../../src/core/bytes/process-mark.ts';
import { SpillStore } from '../../../src/core/bytes/spill.ts';
import { inFolder, noise, text, told } from './support.ts';

const CONTENT = noise(300_000);
const onWindows = process.platform === 'win32';

interface Place {
  readonly folder: string;
  readonly directory: string;
  /** A gzip'd file of {@link CONTENT}. */
  readonly file: string;
}

const inPlace = (work: (place: Place) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    const file = join(folder, 'file.tar.gz');
    writeFileSync(file, zlib.gzipSync(CONTENT));
    await work({ folder, directory: join(folder, 'cache', 'spill'), file });
  });

const store = (directory: string, settings: { keepFor?: number; limit?: number } = {}) =>
  SpillStore.open({ directory, limit: 1 << 30, ...settings });

/** Opens the copy and says whether it had to be made. */
async function open(spill: SpillStore, file: string): Promise<{ copy: GrowingSource; isNew: boolean }> {
  let isNew = false;
  const copy = await decompress(await openFile(file), 'gzip', spill, { onInput: () => (isNew = true) });
  await copy.ended;
  assert.ok(CONTENT.equals(await copy.read(0, CONTENT.length + 1)));
  return { copy, isNew };
}

/** The kinds of the files in the directory, sorted. */
function kinds(directory: string): readonly string[] {
  return readdirSync(directory)
    .map((name) => name.replace(/.*\./, ''))
    .sort();
}

function data(directory: string): string {
  const name = readdirSync(directory).find((entry) => entry.endsWith('.data'));
  assert.ok(name);
  return join(directory, name);
}

describe('a decompressed copy', () => {
  test('is private: the directory 0700, the files 0600', { skip: onWindows }, () =>
    inPlace(async ({ directory, file }) => {
      const { copy } = await open(await store(directory), file);
      assert.equal(statSync(directory).mode & 0o777, 0o700);
      for (const name of readdirSync(directory))
        assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
      await copy.close();
    }),
  );

  test('is used again as long as it lives, also under another name of the file', () =>
    inPlace(async ({ folder, directory, file }) => {
      const spill = await store(directory);
      const first = await open(spill, file);
      assert.deepEqual([first.isNew, kinds(directory)], [true, ['data', 'json', 'use']]);
      const second = await open(await store(directory), file);
      assert.deepEqual([second.isNew, kinds(directory)], [false, ['data', 'json', 'use', 'use']]);
      await first.copy.close();
      await second.copy.close();
      assert.deepEqual(kinds(directory), ['data', 'json']);
      renameSync(file, join(folder, 'renamed'));
      const third = await open(spill, join(folder, 'renamed'));
      assert.equal(third.isNew, false);
      await third.copy.close();
    }));

  test('is not used for a file that was changed since, even to the same size and time', () =>
    inPlace(async ({ directory, file }) => {
      const spill = await store(directory);
      await (await open(spill, file)).copy.close();
      const { atime, mtime, size } = statSync(file);
      const other = Buffer.from(CONTENT).reverse();
      const compressed = zlib.gzipSync(other);
      const filled = Buffer.concat([compressed, Buffer.alloc(Math.max(0, size - compressed.length))]).subarray(0, size);
      writeFileSync(file, filled);
      utimesSync(file, atime, mtime);
      const copy = await decompress(await openFile(file), 'gzip', spill);
      await copy.ended;
      assert.notEqual(await text(copy, 0, 100), CONTENT.toString('utf8', 0, 100));
      await copy.close();
    }));

  test('is not trusted if it is incomplete, of another size, or from before the machine was started', () =>
    inPlace(async ({ directory, file }) => {
      const spoil = [
        () => writeFileSync(data(directory), 'short'),
        () => writeFileSync(data(directory).replace('.data', '.json'), '{"version":1,'),
        () => {
          const state = data(directory).replace('.data', '.json');
          writeFileSync(state, readFileSync(state, 'utf8').replace(/"boot":"/, '$&x'));
        },
      ];
      for (const work of spoil) {
        await (await open(await store(directory), file)).copy.close();
        work();
        const { copy, isNew } = await open(await store(directory), file);
        assert.ok(isNew);
        await copy.close();
      }
    }));

  test('of a damaged file is not kept: who opens it again is to hear of the damage again', () =>
    inPlace(async ({ directory, file }) => {
      const whole = readFileSync(file);
      for (const damaged of [whole.subarray(0, 100_000), Buffer.concat([whole, Buffer.alloc(9), CONTENT])]) {
        writeFileSync(file, damaged);
        for (let round = 0; round < 2; round++) {
          const copy = await decompress(await openFile(file), 'gzip', await store(directory));
          await copy.ended;
          assert.equal(copy.notes.length, 1);
          await copy.close();
          assert.deepEqual(kinds(directory), []);
        }
      }
    }));

  test('goes some time after its last user, unless it is to be kept', () =>
    inPlace(async ({ directory, file }) => {
      const brief = await store(directory, { keepFor: 1 });
      const { copy } = await open(brief, file);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await brief.sweep();
      assert.deepEqual(kinds(directory), ['data', 'json', 'use'], 'it stays while it is used');
      await copy.close();
      await new Promise((resolve) => setTimeout(resolve, 5));
      await brief.sweep();
      assert.deepEqual(kinds(directory), []);

      await (await open(await store(directory, { keepFor: Infinity }), file)).copy.close();
      const another = await open(await store(directory, { keepFor: 1 }), file);
      assert.equal(another.isNew, false);
      await another.copy.close();
      await new Promise((resolve) => setTimeout(resolve, 5));
      await brief.sweep();
      assert.deepEqual(kinds(directory), ['data', 'json'], 'what somebody wanted to be kept is kept');
    }));

  test('that is not to be kept is gone when it is closed', () =>
    inPlace(async ({ directory, file }) => {
      const { copy } = await open(await store(directory, { keepFor: 0 }), file);
      assert.deepEqual(kinds(directory), ['part']);
      await copy.close();
      assert.deepEqual(kinds(directory), []);
    }));

  test('makes room: the longest unused go first, and none that is used', () =>
    inPlace(async ({ folder, directory }) => {
      const files = ['a', 'b', 'c', 'd'].map((name) => join(folder, name));
      files.forEach((file, at) => writeFileSync(file, zlib.gzipSync(CONTENT, { level: at + 1 })));
      const [a = '', b = '', c = '', d = ''] = files;
      const spill = await store(directory, { limit: 3.5 * CONTENT.length });
      const used = await open(spill, a);
      for (const file of [b, c]) {
        await (await open(spill, file)).copy.close();
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const last = await open(spill, d);
      await last.copy.close();
      assert.equal(kinds(directory).filter((kind) => kind === 'data').length, 3);
      const kept = await open(spill, c);
      assert.equal(kept.isNew, false);
      const dropped = await open(spill, b);
      assert.equal(dropped.isNew, true, 'the longest unused had to go');
      for (const { copy } of [used, kept, dropped]) await copy.close();
    }));

  test('that finds no room is refused before it is begun, with the limit', () =>
    inPlace(async ({ folder, directory, file }) => {
      const second = join(folder, 'second.gz');
      writeFileSync(second, zlib.gzipSync(CONTENT, { level: 2 }));
      const spill = await store(directory, { limit: CONTENT.length + 1000 });
      const { copy } = await open(spill, file);
      const refused = await openFile(second);
      await assert.rejects(decompress(refused, 'gzip', spill), {
        reason: 'too-large',
        message: /more than the 301000 bytes that such copies may take together/,
      });
      await refused.close();
      await copy.close();
      await (await open(spill, second)).copy.close();
    }));
});

describe('free space', () => {
  test('that does not suffice refuses the copy before it is begun', () =>
    inPlace(async ({ directory, file }) => {
      const spill = await SpillStore.open({ directory, limit: 1 << 30 }, () => Promise.resolve(1000));
      const source = await openFile(file);
      await assert.rejects(decompress(source, 'gzip', spill), {
        reason: 'no-space',
        where: directory,
        message: /There is not enough free space in .* Free some, or choose another folder/,
      });
      await source.close();
      assert.deepEqual(kinds(directory), []);
    }));

  test('that runs out on the way ends the copy, with what is there and a note', () =>
    inPlace(async ({ directory, file }) => {
      const large = zlib.gzipSync(Buffer.alloc(50_000_000, 'x'));
      writeFileSync(file, large);
      let looks = 0;
      const spill = await SpillStore.open({ directory, limit: 64_000_000 }, () =>
        Promise.resolve(looks++ < 6 ? 1e12 : 0),
      );
      const copy = await decompress(await openFile(file), 'gzip', spill);
      await copy.ended;
      assert.ok(copy.available > 0 && copy.available < 50_000_000);
      assert.equal(await text(copy, 0, 5), 'xxxxx');
      assert.match(told(copy.notes).join(), /^truncated@\d+: Only the first \d+ bytes .* not enough free space/);
      await copy.close();
      assert.deepEqual(kinds(directory), [], 'a copy that is not whole is not kept');
    }));
});

describe('processes that share the directory', () => {
  const start = async (place: Place, keepFor: number): Promise<ChildProcess> => {
    const script = join(import.meta.dirname, 'spill-user.ts');
    const child = spawn(process.execPath, [script, place.directory, place.file, String(keepFor)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    assert.ok(child.stdout);
    await once(child.stdout, 'data');
    return child;
  };
  const end = async (child: ChildProcess, how: 'orderly' | 'killed'): Promise<void> => {
    const exited = once(child, 'exit');
    if (how === 'killed') child.kill('SIGKILL');
    else child.stdin?.end();
    await exited;
  };

  test('use each other’s copies, and leave alone what another uses', () =>
    inPlace(async (place) => {
      const child = await start(place, 1);
      const spill = await store(place.directory, { keepFor: 1 });
      const { copy, isNew } = await open(spill, place.file);
      assert.equal(isNew, false);
      await copy.close();
      await new Promise((resolve) => setTimeout(resolve, 10));
      await spill.sweep();
      assert.deepEqual(kinds(place.directory), ['data', 'json', 'use']);
      await end(child, 'orderly');
      await new Promise((resolve) => setTimeout(resolve, 10));
      await spill.sweep();
      assert.deepEqual(kinds(place.directory), []);
    }));

  test('do not take another’s unfinished or private copy for their own', () =>
    inPlace(async (place) => {
      const child = await start(place, 0);
      const spill = await store(place.directory);
      const { copy, isNew } = await open(spill, place.file);
      assert.equal(isNew, true);
      assert.deepEqual(kinds(place.directory), ['data', 'json', 'part', 'use']);
      await copy.close();
      await end(child, 'orderly');
      assert.deepEqual(kinds(place.directory), ['data', 'json']);
    }));

  for (const keepFor of [0, 300_000]) {
    test(`that were killed leave nothing after the next start, ${keepFor === 0 ? 'unfinished' : 'finished'} copies`, () =>
      inPlace(async (place) => {
        const child = await start(place, keepFor);
        await end(child, 'killed');
        assert.notDeepEqual(kinds(place.directory), []);
        await store(place.directory);
        assert.deepEqual(kinds(place.directory), []);
      }));
  }

  test('are told apart although their ids are used again', () => {
    const [pid, started, ...machine] = processMark().split('-');
    assert.ok(isRunning(processMark()));
    if (process.platform === 'linux') {
      assert.equal(isRunning([pid, String(Number(started) + 1), ...machine].join('-')), false);
    }
    assert.equal(isRunning([pid, started, machine[0], '00'].join('-')), false, 'the machine was started again');
    assert.equal(isRunning([pid, '1', 'ab', '00'].join('-')), true, 'of another machine that cannot be known');
    assert.equal(isRunning(`999999999-1-${machine.join('-')}`), false);
    assert.equal(isRunning('x'), true);
  });

  test(
    'do not run any more when they have ended and nobody has asked how',
    { skip: process.platform !== 'linux' },
    async () => {
      // What a shell has started is then the child of a program that knows nothing of it.
      const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const id = line.toString('latin1').trim();
      const stat = (): readonly string[] =>
        readFileSync(`/proc/${id}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
      while (stat()[0] !== 'Z') await sleep(5);
      const [, , ...machine] = processMark().split('-');
      const isThere = isRunning([id, stat()[19], ...machine].join('-'));
      parent.kill();
      await once(parent, 'close');
      assert.equal(isThere, false);
    },
  );
});

describe('a directory for copies that may be a trap', { skip: onWindows }, () => {
  test('is refused if it is a link or a file', () =>
    inPlace(async ({ folder }) => {
      mkdirSync(join(folder, 'real'), { mode: 0o700 });
      symlinkSync('real', join(folder, 'link'));
      writeFileSync(join(folder, 'plain'), '');
      for (const name of ['link', 'plain']) {
        await assert.rejects(store(join(folder, name)), {
          reason: 'unreadable',
          where: join(folder, name),
          message: /^Decompressed copies cannot be kept in .*\. Choose another folder for them\.$/,
        });
      }
    }));

  test('is made private if nothing else is in it, and refused otherwise', () =>
    inPlace(async ({ folder }) => {
      const open = join(folder, 'open');
      mkdirSync(open);
      chmodSync(open, 0o755);
      await store(open);
      assert.equal(statSync(open).mode & 0o777, 0o700);
      chmodSync(open, 0o777);
      writeFileSync(join(open, 'mine'), '');
      await assert.rejects(store(open), { message: /others may read it, and it holds other files/ });
      assert.equal(statSync(open).mode & 0o777, 0o777);
    }));

  test('keeps what it does not know, and does not follow links put in the place of a copy', () =>
    inPlace(async ({ folder, directory, file }) => {
      const spill = await store(directory);
      await (await open(spill, file)).copy.close();
      const secret = join(folder, 'secret');
      writeFileSync(secret, Buffer.alloc(CONTENT.length, 1), { mode: 0o600 });
      const copy = data(directory);
      renameSync(copy, `${copy}.old`);
      symlinkSync(secret, copy);
      writeFileSync(join(directory, 'note.txt'), 'mine');
      const again = await open(spill, file);
      assert.equal(again.isNew, true);
      await again.copy.close();
      assert.ok(lstatSync(copy).isFile());
      assert.deepEqual(readFileSync(secret), Buffer.alloc(CONTENT.length, 1));
      await spill.sweep();
      assert.ok(readdirSync(directory).includes('note.txt'));
    }));

  test(
    'is refused if it belongs to another user',
    { skip: process.getuid?.() !== 0 && 'only root can set this up' },
    () =>
      inPlace(async ({ folder }) => {
        const { chownSync } = await import('node:fs');
        const other = join(folder, 'other');
        mkdirSync(other, { mode: 0o700 });
        chownSync(other, 12345, 12345);
        await assert.rejects(store(other), { message: /it belongs to another user/ });
      }),
  );
});
