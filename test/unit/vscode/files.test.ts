import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RemoteError } from '../../../src/protocol/channel.ts';
import { MAX_READ, type FileStat } from '../../../src/protocol/checkpoint-api.ts';
import { followLinks, linkTarget } from '../../../src/vscode/filesystem/links.ts';
import { MAX_FILE, readFile } from '../../../src/vscode/filesystem/read-file.ts';
import type { Session } from '../../../src/vscode/sessions/session.ts';

describe('symbolic links of a checkpoint', () => {
  it('lead to where the container would have followed them', () => {
    assert.equal(linkTarget('/rootfs/etc/mtab', '/proc/mounts'), '/rootfs/proc/mounts');
    assert.equal(linkTarget('/rootfs/etc/rc.d', '../usr/./rc'), '/rootfs/usr/rc');
    assert.equal(linkTarget('/rootfs/link', 'target'), '/rootfs/target');
    assert.equal(linkTarget('/proc/1/exe', '/usr/bin/app'), '/rootfs/usr/bin/app');
  });

  it('never lead out of their branch', () => {
    assert.equal(linkTarget('/rootfs/a/b', '../../../../archive/spec.dump'), '/rootfs/archive/spec.dump');
    const names = fc.array(fc.constantFrom('..', '.', '', 'a', 'etc', '...', '~'), { maxLength: 12 });
    fc.assert(
      fc.property(names, names, fc.boolean(), (folders, target, absolute) => {
        const path = ['', 'rootfs', ...folders.filter((name) => !/^\.{0,2}$/.test(name)), 'link'].join('/');
        const reached = linkTarget(path, (absolute ? '/' : '') + target.join('/'));
        assert.match(`${reached}/`, /^\/rootfs\//);
        assert.ok(!reached.split('/').includes('..'));
      }),
    );
  });

  const view: Readonly<Record<string, FileStat>> = {
    '/rootfs/file': { kind: 'file', size: 3, mtime: 0 },
    '/rootfs/first': { kind: 'symlink', size: 0, mtime: 0, linkTarget: 'second' },
    '/rootfs/second': { kind: 'symlink', size: 0, mtime: 0, linkTarget: '/file' },
    '/rootfs/lost': { kind: 'symlink', size: 0, mtime: 0, linkTarget: '/usr/bin/python3' },
    '/rootfs/circle': { kind: 'symlink', size: 0, mtime: 0, linkTarget: 'circle' },
  };
  const stat = (path: string) => {
    const found = view[path];
    return found
      ? Promise.resolve(found)
      : Promise.reject(new RemoteError({ reason: 'not-found', message: `There is no ${path}.` }));
  };

  it('are followed to what holds content', async () => {
    assert.equal((await followLinks('/rootfs/first', stat)).path, '/rootfs/file');
    assert.equal((await followLinks('/rootfs/file', stat)).stat.size, 3);
  });

  it('are named where they lead to nothing that was dumped, or in a circle', async () => {
    await assert.rejects(followLinks('/rootfs/lost', stat), {
      reason: 'is-link',
      args: ['/rootfs/lost', '/usr/bin/python3'],
    });
    await assert.rejects(followLinks('/rootfs/circle', stat), { reason: 'is-link' });
    await assert.rejects(followLinks('/rootfs/nothing', stat), { reason: 'not-found' });
  });
});

describe('reading a file for an editor', () => {
  /** A checkpoint whose every file is the numbers 0 … 250 again and again, up to `length`. */
  function session(length: number): { readonly reads: number[]; readonly session: Pick<Session, 'ask'> } {
    const reads: number[] = [];
    const fileRead = (_path: string, offset: number, count: number) => {
      reads.push(count);
      const end = Math.min(length, offset + count);
      return Promise.resolve(
        Uint8Array.from({ length: Math.max(0, end - offset) }, (_, index) => (offset + index) % 251),
      );
    };
    const ask = (question: (checkpoint: never) => unknown) => question({ fileRead } as never);
    return { reads, session: { ask } as Pick<Session, 'ask'> };
  }

  it('joins windows of a bounded size', async () => {
    const size = 2 * MAX_READ + 5;
    const { reads, session: checkpoint } = session(size);
    const bytes = await readFile(checkpoint, '/archive/x', size);
    assert.equal(bytes.length, size);
    assert.ok(bytes.every((byte, index) => byte === index % 251));
    assert.deepEqual(reads, [MAX_READ, MAX_READ, 5]);
  });

  it('ends where the content ends, though the entry said more', async () => {
    const { session: checkpoint } = session(10);
    assert.equal((await readFile(checkpoint, '/archive/x', 100)).length, 10);
  });

  it('refuses what is too large before it reads any of it', async () => {
    const { reads, session: checkpoint } = session(0);
    await assert.rejects(readFile(checkpoint, '/archive/x', MAX_FILE + 1), /Use Save As/);
    assert.deepEqual(reads, []);
  });
});
