import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, test } from 'node:test';
import { say } from '../../../src/protocol/sentence.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import { findLogin, type CredentialOptions } from '../../../src/core/restore/registry/credentials.ts';
import { Secrets } from '../../../src/core/secrets.ts';
import { until } from '../support/until.ts';
import { inFolder } from './support.ts';

const HOST = 'registry.example';

/** A credential helper that does what a script says, by the name `lab` in PATH. */
function withHelper(script: string, use: (options: CredentialOptions, folder: string) => Promise<void>): Promise<void> {
  return inFolder(async (folder) => {
    const helper = join(folder, 'bin', 'docker-credential-lab');
    mkdirSync(join(folder, 'bin'));
    writeFileSync(helper, `#!/bin/sh\n${script}\n`);
    chmodSync(helper, 0o755);
    const file = join(folder, 'auth.json');
    writeFileSync(file, JSON.stringify({ credHelpers: { [HOST]: 'lab' } }));
    const path = [join(folder, 'bin'), process.env['PATH']].join(delimiter);
    await use({ environment: { PATH: path, HOME: folder, FOLDER: folder }, secrets: new Secrets(), file }, folder);
  });
}

/** Goes on for a while, with a child of its own that keeps its output open. */
const HANGS = 'touch "$FOLDER/asked"; trap "" TERM; sleep 20 & sleep 20';

describe('a credential helper', { skip: process.platform === 'win32' }, () => {
  test('is named where its credentials come from', () =>
    withHelper('printf \'{"Username":"ada","Secret":"sesame-open"}\'', async (options) => {
      const login = await findLogin(HOST, 'lab/app', options);
      assert.deepEqual(login, { username: 'ada', password: 'sesame-open', from: 'docker-credential-lab' });
    }));

  test('that does not answer is ended, and said to be late', () =>
    withHelper(HANGS, async (options) => {
      await assert.rejects(findLogin(HOST, 'lab/app', { ...options, patience: 300 }), (error) => {
        assert.ok(CheckpointError.is(error, 'credentials'));
        assert.match(say(error.sentence), /docker-credential-lab did not answer within/);
        return true;
      });
    }));

  test('is not waited for by who has cancelled', () =>
    withHelper(HANGS, async (options, folder) => {
      const stop = new AbortController();
      const work = findLogin(HOST, 'lab/app', { ...options, signal: stop.signal });
      await until(() => existsSync(join(folder, 'asked')));
      stop.abort();
      await assert.rejects(work, { reason: 'cancelled' });
    }));
});

test('a file that is asked for and not there is said not to be there', () =>
  inFolder(async (folder) => {
    const options = { environment: { HOME: folder }, secrets: new Secrets(), file: join(folder, 'none.json') };
    await assert.rejects(findLogin(HOST, 'lab/app', options), /There is no file .*none\.json/);
  }));
