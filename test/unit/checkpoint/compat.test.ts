/**
 * A 32-bit program (i386) on a 64-bit kernel, dumped by CRIU 4.2.1 on Linux 6.18, and what /proc had said of it. It has
 * a filter that refuses socketcall, and waits in pause(2).
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { readAll } from '../../../src/core/bytes/read.ts';
import { openCheckpoint, type Checkpoint } from '../../../src/core/checkpoint/checkpoint.ts';

const RECORDED = join(import.meta.dirname, 'recorded');
const PID = 4206;

suite('a 32-bit process of 64-bit x86', () => {
  const folder = mkdtempSync(join(tmpdir(), 'compat-'));
  let checkpoint: Checkpoint;
  before(async () => {
    const locator = join(RECORDED, 'i386.tar.gz');
    checkpoint = await openCheckpoint({ locator, spill: { directory: folder, limit: 2 ** 30 } });
    await checkpoint.completed;
  });
  after(async () => {
    await checkpoint.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const read = async (path: string): Promise<Buffer> =>
    Buffer.from(await readAll(await checkpoint.files.open(`/proc/${String(PID)}/${path}`), 1 << 20));

  test('has the auxiliary vector of 32-bit words that the kernel had', async () => {
    assert.deepEqual(await read('auxv'), readFileSync(join(RECORDED, 'i386.auxv')));
  });

  test('has the arguments, and the columns of a 64-bit kernel', async () => {
    assert.equal((await read('cmdline')).toString(), '/tmp/c32\0one\0two\0');
    const lines = (await read('maps')).toString().split('\n');
    assert.ok(
      lines.includes('ff886000-ff8a7000 rw-p 00000000 00:00 0                                  [stack]'),
      lines.join('\n'),
    );
  });

  test('has 32-bit registers and pointers', async () => {
    const { pointerBytes, general } = await checkpoint.memory.registers(PID, PID);
    assert.equal(pointerBytes, 4);
    const values = new Map(general.map(({ name, value }) => [name, value]));
    // pause(2) of 32-bit x86.
    assert.deepEqual([values.get('orig_eax'), values.get('eip'), values.get('cs')], [29n, 0x8049077n, 0x23n]);
  });

  test('makes the calls of 32-bit x86', async () => {
    const summary = await checkpoint.isolation.seccompSummary(PID, PID);
    const [own] = summary?.verdicts ?? [];
    assert.equal(own?.architecture, 'I386');
    const refused = own.groups.find(({ actions }) => actions.includes('ERRNO(EPERM)'));
    assert.deepEqual(refused?.calls, ['socketcall']);
  });
});
