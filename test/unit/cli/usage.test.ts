import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { COMMANDS } from '../../../src/cli/commands.ts';
import { archiveOf } from '../support/fixtures.ts';
import { cli } from './support.ts';

const ARCHIVE = archiveOf('podman-counter-none');

describe('wrong usage is one sentence, nothing on stdout, and exit code 2', () => {
  const cases: readonly (readonly [args: readonly string[], sentence: RegExp])[] = [
    [['inspekt', ARCHIVE], /There is no command inspekt\./],
    [['cluster', 'inspekt'], /There is no command cluster inspekt\. See/],
    [['cluster', 'download', 'x'], /There is no command cluster download: the command is just download\./],
    [['--all', ARCHIVE], /There is no option --all before a command\./],
    [['show'], /show needs LOCATOR…\./],
    [['show', ''], /An argument of show is empty\./],
    [['mounts', ARCHIVE, ARCHIVE], /mounts takes LOCATOR, and .* is too much\./],
    [['inspect', ARCHIVE, '--bogus'], /inspect has no option --bogus\./],
    [['inspect', ARCHIVE, '--format', 'xml'], /xml is not a value of --format: choose one of tree, json\./],
    [['inspect', ARCHIVE, '--format'], /The option --format .* of inspect is not given as it should be\./],
    [['inspect', ARCHIVE, '--all=yes'], /The option --all of inspect is not given as it should be\./],
    [['inspect', ARCHIVE, '--pid', 'one'], /one is not a process id/],
    [['inspect', ARCHIVE, '--pid', '0'], /0 is not a process id/],
    [['proc', ARCHIVE, 'self', 'environ'], /self is not a process id/],
    [['extract', ARCHIVE], /extract needs -o DIR/],
    [['extract', ARCHIVE, '-o', 'x', '--path', ''], /--path needs a pattern/],
  ];
  for (const [args, sentence] of cases) {
    test(args.map((arg) => (arg === ARCHIVE ? 'ARCHIVE' : arg)).join(' '), async () => {
      const { code, stdout, stderr } = await cli(...args);
      assert.equal(code, 2);
      assert.equal(stdout, '');
      assert.match(stderr, sentence);
      assert.match(stderr, /See: checkpoint-explorer [a-z ]*--help\n$/);
      assert.equal(stderr.split('\n').length, 2);
    });
  }

  test('without a command the help is shown, on stderr', async () => {
    const { code, stdout, stderr } = await cli();
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^Opens CRIU checkpoints/);
  });
});

describe('help', () => {
  test('names every command', async () => {
    for (const args of [['--help'], ['-h'], ['help']]) {
      const { code, stdout, stderr } = await cli(...args);
      assert.deepEqual([code, stderr], [0, '']);
      for (const { name } of COMMANDS) assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
    }
  });

  test('of a command names every option, also where the rest of the command line is wrong', async () => {
    for (const command of COMMANDS) {
      for (const args of [
        [command.name, '--help'],
        ['help', command.name],
      ]) {
        const { code, stdout } = await cli(...args);
        assert.equal(code, 0);
        assert.match(stdout, new RegExp(`^Usage: checkpoint-explorer ${command.name} `, 'm'));
        for (const option of Object.keys(command.options)) assert.match(stdout, new RegExp(`^  --${option}\\b`, 'm'));
      }
    }
  });

  test('--version is the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
      version: string;
    };
    // The tests' own entry is not below the package: the program is asked as a process in process.test.ts.
    const { readVersion } = await import('../../../src/cli/version.ts');
    assert.equal(readVersion(join(import.meta.dirname, '../../../src/cli/main.ts')), version);
    assert.equal(readVersion('/'), 'unknown');
  });
});
