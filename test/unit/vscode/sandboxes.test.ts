import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Overview } from '../../../src/protocol/overview.ts';
import type { CheckpointFacts } from '../../../src/protocol/restore-facts.ts';
import { say, sentence } from '../../../src/protocol/sentence.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { readCheckpointFacts } from '../../../src/core/restore/compatibility/checkpoint-facts.ts';
import { SandboxJournal } from '../../../src/core/restore/sandbox/journal.ts';
import type { Sandbox, SandboxRecord, SandboxState } from '../../../src/core/restore/sandbox/sandbox.ts';
import { fileSubject } from '../../../src/core/restore/sandbox/subject.ts';
import { shellWords } from '../../../src/core/restore/sandbox/shell.ts';
import { RestoreFailed } from '../../../src/core/restore/sandbox/why-it-failed.ts';
import { SandboxList } from '../../../src/vscode/sandboxes/sandbox-list.ts';
import { sandboxRow } from '../../../src/vscode/sandboxes/sandbox-row.ts';
import { explainFailure, Restoring } from '../../../src/vscode/sandboxes/restoring.ts';
import { inFolder, NO_DEMANDS, withCheckpoint } from '../restore/support.ts';

const HOSTILE = '$(touch pwned)\u202e\n| [x](command:y) |';

const RECORD: SandboxRecord = {
  id: '0123abcdef',
  kind: 'podman',
  name: 'checkpoint-web-0123abcdef',
  locator: '/evidence/web.tar',
  created: '2026-11-26T20:00:00.000Z',
  prefix: [],
  things: [{ kind: 'volume', name: 'data' }],
};

const FIXTURES = join(import.meta.dirname, '..', '..', 'fixtures');
const COUNTER = join(FIXTURES, 'podman-counter-none', 'counter-none.tar');

/** The facts of a real archive, with changes. */
function withFacts(more: Partial<CheckpointFacts>, use: (facts: CheckpointFacts) => Promise<void>): Promise<void> {
  return inFolder((_, spill) =>
    withCheckpoint(COUNTER, spill, async (checkpoint) => use({ ...(await readCheckpointFacts(checkpoint)), ...more })),
  );
}

/** A way to restore that writes down what it was asked for. */
class Place implements Sandbox {
  readonly kind = 'podman';
  readonly ran: string[] = [];
  readonly states: SandboxState[] = [];
  #plans = 0;

  detect(): ReturnType<Sandbox['detect']> {
    return Promise.resolve({ kind: 'podman' });
  }

  plan(...[, , { tcp }]: Parameters<Sandbox['plan']>): ReturnType<Sandbox['plan']> {
    const id = `plan${String(++this.#plans)}`;
    const command = ['podman', 'restore', '--name', 'a b', ...(tcp === undefined ? [] : [`--tcp-${tcp}`])];
    return { kind: 'podman', id, steps: [{ what: sentence('Restore {0}.', HOSTILE), command }] };
  }

  run(...[{ id }]: Parameters<Sandbox['run']>): Promise<SandboxRecord> {
    this.ran.push(id);
    return Promise.resolve(RECORD);
  }

  state(): Promise<SandboxState> {
    const state = this.states.shift();
    return state === undefined ? Promise.reject(new Error('nobody answers')) : Promise.resolve(state);
  }

  logs(): Promise<string> {
    return Promise.resolve('');
  }

  remove(): Promise<void> {
    return Promise.resolve();
  }
}

function restoring(facts: CheckpointFacts, place = new Place()): { restoring: Restoring; place: Place } {
  const archive = { locator: COUNTER, facts, overview: {} as Overview };
  const target = { kind: 'podman', engine: 'podman', engineVersion: '5.8.6' } as const;
  return { restoring: new Restoring(fileSubject(archive), { kind: 'podman', sandbox: place, target }), place };
}

describe('a restore that is looked at before it starts', () => {
  test('is not started while something stands in the way that nobody agreed to', () =>
    withFacts({ isDamaged: true, demands: { ...NO_DEMANDS, hooks: ['/bin/evil'] } }, async (facts) => {
      const { restoring: one, place } = restoring(facts);
      const { plan, findings } = one.review;
      const toAgree = findings.filter(({ canBeAgreedTo }) => canBeAgreedTo).map(({ id }) => id);
      assert.ok(toAgree.includes('hooks') && toAgree.includes('complete'));
      assert.ok(plan !== null);
      await assert.rejects(one.run(plan, [], {}), /./);
      await assert.rejects(one.run(plan, ['hooks'], {}), /./);
      assert.deepEqual(place.ran, []);
      assert.equal(await one.run(plan, toAgree, {}), RECORD);
      assert.deepEqual(place.ran, [plan]);
    }));

  test('is not started because somebody agreed to what cannot be agreed to', () =>
    withFacts({ hasParent: true }, async (facts) => {
      const { restoring: one, place } = restoring(facts);
      const { plan, findings } = one.review;
      assert.equal(findings[0]?.verdict, 'blocker', 'what stands in the way is not first');
      await assert.rejects(
        one.run(
          plan ?? '',
          findings.map(({ id }) => id),
          {},
        ),
        /earlier dump/,
      );
      assert.deepEqual(place.ran, []);
    }));

  test('does what was seen, and no plan of before a choice', () =>
    withFacts({ connections: ['10.0.0.1:80 ↔ 10.0.0.2:4711'] }, async (facts) => {
      const { restoring: one, place } = restoring(facts);
      const before = one.review;
      assert.deepEqual(before.tcp, { choice: undefined, connections: 1 });
      one.choose({ tcp: 'close' });
      const after = one.review;
      assert.notEqual(after.plan, before.plan);
      assert.match(after.steps[0]?.command ?? '', /--tcp-close/);
      const agreed = after.findings.map(({ id }) => id);
      await assert.rejects(one.run(before.plan ?? '', agreed, {}), /look again/);
      await one.run(after.plan ?? '', agreed, {});
      assert.deepEqual(place.ran, [after.plan]);
    }));

  test('gives what it would do as a script in which no name becomes a command', () =>
    withFacts({}, (facts) => {
      const lines = restoring(facts).restoring.script(say).trimEnd().split('\n');
      assert.deepEqual(lines.length, 2);
      assert.match(lines[0] ?? '', /^# Restore /);
      assert.equal(lines[1], "podman restore --name 'a b'");
      return Promise.resolve();
    }));

  test('shows what is given to a command, and takes it along in the script', () =>
    withFacts({}, (facts) => {
      const place = new Place();
      const command = ['sh', '-c', 'cat > "$1"', 'sh', '/var/tmp/pod.json'];
      const manifest = `{\n  "name": ${JSON.stringify(HOSTILE)}\n}\n`;
      place.plan = () => ({ kind: 'podman', id: 'one', steps: [{ what: sentence('Write it.'), command, manifest }] });
      const { restoring: one } = restoring(facts, place);
      assert.equal(one.review.steps[0]?.content, manifest);
      const lines = one.script(say).trimEnd().split('\n');
      assert.deepEqual(lines.slice(0, 2), [
        '# Write it.',
        `sh -c 'cat > "$1"' sh /var/tmp/pod.json <<'END_OF_CONTENT'`,
      ]);
      assert.equal(`${lines.slice(2, -1).join('\n')}\n`, manifest);
      assert.equal(lines.at(-1), 'END_OF_CONTENT');
      return Promise.resolve();
    }));

  test('says why nothing can be planned', () =>
    withFacts({}, async (facts) => {
      const place = new Place();
      place.plan = () => {
        throw new CheckpointError('unsupported', sentence('{0} cannot be the name of a volume.', '-x'));
      };
      const { restoring: one } = restoring(facts, place);
      assert.equal(one.review.plan, null);
      assert.equal(say(one.review.noPlan ?? sentence('')), '-x cannot be the name of a volume.');
      await assert.rejects(
        one.run(
          '',
          one.review.findings.map(({ id }) => id),
          {},
        ),
        /name of a volume/,
      );
    }));

  test('tells of a failure what it means, and what there is to read', () => {
    const causes = [{ line: 'Error (criu/x.c:1): y', meaning: sentence('It means this.') }];
    const { failure, log } = explainFailure(new RestoreFailed(sentence('It failed.'), causes, 'all of it'));
    assert.deepEqual(failure, { text: sentence('It failed.'), causes, hasLog: true });
    assert.equal(log, 'all of it');
    assert.deepEqual(explainFailure(new CheckpointError('not-found', sentence('Gone.'))).failure.causes, []);
  });
});

describe('the rows of sandboxes', () => {
  const wording = {
    now: Date.parse('2026-11-26T20:03:00Z'),
    locale: 'en',
    translate: (template: string, ...args: (string | number)[]) => say({ template, args }),
  };

  test('say what was restored, where, and since when', () => {
    const row = sandboxRow({ record: RECORD, state: 'running' }, wording);
    assert.equal(row.label, 'web (restored)');
    assert.equal(row.description, 'Podman · running · 3 min ago');
    assert.equal(row.context, 'sandbox.running.podman');
    assert.match(row.tooltip, /data/);
    const remote = sandboxRow({ record: { ...RECORD, prefix: ['ssh', 'root@lab'] }, state: 'gone' }, wording);
    assert.equal(remote.description, 'Podman · root@lab · gone · 3 min ago');
  });

  test('show hostile names as they are', () => {
    const record = { ...RECORD, name: HOSTILE, locator: `/x/${HOSTILE}` };
    const row = sandboxRow({ record, state: undefined }, wording);
    for (const text of [row.label, row.description]) assert.ok(!/[\u202e\n]/.test(text), text);
    assert.ok(!row.tooltip.includes('[x](command'), row.tooltip);
    assert.ok(row.tooltip.split('\n').every((line) => line.startsWith('|') && line.endsWith('|')));
  });

  test('lead to a shell by words only, in the network of the sandbox', { skip: process.platform === 'win32' }, () =>
    inFolder(async (folder) => {
      const podman = join(folder, 'podman');
      writeFileSync(
        podman,
        '#!/bin/sh\n[ "$*" = "container inspect --format {{.State.Pid}} $NAME" ] && echo "$ANSWER" && exit\nexit 125\n',
      );
      chmodSync(podman, 0o755);
      const shell = (answer: string) =>
        shellWords({
          ...RECORD,
          name: HOSTILE,
          prefix: ['env', `PATH=${folder}:/usr/bin:/bin`, `NAME=${HOSTILE}`, `ANSWER=${answer}`],
        });
      assert.deepEqual((await shell('4711'))?.slice(4), [
        ...['nsenter', '--net=/proc/4711/ns/net', '--'],
        ...['podman', 'exec', '--interactive', '--tty', HOSTILE, 'sh'],
      ]);
      for (const ended of ['0', '', '1; reboot']) assert.equal(await shell(ended), undefined, ended);
    }),
  );

  test('ask ssh for a terminal', { skip: process.platform === 'win32' }, () =>
    inFolder(async (folder) => {
      const ssh = join(folder, 'ssh');
      writeFileSync(ssh, '#!/bin/sh\necho 12\n');
      chmodSync(ssh, 0o755);
      const words = await shellWords({ ...RECORD, prefix: [ssh, 'root@lab'] });
      assert.deepEqual(words?.slice(0, 4), [ssh, '-t', 'root@lab', 'nsenter']);
    }),
  );

  test('find the container of a pod of CRI-O’s for its shell', { skip: process.platform === 'win32' }, () =>
    inFolder(async (folder) => {
      const [pod, container] = ['a'.repeat(64), 'b'.repeat(64)];
      const crictl = join(folder, 'crictl');
      const label = `checkpoint-explorer/sandbox=${RECORD.id}`;
      writeFileSync(
        crictl,
        `#!/bin/sh\ncase "$*" in\n"--timeout 600s pods --label ${label} --quiet") echo ${pod} ;;\n` +
          `"--timeout 600s ps --pod ${pod} --quiet") echo warning; echo ${container} ;;\nesac\n`,
      );
      chmodSync(crictl, 0o755);
      const prefix = ['env', `PATH=${folder}:/usr/bin:/bin`];
      assert.deepEqual(await shellWords({ ...RECORD, kind: 'crio', prefix }), [
        ...prefix,
        ...['crictl', 'exec', '--interactive', '--tty', container, 'sh'],
      ]);
      assert.equal(await shellWords({ ...RECORD, id: 'other', kind: 'crio', prefix }), undefined);
    }),
  );
});

describe('the list of sandboxes', () => {
  const scene = (folder: string, mayLook = true) => {
    const place = new Place();
    const journal = new SandboxJournal(join(folder, 'journal'));
    let changes = 0;
    const list = new SandboxList({
      journal,
      placeOf: () => Promise.resolve(place),
      mayLook: () => mayLook,
      onChanged: () => changes++,
    });
    const states = async () => (await list.items()).map(({ state }) => state);
    return { place, journal, list, states, changes: () => changes };
  };

  test('survives a restart, and says what is gone', () =>
    inFolder(async (folder) => {
      await scene(folder).journal.put(RECORD);
      const { place, list, states } = scene(folder);
      place.states.push('running', 'gone');
      assert.deepEqual(
        (await list.items()).map(({ record }) => record),
        [RECORD],
      );
      await list.look();
      assert.deepEqual(await states(), ['running']);
      await list.look();
      assert.deepEqual(await states(), ['gone']);
      await list.look();
      assert.deepEqual(await states(), ['unknown'], 'nobody answered');
    }));

  test('sees what another window made and removed', () =>
    inFolder(async (folder) => {
      const { place, list, states, changes } = scene(folder);
      assert.deepEqual(await states(), []);
      const other = scene(folder).journal;
      await other.put(RECORD);
      place.states.push('running');
      await list.look();
      assert.deepEqual(await states(), ['running']);
      await other.remove(RECORD.id);
      const before = changes();
      await list.look();
      assert.ok(changes() > before, 'nobody was told');
      assert.deepEqual(await states(), []);
    }));

  test('runs nothing where nothing may be run', () =>
    inFolder(async (folder) => {
      const { place, journal, list, states } = scene(folder, false);
      await journal.put(RECORD);
      place.states.push('running');
      await list.look();
      assert.deepEqual(await states(), ['unknown']);
      assert.deepEqual(place.states, ['running'], 'a command was run');
    }));
});
