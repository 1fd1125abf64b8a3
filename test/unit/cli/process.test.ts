import assert from 'node:assert/strict';
import { closeSync, copyFileSync, existsSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { test } from 'node:test';
import { run } from '../../../src/cli/run.ts';
import { archiveOf } from '../support/fixtures.ts';
import { Capture, cli, inFolder, program, start } from './support.ts';

const ARCHIVE = archiveOf('podman-counter-none');
const PACKAGE = join(import.meta.dirname, '../../../package.json');

test('the program prints results on stdout and ends with the exit code', async () => {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  assert.deepEqual(await program(['--version']), { code: 0, stdout: `checkpoint-explorer ${version}\n`, stderr: '' });
  const inspected = await program(['inspect', '--ps-tree-cmd', '--format', 'json', ARCHIVE]);
  assert.deepEqual([inspected.code, inspected.stderr], [0, '']);
  assert.equal((JSON.parse(inspected.stdout) as unknown[]).length, 1);
  const failed = await program(['show', '/nowhere.tar']);
  assert.deepEqual([failed.code, failed.stdout], [1, '']);
  assert.equal((await program(['show'])).code, 2);
});

test('list looks in the current folder', async () => {
  await inFolder(async (folder) => {
    copyFileSync(ARCHIVE, join(folder, 'here.tar'));
    const { code, stdout } = await program(['list', '--format', 'json'], { cwd: folder });
    assert.equal(code, 0);
    assert.ok((JSON.parse(stdout) as { locator: string }[]).some(({ locator }) => locator === 'here.tar'));
  });
});

test('a reader that goes away ends it without a word', async () => {
  const child = start(['decode', ARCHIVE]);
  child.stdout.destroy();
  const said: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.deepEqual([code, Buffer.concat(said).toString()], [0, '']);
});

/** The archive with one more entry before all others, whose content is a hole: large, and quickly made. */
function writeWithLargeEntry(path: string, size: number): void {
  const bytes = readFileSync(ARCHIVE);
  // The header of any file, with another name and size; the checksum counts itself as blanks.
  const at = bytes.indexOf('stats-dump\0');
  const header = Buffer.from(bytes.subarray(at, at + 512));
  header.fill(0, 0, 100).write('large');
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const file = openSync(path, 'w');
  writeSync(file, header, 0, 512, 0);
  writeSync(file, bytes, 0, bytes.length, 512 + size);
  closeSync(file);
}

test('Ctrl+C ends an extraction, and leaves no half file behind', async () => {
  await inFolder(async (folder) => {
    const archive = join(folder, 'large.tar');
    writeWithLargeEntry(archive, 8 * 1024 ** 3 - 1024);
    const out = join(folder, 'out');
    const child = start(['extract', archive, '--path', '/archive/large', '-o', out]);
    const said: Buffer[] = [];
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const large = join(out, 'archive/large');
    while (child.exitCode === null && !(existsSync(large) && statSync(large).size > 0)) await setTimeout(5);
    child.kill('SIGINT');
    assert.equal(await ended, 130, Buffer.concat(said).toString());
    assert.ok(!existsSync(large));
  });
});

test('progress is for a terminal only, and is wiped away before anything else is written', async () => {
  await inFolder(async (folder) => {
    const archive = join(folder, 'large.tar');
    writeWithLargeEntry(archive, 64 * 1024 ** 2);
    for (const isTTY of [false, true]) {
      const stdout = new Capture();
      const stderr = new Capture({ isTTY });
      const out = join(folder, String(isTTY));
      const args = ['extract', archive, '--path', '/archive/large', '-o', out];
      assert.equal(await run(args, { stdout: stdout.stream, stderr: stderr.stream }), 0);
      assert.match(stdout.text, /^1 file, 64\.0 MiB written to /);
      if (isTTY) assert.match(stderr.text, /^(\r\u001b\[KWriting: [^\r]*)+\r\u001b\[K$/);
      else assert.equal(stderr.text, '');
    }
  });
});

test('a terminal gets the evidence with escapes, a pipe as it is', async () => {
  const terminal = new Capture({ isTTY: true });
  const stderr = new Capture();
  assert.equal(await run(['proc', ARCHIVE, '4', 'cmdline'], { stdout: terminal.stream, stderr: stderr.stream }), 0);
  assert.equal(terminal.text, 'sleep\\u00001\\u0000');
  assert.equal((await cli('proc', ARCHIVE, '4', 'cmdline')).stdout, 'sleep\u00001\u0000');
});
