import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { containerToldBy, type Acquisition } from '../../../src/protocol/acquisition.ts';
import { archiveOf } from '../support/fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'acquisition-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const RECORD: Acquisition = {
  format: 'checkpoint-explorer/acquisition',
  version: 1,
  archive: { name: 'a.tar', size: 1, sha256: 'a'.repeat(64) },
  source: {
    context: 'kind-dev',
    server: '127.0.0.1:6443',
    node: 'node-1',
    path: '/x/a.tar',
    modified: '2026-11-23T21:56:14Z',
  },
  user: { kubeconfig: 'u', cluster: 'jane', local: 'jane@desk' },
  started: { local: '2026-11-23T22:00:00Z', node: '2026-11-23T22:00:03Z' },
  finished: { local: '2026-11-23T22:00:10Z' },
  transfer: { helper: { namespace: 'lab', pod: 'p', image: 'busybox' }, commands: [], resumed: 0 },
  tool: { name: 'checkpoint-explorer', version: '1', platform: 'linux x64' },
};

async function acquisitionBeside(content: string | undefined): Promise<unknown> {
  const archive = join(folder, 'a.tar');
  copyFileSync(archiveOf('crio-tty'), archive);
  if (content !== undefined) writeFileSync(`${archive}.acquisition.json`, content);
  const checkpoint = await openCheckpoint({
    locator: archive,
    spill: { directory: join(folder, 'spill'), limit: 1e9 },
  });
  try {
    return (await checkpoint.overview()).acquisition;
  } finally {
    await checkpoint.close();
    rmSync(`${archive}.acquisition.json`, { recursive: true, force: true });
  }
}

test('the record beside an archive is part of its overview', async () => {
  assert.deepEqual(await acquisitionBeside(JSON.stringify(RECORD)), RECORD);
});

test('what is no record is as if it were not there', async () => {
  const { finished: _finished, ...partial } = RECORD;
  const others = [undefined, '', 'null', '{', '[]', '{"format":"x"}', JSON.stringify(partial)];
  const wrong = [
    { ...RECORD, version: 2 },
    { ...RECORD, source: 'x' },
    { ...RECORD, started: { local: 1, node: 2 } },
  ];
  const long = JSON.stringify({ ...RECORD, more: 'x'.repeat(100_000) });
  for (const content of [...others, ...wrong.map((one) => JSON.stringify(one)), long]) {
    assert.equal(await acquisitionBeside(content), undefined, content?.slice(0, 60));
  }
  mkdirSync(join(folder, 'a.tar.acquisition.json'));
  assert.equal(await acquisitionBeside(undefined), undefined);
});

test('what an archive says of itself is in a record as far as it is a name', () => {
  const pod = { namespace: 'lab', name: 'web', uid: 'u'.repeat(2000) };
  const container = { name: 'app', id: '' };
  assert.deepEqual(containerToldBy({ container, pod, image: { name: 'img', id: 'abc' } }), {
    told_by: 'archive',
    namespace: 'lab',
    pod: 'web',
    name: 'app',
    image: 'img',
    image_id: 'abc',
  });
  assert.equal(containerToldBy({ container, pod: { ...pod, name: 'x'.repeat(2000) } }), undefined);
  assert.equal(containerToldBy({ container: {}, pod }), undefined);
});
