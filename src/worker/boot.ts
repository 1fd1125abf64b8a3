/** What a thread is started with: the worker, with what V8 had compiled of it in earlier threads. */
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { runCompiled } from '../core/run-compiled.ts';

/** By then the first answers are given, milliseconds. */
const AFTER_FIRST_ANSWERS = 3000;

runCompiled(dirname(import.meta.filename), ['worker-main.js', 'worker-rest.js'], {
  // Where NODE_COMPILE_CACHE says, which the host gives the thread.
  folder: getCompileCacheDir(),
  after: AFTER_FIRST_ANSWERS,
  isUsual: (code) => code === 0,
});
