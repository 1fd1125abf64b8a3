/**
 * Archives in which what they ask for stands where an engine finds it and another reader does not: two entries of one name,
 * links, names in other letters. Podman runs such hooks as root on the host. None of it is restored.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { oddMembers } from '../../../src/core/checkpoint/description-doubts.ts';
import { checkRestore } from '../../../src/core/restore/compatibility/check.ts';
import { readCheckpointFacts, type CheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { blockersOf } from '../../../src/core/restore/compatibility/finding.ts';
import { archiveOf } from '../support/fixtures.ts';
import { members, writeTar, type Member } from '../support/repack.ts';
import { inFolder, withCheckpoint } from './support.ts';

const HOOKS = '{"poststop":[{"path":"/bin/evil"}]}';
const original = await members(archiveOf('podman-counter-none'));

function isNamed(name: string): (member: Member) => boolean {
  return ({ header }) => header.name.replace(/^\.\//, '') === name;
}

function textOf(name: string): string {
  return original.find(isNamed(name))?.content.toString('utf8').trimEnd() ?? '';
}

/** An object's text with more members at its end. */
function withMembers(name: string, more: string): string {
  return `${textOf(name).slice(0, -1)},${more}}`;
}

function changed(name: string, text: string): readonly Member[] {
  return original.map((member) => (isNamed(name)(member) ? { ...member, content: Buffer.from(text) } : member));
}

const evil = { header: { name: 'spec.dump' }, content: Buffer.from(withMembers('spec.dump', `"hooks":${HOOKS}`)) };
const without = original.filter((member) => !isNamed('spec.dump')(member));
const link = (type: 'link' | 'symlink'): Member => ({
  header: { name: 'spec.dump', type, linkname: 'other' },
  content: Buffer.alloc(0),
});
const other = { ...evil, header: { name: 'other' } };

/** As an engine would read them, each has hooks, or is privileged. */
const DISGUISES: Readonly<Record<string, readonly Member[]>> = {
  'a member in other letters': changed('spec.dump', withMembers('spec.dump', `"Hooks":${HOOKS}`)),
  'a member in letters that only look different': changed(
    'spec.dump',
    withMembers('spec.dump', `"hook\u017f":${HOOKS}`),
  ),
  'a member with an escaped letter': changed('spec.dump', withMembers('spec.dump', `"\\u0048ooks":${HOOKS}`)),
  'a member that stands twice': changed('spec.dump', withMembers('spec.dump', `"hooks":${HOOKS},"hooks":{}`)),
  'a privilege in other letters': changed('config.dump', withMembers('config.dump', '"PRIVILEGED":true')),
  'a member further inside': changed(
    'spec.dump',
    textOf('spec.dump').replace(/"linux":\s*\{/, (linux) => `${linux}"Devices":[],`),
  ),
  'two entries of a name': [...original, evil],
  'two entries of a name, but for dots': [...original, { ...evil, header: { name: 'x/../spec.dump' } }],
  'a hard link': [...original, other, link('link')],
  'a hard link alone': [...without, other, link('link')],
  'a symbolic link': [...without, other, link('symlink')],
  'a folder that is a link': [
    ...original,
    { header: { name: 'd', type: 'symlink', linkname: '.' }, content: Buffer.alloc(0) },
    { ...evil, header: { name: 'd/spec.dump' } },
  ],
  'no description': without,
  'a description that is no object': changed('spec.dump', '[]'),
  'a description longer than any': changed('spec.dump', `${' '.repeat(17 * 1024 * 1024)}{}`),
};

function factsOf(list: readonly Member[]): Promise<CheckpointFacts> {
  return inFolder(async (folder, spill) => {
    const path = join(folder, 'archive.tar');
    await writeTar(path, list);
    return withCheckpoint(path, spill, (checkpoint) => readCheckpointFacts(checkpoint));
  });
}

describe('an archive is not restored that hides what it asks for in', () => {
  for (const [what, list] of Object.entries(DISGUISES)) {
    test(what, async () => {
      const findings = checkRestore(await factsOf(list), { kind: 'podman' });
      // Whatever somebody agrees to.
      const standing = blockersOf(findings, new Set(findings.map(({ id }) => id))).map(({ id }) => id);
      assert.ok(standing.includes('form'), JSON.stringify(standing));
    });
  }
});

test('what people name as they like is no disguise', async () => {
  const labels = '"labels":{"Hooks":"a","hooks":"b","Type":"c","type":"d"}';
  const text = textOf('config.dump').replace('"labels":', '"x-labels":');
  assert.deepEqual((await factsOf(changed('config.dump', `${text.slice(0, -1)},${labels}}`))).doubts, []);
  assert.deepEqual(oddMembers('{"a":[{"b":"{\\"Hooks\\":1}"},{"b":"\\\\"}],"c":{"b":1}}'), []);
  assert.equal(oddMembers(`{${'"Hooks":1,'.repeat(1000)}"a":1}`).length, 10);
});

test('what Podman takes out of its own description is told', async () => {
  const asked = JSON.stringify({
    rootfs: '/',
    netNsCtr: 'f'.repeat(64),
    conmonPidFile: '/etc/cron.d/x',
    pid_file: '/run/containers/storage/../../../etc/x',
    timezone: '../../../etc/shadow',
    exitCommand: ['/bin/evil'],
    secrets: [{ name: 'db' }, null],
    secret_env: { TOKEN: { name: 'token' } },
    overlayVolumes: [{ dest: '/x', source: '/root' }],
    restart_policy: 'always',
    startupHealthCheck: { Test: ['CMD', 'true'] },
  }).slice(1, -1);
  const text = textOf('config.dump').replace('"conmonPidFile":', '"x":').replace('"pid_file":', '"y":');
  const read = await factsOf(changed('config.dump', `${text.slice(0, -1)},${asked}}`));
  assert.deepEqual(read.demands.ofPodman, [
    'rootfs=/',
    `netNsCtr=${'f'.repeat(64)}`,
    'conmonPidFile=/etc/cron.d/x',
    'pid_file=/run/containers/storage/../../../etc/x',
    'timezone=../../../etc/shadow',
    'exitCommand=/bin/evil',
    'overlayVolumes=/root',
    'secrets=db',
    'secrets=?',
    'secret_env=TOKEN',
  ]);
  assert.deepEqual([read.doubts, read.restartPolicy, read.hasHealthCheck], [[], 'always', true]);
});

test('capabilities are told of every thread, and of what the spec asks for', async () => {
  const spec = JSON.parse(textOf('spec.dump')) as { process: { capabilities: Record<string, string[]> } };
  spec.process.capabilities['bounding']?.push('CAP_SYS_ADMIN');
  const read = await factsOf(changed('spec.dump', JSON.stringify(spec)));
  assert.deepEqual(read.demands.capabilities, ['CAP_SYS_ADMIN']);
});
