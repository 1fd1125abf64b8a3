import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openCheckpoint } from '../../../src/core/checkpoint/checkpoint.ts';
import { say } from '../../../src/protocol/sentence.ts';
import { archiveOf } from '../support/fixtures.ts';
import { members, writeTar } from '../support/repack.ts';

// As Docker keeps a checkpoint: images and options in one folder, which somebody packed with its name or without.
const CONFIG = {
  created: '2026-03-04T05:06:07.89Z',
  name: 'before-upgrade',
  tcp: true,
  unixSockets: false,
  shell: false,
  exit: true,
};
let folder: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'checkpoint-docker-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function packed(prefix: string, config: object): Promise<string> {
  const path = join(folder, 'docker.tar');
  const images = (await members(archiveOf('podman-counter-none'))).flatMap((member) => {
    const name = /^(?:\.\/)?checkpoint\/(.+\.img|descriptors\.json)$/.exec(member.header.name)?.[1];
    return name === undefined ? [] : [{ header: { ...member.header, name: prefix + name }, content: member.content }];
  });
  const content = Buffer.from(JSON.stringify(config));
  await writeTar(path, [...images, { header: { name: `${prefix}config.json` }, content }]);
  return path;
}

for (const prefix of ['', 'checkpoints/before-upgrade/']) {
  test(`what Docker kept beside the images of a checkpoint is shown, packed below "${prefix}"`, async () => {
    const locator = await packed(prefix, CONFIG);
    const checkpoint = await openCheckpoint({ locator, spill: { directory: join(folder, 'spill'), limit: 0 } });
    try {
      const { engine, checkpointed, checkpointedFrom, completeness } = await checkpoint.overview();
      assert.deepEqual([engine, checkpointed, checkpointedFrom], ['docker', CONFIG.created, 'engine']);
      const metadata = completeness.find(({ part }) => part === 'metadata');
      assert.match(metadata ? say(metadata.text) : '', /^This is the checkpoint before-upgrade as Docker keeps it/);
      const name = `${prefix}config.json`;
      assert.ok((await checkpoint.logs.configurationFiles()).some((file) => file.name === name));
      const { nodes } = await checkpoint.logs.configuration(name);
      assert.deepEqual(nodes.map(({ key }) => key).sort(), Object.keys(CONFIG).sort());
      assert.deepEqual(
        (await checkpoint.notes()).filter(({ where }) => where === name),
        [],
      );
    } finally {
      await checkpoint.close();
    }
  });
}

test('options of Docker that are of another type are noted, and the time is that of the images', async () => {
  const locator = await packed('', { ...CONFIG, created: 1, name: null });
  const checkpoint = await openCheckpoint({ locator, spill: { directory: join(folder, 'spill'), limit: 0 } });
  try {
    assert.equal((await checkpoint.overview()).checkpointedFrom, 'entries');
    const notes = (await checkpoint.notes()).filter(({ where }) => where === 'config.json');
    assert.deepEqual(
      notes.map(({ text }) => say(text)),
      ['created in config.json is of the JSON type number where engines write string. It is not shown.'],
    );
  } finally {
    await checkpoint.close();
  }
});
