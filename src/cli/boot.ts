/** What bin.cjs starts when Node is new enough: the program, with what Node had compiled of it in earlier runs. */
import { createRequire, enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { applicationCache } from './spill.ts';

/** What is kept is what the first run used, and each command uses other parts. What is no command is no folder. */
const command = /^[a-z]{1,20}$/.exec(process.argv[2] ?? '')?.[0] ?? 'other';

try {
  // In a folder of this user alone, because what is kept there is run. One that cannot be written to is no failure.
  enableCompileCache(join(applicationCache(process.env, process.platform), 'compiled', command));
} catch {
  // There are users without a home. They wait some milliseconds longer.
}
createRequire(import.meta.filename)('./cli-main.js');
