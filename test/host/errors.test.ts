import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { RemoteError } from '../../src/protocol/channel.ts';
import { Errors, isCancelled, withoutLinks } from '../../src/vscode/errors.ts';

describe('what a failure says', () => {
  const logged: string[] = [];
  const log = (text: string | Error) => void logged.push(text instanceof Error ? text.message : text);
  const errors = new Errors({ debug: log, info: log, warn: log, error: log }, () => undefined);

  beforeEach(() => logged.splice(0));

  it('is the sentence of its reason, in which nothing is invisible', () => {
    const error = new RemoteError({
      reason: 'damaged',
      message: 'x',
      template: '{0} is damaged at byte {1}.',
      args: ['a\u202eb', 7],
    });
    assert.match(errors.words(error), /^a.*202e.*b is damaged at byte 7\.$/i);
  });

  it('has no links, whatever an archive is called', () => {
    assert.equal(withoutLinks('[x](command:y) is gone.'), '[x] (command:y) is gone.');
  });

  it('is never the message of an error that nobody foresaw: that is for the log', () => {
    const error = new TypeError("Cannot read properties of undefined (reading 'x')");
    assert.ok(!errors.words(error).includes('properties'));
    const { reason, message } = errors.forPage(error);
    assert.equal(reason, 'internal');
    assert.ok(!message.includes('properties'));
    assert.deepEqual(logged, [error.message]);
  });

  it('is nothing where a person cancelled', async () => {
    const cancelled = [new vscode.CancellationError(), new RemoteError({ reason: 'cancelled', message: 'Cancelled.' })];
    for (const error of cancelled) {
      assert.ok(isCancelled(error));
      await errors.report(error);
    }
    assert.deepEqual(logged, []);
  });

  it('is said once', async () => {
    const error = new RemoteError({ reason: 'damaged', message: 'It is damaged.' });
    void errors.report(error);
    await errors.report(error);
    assert.equal(logged.length, 1);
    await vscode.commands.executeCommand('notifications.clearAll');
  });
});
