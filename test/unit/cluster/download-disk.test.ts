/** Downloads to disks that do not take what they are given: small ones, broken ones, limited ones, all of them real. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { download } from '../../../src/core/cluster/download/download.ts';
import { PartialFile } from '../../../src/core/cluster/download/partial-file.ts';
import { CHECKPOINTS } from '../../../src/core/cluster/node-files/node-files.ts';
import { noise } from '../bytes/support.ts';
import { MAIN, program } from '../cli/support.ts';
import { helperPods, nodeOf, temporary, workshop } from './node-support.ts';
import { connect, failureOf, startCluster } from './support.ts';

const cluster = await startCluster();
const opened = await connect(cluster);
const node = await nodeOf(opened);
const MIB = 1024 * 1024;
const BIG = noise(48 * MIB);
writeFileSync(join(cluster.node().checkpoints, 'big.tar'), BIG);
const LOCATOR = 'node://test/node-1/var/lib/kubelet/checkpoints/big.tar';

function request(target: string) {
  return {
    node,
    path: `${CHECKPOINTS}/big.tar`,
    target,
    tool: { name: 'checkpoint-explorer', version: '1.2.3' },
  };
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

const TRUTH = createHash('sha256').update(BIG).digest('hex');

/** Its mounts are gone before it is. */
const scratch = temporary();

function newFolder(): string {
  return mkdtempSync(join(scratch, 'disk-'));
}

/** Runs a program of the system. @returns why it cannot be, undefined where it went well */
function tried(...[command = '', ...args]: readonly string[]): string | undefined {
  try {
    execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.trim().split('\n').at(-1) : String(error);
  }
}

/** Mounts something until the test is over. Where that is not allowed, the test is skipped. @returns where it is */
function mounted(context: TestContext, ...args: readonly string[]): string | undefined {
  const folder = newFolder();
  const why = tried('mount', ...args, folder);
  if (why === undefined) context.after(() => tried('umount', '-l', folder));
  else context.skip(`nothing can be mounted here: ${why}`);
  return why === undefined ? folder : undefined;
}

/**
 * A disk with room for everything, as its file system sees it, on a file that lies where there is less.
 * @param room in the folder that the file is in
 */
function hollowDisk(context: TestContext, room: string): { disk: string; image: string; below: string } | undefined {
  const below = mounted(context, '-t', 'tmpfs', '-o', `size=${room}`, 'tmpfs');
  if (below === undefined) return undefined;
  const image = join(below, 'image');
  writeFileSync(image, '');
  truncateSync(image, 96 * MIB);
  const why = tried('mkfs.ext2', '-q', '-F', '-m', '0', image);
  if (why !== undefined) context.skip(`no file system can be made here: ${why}`);
  const disk = why === undefined ? mounted(context, '-o', 'loop', image) : undefined;
  return disk === undefined ? undefined : { disk, image, below };
}

/** What must hold after a download that a disk has ended. @returns how much of it is there */
async function leftBy(target: string, helpers: { close(): Promise<void> }): Promise<number> {
  assert.equal(existsSync(target), false, 'nothing partial has the name');
  await helpers.close();
  assert.equal(helperPods(cluster).length, 0, 'no helper pod stays');
  return statSync(`${target}.partial`).size;
}

/** Goes on with what is there. @returns with how much of it */
async function goneOnWith(target: string): Promise<number | undefined> {
  const { files, helpers } = workshop(opened);
  let kept: number | undefined;
  await download(opened, files, request(target), { onProgress: (progress) => (kept = progress.kept) });
  await helpers.close();
  assert.equal(sha256(target), TRUTH);
  assert.deepEqual(
    readdirSync(join(target, '..')).filter((name) => name.includes('partial')),
    [],
  );
  return kept;
}

describe('a download to a disk', () => {
  test('that becomes full says so, keeps what is there, and goes on when there is room', async (context) => {
    const disk = mounted(context, '-t', 'tmpfs', '-o', 'size=64m', 'tmpfs');
    if (disk === undefined) return;
    const { files, helpers } = workshop(opened);
    const target = join(disk, 'big.tar');
    // There is room enough at first; then somebody else takes it.
    const onProgress = () => {
      if (!existsSync(join(disk, 'other'))) execFileSync('fallocate', ['-l', '40M', join(disk, 'other')]);
    };
    const error = await failureOf(download(opened, files, request(target), { onProgress }));
    assert.equal(error.reason, 'no-space');
    assert.match(error.message, /There is no room left for \/.*\/big\.tar\. What is there of it is kept: make room/);
    const there = await leftBy(target, helpers);
    assert.ok(there > 8 * MIB && there < 24 * MIB, String(there));
    const again = await failureOf(download(opened, workshop(opened).files, request(target)));
    assert.equal(again.reason, 'no-space');
    assert.equal(statSync(`${target}.partial`).size, there, 'what is there stays, however often it is tried');
    truncateSync(join(disk, 'other'), 0);
    assert.equal(await goneOnWith(target), there);
  });

  test('that has refused a part takes nothing after it, for the sum would not be that of the file', async (context) => {
    const disk = mounted(context, '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs');
    if (disk === undefined) return;
    const of = { server: 's', node: 'n', path: '/p', size: 1024, modified: 1, inode: '1' };
    const file = await PartialFile.open(join(disk, 'big.tar'), of);
    context.after(() => file.discard());
    await file.append(noise(1000));
    assert.equal((await failureOf(file.append(noise(4 * MIB)))).reason, 'no-space');
    truncateSync(join(disk, 'big.tar.partial'), 1000);
    assert.equal((await failureOf(file.append(noise(10)))).reason, 'no-space');
    assert.equal(statSync(join(disk, 'big.tar.partial')).size, 1000);
  });

  // What a file system accepts it may be unable to write: that shows later, to nobody who is just writing.
  test('that turns out to be full behind the writer says so, and goes on with what it had taken', async (context) => {
    const hollow = hollowDisk(context, '20m');
    if (!hollow) return;
    const { files, helpers } = workshop(opened);
    const target = join(hollow.disk, 'big.tar');
    const error = await failureOf(download(opened, files, request(target)));
    assert.equal(error.reason, 'no-space');
    assert.match(error.message, /There is no room left for \/.*\/big\.tar\./);
    const there = await leftBy(target, helpers);
    assert.ok(there < 20 * MIB, `${String(there)} bytes cannot all be on the disk`);
    execFileSync('mount', ['-o', 'remount,size=200m', hollow.below]);
    assert.equal(await goneOnWith(target), there);
  });

  test('that fails behind the writer says so, and goes on with what it had taken when it is mended', async (context) => {
    const hollow = hollowDisk(context, '200m');
    if (!hollow) return;
    const { files, helpers } = workshop(opened);
    const target = join(hollow.disk, 'big.tar');
    const device = execFileSync('losetup', ['-j', hollow.image, '-n', '-O', 'NAME'], { encoding: 'utf8' }).trim();
    const resize = (size: number): void => {
      truncateSync(hollow.image, size);
      execFileSync('losetup', ['-c', device]);
    };
    // The disk loses its end.
    const onProgress = () => statSync(hollow.image).size > 24 * MIB && resize(24 * MIB);
    const error = await failureOf(download(opened, files, request(target), { onProgress }));
    assert.equal(error.reason, 'unwritable');
    assert.match(error.message, /The disk did not take all of \/.*\/big\.tar: it reports an error \(EIO\)/);
    const there = await leftBy(target, helpers);
    assert.ok(there < 24 * MIB, `${String(there)} bytes cannot all be on the disk`);
    resize(96 * MIB);
    assert.equal(await goneOnWith(target), there);
  });

  test('that lets no file be so large says so, and what is there goes on elsewhere', async () => {
    const folder = newFolder();
    const target = join(folder, 'big.tar');
    const environment = { KUBECONFIG: cluster.kubeconfig(), XDG_CACHE_HOME: temporary() };
    // In blocks of 512 bytes.
    const limited = [
      '-c',
      'ulimit -f 32768; exec "$@"',
      'sh',
      process.execPath,
      '--disable-warning=ExperimentalWarning',
    ];
    const child = spawn('sh', [...limited, MAIN, 'download', LOCATOR, '-o', folder], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString('utf8')));
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 1, stderr);
    assert.match(stderr, /big\.tar would be larger than its file system, or a limit of this process, lets a file be/);
    assert.equal(helperPods(cluster).length, 0);
    assert.equal(statSync(`${target}.partial`).size, 16 * MIB);
    const { code: second, stderr: complaint } = await program(['download', LOCATOR, '-o', folder], {
      env: environment,
    });
    assert.equal(second, 0, complaint);
    assert.match(readFileSync(`${target}.acquisition.json`, 'utf8'), new RegExp(`skip=${String(16 * MIB)} `));
    assert.equal(sha256(target), TRUTH);
  });
});
