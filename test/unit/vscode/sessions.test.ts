import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Sessions } from '../../../src/vscode/sessions/sessions.ts';
import { silent } from './support/log.ts';

const program = { script: join(import.meta.dirname, 'support/worker.ts') };
const spill = () => ({ directory: '/nowhere', limit: 0 });

describe('sessions', () => {
  let sessions: Sessions;

  beforeEach(() => {
    sessions = new Sessions({ program, log: silent, spill });
  });
  afterEach(() => sessions.end());

  /** How many questions the thread behind a locator has answered: what tells one thread from another. */
  const asked = async (locator: string) =>
    sessions.use(locator, async (session) => Number((await session.ask((checkpoint) => checkpoint.hash())).hex));

  it('shares one thread among all users of a checkpoint, and gives each checkpoint its own', async () => {
    const [first, second, other] = [sessions.acquire('a'), sessions.acquire('a'), sessions.acquire('b')];
    await first.session.ask((checkpoint) => checkpoint.notes());
    await second.session.ask((checkpoint) => checkpoint.notes());
    assert.equal(await asked('a'), 2);
    assert.equal(await asked('b'), 0);
    assert.deepEqual(sessions.list(), [
      { locator: 'a', users: 2 },
      { locator: 'b', users: 1 },
    ]);
    for (const lease of [first, second, other]) lease.dispose();
  });

  it('keeps a checkpoint open for a moment after its last user', async () => {
    const lease = sessions.acquire('a');
    await lease.session.ask((checkpoint) => checkpoint.notes());
    lease.dispose();
    lease.dispose();
    assert.equal(await asked('a'), 1, 'a new thread was started');
  });

  it('ends the thread when the moment is over', async () => {
    sessions.grace = 1;
    const lease = sessions.acquire('a');
    const { session } = lease;
    lease.dispose();
    while (sessions.list().length > 0) await wait(1);
    await session.end();
    await assert.rejects(
      session.ask((checkpoint) => checkpoint.notes()),
      { reason: 'closed' },
    );
  });

  it('passes on why a checkpoint cannot be opened, as a sentence that can be translated', async () => {
    await assert.rejects(asked('broken:x'), {
      reason: 'not-a-checkpoint',
      template: '{0} is no checkpoint.',
      args: ['x.tar'],
    });
  });

  it('passes on cancellation', async () => {
    await sessions.use('slow:a', async (session) => {
      const controller = new AbortController();
      const slow = session.ask((checkpoint) => checkpoint.hash(controller.signal));
      await session.ask((checkpoint) => checkpoint.notes());
      controller.abort();
      await assert.rejects(slow, { reason: 'cancelled' });
      const notes = await session.ask((checkpoint) => checkpoint.notes());
      assert.equal(notes.length, 1, 'the thread was not told');
    });
  });

  it('tells every question that the thread died, and starts another when asked to', async () => {
    const lease = sessions.acquire('fatal:a');
    const { session } = lease;
    const both = [session.ask((checkpoint) => checkpoint.notes()), session.ask((checkpoint) => checkpoint.opened())];
    for (const question of both) await assert.rejects(question, { reason: 'crashed' });
    await assert.rejects(
      session.ask((checkpoint) => checkpoint.notes()),
      { reason: 'crashed' },
    );
    await assert.rejects(session.reopen(), { reason: 'crashed' });
    lease.dispose();
  });

  it('opens a checkpoint anew in another thread, and tells', async () => {
    const changed: string[] = [];
    sessions.onChanged(({ locator }) => changed.push(locator));
    const lease = sessions.acquire('a');
    await lease.session.ask((checkpoint) => checkpoint.notes());
    await Promise.all([lease.session.reopen(), lease.session.reopen()]);
    assert.equal(await asked('a'), 0);
    assert.deepEqual(changed, ['a']);
    lease.dispose();
  });

  it('keeps what was compiled for a thread for the next one, in a folder of its own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sessions-'));
    const compiled = join(folder, 'compiled');
    const kept = () => (existsSync(compiled) ? readdirSync(compiled, { recursive: true, withFileTypes: true }) : []);
    const keeping = new Sessions({ program: { ...program, compiled }, log: silent, spill });
    try {
      await keeping.use('a', (session) => session.ask((checkpoint) => checkpoint.notes()));
      await keeping.end();
      const files = kept().filter((entry) => entry.isFile());
      assert.ok(files.length > 0);
      const times = files.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs);
      await keeping.use('b', (session) => session.ask((checkpoint) => checkpoint.notes()));
      await keeping.end();
      const after = kept().filter((entry) => entry.isFile());
      assert.deepEqual(
        after.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs),
        times,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ends a thread that does not close by itself', async () => {
    const { session } = sessions.acquire('deaf:a');
    await session.ask((checkpoint) => checkpoint.notes());
    await sessions.end();
    await assert.rejects(
      session.ask((checkpoint) => checkpoint.notes()),
      { reason: 'closed' },
    );
  });
});
