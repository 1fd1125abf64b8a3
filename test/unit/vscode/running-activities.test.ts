import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RunningActivities } from '../../../src/vscode/cluster/running-activities.ts';
import { isCancelled } from '../../../src/vscode/failure.ts';
import { until } from '../support/until.ts';

test('a row is drawn when something begins, says something else, or ends, and not as time or bytes pass', () => {
  const drawn: (string | undefined)[] = [];
  const activities = new RunningActivities((id) => drawn.push(activities.text(id)));
  let ended = 0;
  const activity = activities.start('row', 'Downloading a.tar', 'downloading', () => ended++);
  activity.update('41 %, 10 MB/s, 9 s left', '40 %');
  activity.update('47 %, 11 MB/s, 8 s left', '40 %');
  assert.deepEqual(
    activities.all(Date.now()).map(({ title, progress }) => [title, progress]),
    [['Downloading a.tar', '47 %, 11 MB/s, 8 s left']],
  );
  activity.update('52 %, 11 MB/s, 7 s left', '50 %');
  activity.end();
  activity.end();
  activity.update('late', '90 %');
  assert.deepEqual(drawn, ['downloading', 'downloading · 40 %', 'downloading · 50 %', undefined]);
  assert.equal(ended, 1);
});

test('what tells no progress is shown by the time that has passed, beside its row', () => {
  const activities = new RunningActivities(() => undefined);
  const activity = activities.start('row', 'Checkpointing web', 'checkpointing', () => undefined);
  const [at] = activities.all(Date.now() + 125_000);
  assert.equal(at?.progress, '2 min 5 s');
  assert.equal(activities.text('row'), 'checkpointing');
  activities.cancel('row');
  assert.equal(activity.signal.aborted, true);
});

test('what is waited for before anything else is shown once it lasts, and can be given up', async () => {
  const activities = new RunningActivities(() => undefined);
  let changes = 0;
  const options = { onChanged: () => changes++, unnoticed: 20 };
  const titles = (): readonly string[] => activities.all(Date.now()).map(({ title }) => title);
  assert.equal(await activities.waitFor('Waiting for fast', () => Promise.resolve(1), options), 1);
  assert.equal(changes, 0);

  const answered = Promise.withResolvers<number>();
  const slow = activities.waitFor('Waiting for slow', () => answered.promise, options);
  await until(() => changes === 1);
  assert.deepEqual(titles(), ['Waiting for slow']);
  answered.resolve(2);
  assert.equal(await slow, 2);
  assert.deepEqual([changes, titles()], [2, []]);

  let seen: AbortSignal | undefined;
  const never = activities.waitFor(
    'Waiting for hangs',
    (signal) => {
      seen = signal;
      return new Promise(() => undefined);
    },
    options,
  );
  await until(() => titles().length === 1);
  const [one] = activities.all(Date.now());
  activities.cancel(one?.id ?? '');
  await assert.rejects(never, isCancelled);
  assert.equal(seen?.aborted, true);
  assert.deepEqual(titles(), []);
});

test('what is waited for is given up with all else before it is shown, too', { timeout: 20_000 }, async () => {
  const activities = new RunningActivities(() => undefined);
  let changes = 0;
  const hangs = () => new Promise(() => undefined);
  const waiting = activities.waitFor('Waiting for hangs', hangs, { onChanged: () => changes++, unnoticed: 200 });
  activities.cancelAll();
  await assert.rejects(waiting, isCancelled);
  await sleep(250);
  assert.deepEqual([changes, activities.all(Date.now())], [0, []]);
});
