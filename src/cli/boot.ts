/** What bin.cjs starts when Node is new enough: the program, with what V8 had compiled of it in earlier runs. */
import { enableCompileCache, getCompileCacheDir } from 'node:module';
import { dirname, join } from 'node:path';
import { runCompiled } from '../core/run-compiled.ts';
import { applicationCache } from '../core/application-cache.ts';

/** What is kept is what the first run used, and each command uses other parts. What is no command is no folder. */
const command = /^[a-z]{1,20}$/.exec(process.argv[2] ?? '')?.[0] ?? 'other';

try {
  // In a folder of this user alone, because what is kept there is run. One that cannot be written to is no failure.
  enableCompileCache(join(applicationCache(process.env, process.platform), 'compiled', command));
} catch {
  // There are users without a home. They wait some milliseconds longer.
}
runCompiled(dirname(import.meta.filename), ['cli-main.js', 'cli-rest.js'], {
  folder: getCompileCacheDir(),
  // What could not be done was not done to its end; with 3 it was, on a damaged checkpoint.
  isUsual: (code) => code === 0 || code === 3,
});
