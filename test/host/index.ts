/**
 * The suite that the extension host runs: VS Code loads this module and calls {@link run}. The test files lie beside it
 * once they are bundled.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Mocha from 'mocha';
import type { Counts } from '../../scripts/lib/node-tests.ts';

/** Rejects when a test fails: the window then ends with a status other than 0. */
export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'bdd', timeout: 60_000, color: false, reporter: 'spec' });
  for (const file of readdirSync(__dirname).sort()) {
    if (file.endsWith('.test.js')) mocha.addFile(join(__dirname, file));
  }
  const failures = await new Promise<number>((done) => {
    const runner = mocha.run(done);
    runner.once('end', () => {
      const { passes = 0, failures: failed = 0, pending = 0 } = runner.stats ?? {};
      const report: Counts = { passed: passes, failed, skipped: pending };
      const file = process.env['CHECKPOINT_EXPLORER_REPORT'];
      if (file !== undefined) writeFileSync(file, JSON.stringify(report));
    });
  });
  if (failures > 0) throw new Error(`${failures} of the tests in the extension host failed.`);
}
