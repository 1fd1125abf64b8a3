import { Buffer } from 'node:buffer';
import { Random } from './random.ts';
import { packTar, type TarMember } from './tar-file.ts';

/** A path that the container added or changed, and what its entry holds. */
export interface SyntheticChange {
  readonly member: TarMember;
  readonly content: Buffer;
}

/** What a container did to its filesystem. Member names are relative to its root. */
export interface SyntheticChanges {
  readonly changes: readonly SyntheticChange[];
  /** Absolute paths. */
  readonly deleted: readonly string[];
}

const EPOCH = 1_795_472_671;
/** security.capability, version 2, cap_net_bind_service permitted and effective; Linux' uapi/linux/capability.h. */
const netBindService = Buffer.from('0100000200040000000000000000000000000000', 'hex');

/** One of each kind of entry, and around them many small files in folders of a hundred. */
export function makeChanges(files: number): SyntheticChanges {
  if (files === 0) return { changes: [], deleted: [] };
  const changes = oddities();
  const random = new Random(files);
  while (changes.length < files) {
    const number = changes.length;
    const folder = `srv/data/shard-${String(Math.floor(number / 100)).padStart(4, '0')}`;
    if (number % 100 === 0 || changes.at(-1)?.member.name.startsWith(folder) !== true) {
      changes.push({
        member: { name: folder, type: 'directory', mode: 0o750, uid: 1000, gid: 1000, mtime: EPOCH },
        content: empty,
      });
      continue;
    }
    const text = `order ${number} ${random.hexadecimal(random.between(8, 400))}\n`;
    changes.push({
      member: {
        name: `${folder}/order-${String(number).padStart(6, '0')}.json`,
        uid: 1000,
        gid: 1000,
        mtime: EPOCH + (number % 3600),
      },
      content: Buffer.from(number % 50 === 7 ? text.repeat(100) : text),
    });
  }
  return { changes, deleted: ['/etc/motd', '/var/cache/apt/pkgcache.bin', '/tmp/build <old> & done'] };
}

/** `rootfs-diff.tar` as Podman and CRI-O write it; what was deleted lies beside it. */
export function packChanges({ changes }: SyntheticChanges): Buffer {
  return packTar(changes.map(({ member, content }) => [member, content]));
}

/** As containerd writes it before it is compressed: an image layer, in which whiteouts stand for what was deleted. */
export function packLayer({ changes, deleted }: SyntheticChanges): Buffer {
  const whiteouts = deleted.map((path): readonly [TarMember] => {
    const slash = path.lastIndexOf('/');
    return [{ name: `${path.slice(1, slash)}${slash > 0 ? '/' : ''}.wh.${path.slice(slash + 1)}`, mode: 0 }];
  });
  return packTar([...changes.map(({ member, content }) => [member, content] as const), ...whiteouts]);
}

const empty = Buffer.alloc(0);

function oddities(): SyntheticChange[] {
  const script = Buffer.from('#!/bin/sh\necho "synthetic"\n');
  const members: readonly (readonly [TarMember, Buffer?])[] = [
    [{ name: 'usr/local/bin', type: 'directory' }],
    [{ name: 'usr/local/bin/helper', mode: 0o4755 }, script],
    [{ name: 'usr/local/bin/server', mode: 0o755, xattrs: { 'security.capability': netBindService } }, script],
    [{ name: 'usr/local/bin/alias', type: 'hardlink', linkTarget: 'usr/local/bin/helper', mode: 0o4755 }],
    [{ name: 'usr/local/bin/current', type: 'symlink', linkTarget: '../lib/app/server', mode: 0o777 }],
    [{ name: 'tmp', type: 'directory', mode: 0o1777 }],
    [{ name: 'tmp/disk', type: 'block-device', mode: 0o660, gid: 6, device: [8, 0] }],
    [{ name: 'tmp/pipe', type: 'fifo', mode: 0o600 }],
    [
      { name: 'etc/app.conf', mode: 0o640, xattrs: { 'user.origin': Buffer.from('template 7') } },
      Buffer.from('workers = 4\n'),
    ],
    [{ name: 'etc/app.d', type: 'directory', mode: 0o700, xattrs: { 'trusted.overlay.opaque': Buffer.from('y') } }],
    [{ name: `srv/${'very-long-directory-name/'.repeat(6)}Ünïcödé ${'n'.repeat(40)}.txt` }, Buffer.from('long\n')],
  ];
  return members.map(([member, content = empty]) => ({ member: { mtime: EPOCH, ...member }, content }));
}
