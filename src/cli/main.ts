/**
 * The command line's entry. Node's version was looked at by bin.cjs; everything a command needs is loaded by that
 * command alone, so that the first output comes soon.
 */
import { run } from './run.ts';

void run(process.argv.slice(2)).then((code) => {
  // What a cancelled read left pending must not keep the terminal waiting: all output has been written by now.
  process.exit(code);
});
