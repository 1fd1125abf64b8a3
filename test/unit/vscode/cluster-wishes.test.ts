import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CheckpointError } from '../../../src/core/errors.ts';
import { journalFolder } from '../../../src/core/restore/sandbox/journal-folder.ts';
import { parseReference } from '../../../src/core/restore/registry/reference.ts';
import { Rate } from '../../../src/protocol/rate.ts';
import type { ClusterWishes } from '../../../src/protocol/restore-api.ts';
import { say, sentence } from '../../../src/protocol/sentence.ts';
import { imageFor, repositoryOf, understand } from '../../../src/vscode/sandboxes/cluster-wishes.ts';
import { Steps } from '../../../src/vscode/sandboxes/steps.ts';

const WISHES: ClusterWishes = {
  context: 'lab',
  way: 'image',
  node: '',
  namespace: 'sandbox',
  createNamespace: false,
  image: 'registry.example:5000/checkpoints/web:1',
  pullSecret: '',
  lifetime: 60,
  move: false,
};

describe('what a person wants of a cluster', () => {
  test('is understood where it is whole', () => {
    assert.deepEqual(understand(WISHES), {
      image: { host: 'registry.example:5000', name: 'checkpoints/web', tag: '1' },
      lifetime: 3600,
    });
  });

  test('needs no image, and no secret for one, where the operator restores it', () => {
    assert.deepEqual(understand({ ...WISHES, way: 'operator', image: '', pullSecret: 'a b' }), { lifetime: 3600 });
    assert.ok('incomplete' in understand({ ...WISHES, way: 'operator', namespace: '' }));
  });

  const lacking: readonly (readonly [string, Partial<ClusterWishes>, RegExp])[] = [
    ['no image', { image: '' }, /Name the image/],
    ['an image under its digest', { image: `r.example/a@sha256:${'0'.repeat(64)}` }, /not where an image can be put/],
    ['an image with a command in it', { image: 'r.example/$(id):1' }, /not where an image can be put/],
    ['a namespace that is none', { namespace: '../kube-system' }, /Name the namespace/],
    ['no namespace', { namespace: '' }, /Name the namespace/],
    ['a secret that is none', { pullSecret: 'a b' }, /cannot be the name of a secret/],
    ['no end', { lifetime: 0 }, /how long/],
    ['an end that never comes', { lifetime: 1e9 }, /how long/],
    ['half a minute', { lifetime: 0.5 }, /how long/],
  ];
  for (const [what, part, why] of lacking) {
    test(`is not, with ${what}`, () => {
      const understood = understand({ ...WISHES, ...part });
      assert.ok('incomplete' in understood);
      assert.match(say(understood.incomplete), why);
    });
  }

  test('begins with a name for the image that can be one, whatever the archive is called', () => {
    for (const name of ['web', '../x', '$(id)', '', 'UPPER_case.9', '\u202e', undefined]) {
      const image = imageFor('r.example/checkpoints', name, '2026-11-23T22:31:03.123Z');
      const reference = parseReference(`docker://${image}`);
      assert.equal(reference.tag, '20261123t223103z');
      assert.equal(repositoryOf(reference), 'r.example/checkpoints');
    }
    assert.equal(imageFor('r.example/checkpoints', 'web', undefined), 'r.example/checkpoints/web:latest');
    assert.equal(imageFor('', 'web', undefined), '');
  });
});

describe('how far something is', () => {
  test('is told with how fast it goes, without what was there before', () => {
    const rate = new Rate();
    const MIB = 1024 ** 2;
    assert.equal(say(rate.describe(50 * MIB, 100 * MIB, 0)), '50 %');
    assert.equal(say(rate.describe(60 * MIB, 100 * MIB, 1000)), '60 %, 10.0 MiB/s, 4 s left');
    assert.equal(say(rate.describe(100 * MIB, 100 * MIB, 5000)), '100 %, 10.0 MiB/s, 0 s left');
  });

  test('is told where nobody knows how much there is', () => {
    const rate = new Rate();
    rate.describe(0, undefined, 0);
    assert.equal(say(rate.describe(4096, undefined, 1000)), '4.0 KiB, 4.0 KiB/s');
    assert.equal(say(new Rate().describe(0, 0, 0)), '100 %');
  });

  test('is not told a thousand times a second, but each step and its end are', () => {
    const steps = new Steps();
    const [reading, sending] = [sentence('Reading'), sentence('Sending')];
    const told: string[] = [];
    const tell = (what: typeof reading, done: number, at: number): void => {
      const step = steps.describe(what, { done, total: 100 }, at);
      if (step) told.push(`${say(step.what)} ${String(step.share)}`);
    };
    for (let at = 0; at <= 100; at++) tell(reading, at, at);
    for (let at = 0; at <= 50; at++) tell(sending, at, 100 + at);
    assert.deepEqual(told, ['Reading 0', 'Reading 1', 'Sending 0']);
  });
});

test('editor and command line write sandboxes down in one place', () => {
  assert.equal(journalFolder({ CHECKPOINT_EXPLORER_SANDBOXES: '/x' }, 'linux'), '/x');
  assert.equal(
    journalFolder({ XDG_STATE_HOME: '/state' }, 'linux'),
    join('/state', 'checkpoint-explorer', 'sandboxes'),
  );
  assert.ok(journalFolder({ XDG_STATE_HOME: 'relative' }, 'linux').endsWith(join('checkpoint-explorer', 'sandboxes')));
});

test('an error is known by its name, since each bundle has the class for itself', () => {
  class CheckpointErrorOfAnotherBundle extends Error {
    override readonly name = 'CheckpointError';
    readonly reason = 'not-found';
    readonly sentence = sentence('It is gone.');
  }
  assert.ok(CheckpointError.is(new CheckpointErrorOfAnotherBundle('It is gone.'), 'not-found'));
  assert.ok(!CheckpointError.is(new CheckpointErrorOfAnotherBundle('It is gone.'), 'forbidden'));
  assert.ok(!CheckpointError.is(new Error('x')));
  assert.ok(!CheckpointError.is({ name: 'CheckpointError', sentence: {}, reason: 'not-found' }));
});
