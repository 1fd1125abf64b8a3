import { setFlagsFromString } from 'node:v8';

let isSet = false;

/**
 * Keeps V8's young generation as small as it starts, for commands that make something for each of hundreds of thousands
 * of files: by itself it grows to a hundred megabytes of garbage, and takes no less time for it. V8 has no other way to
 * be told from within (a script cannot have `--max-semi-space-size` on its own command line).
 */
export function collectInSmallSteps(): void {
  if (isSet) return;
  isSet = true;
  setFlagsFromString('--semi-space-growth-factor=1');
  // The old one would be let grow to twice of what lives, and what lives is an index of all these files.
  setFlagsFromString('--heap-growing-percent=10');
  // As V8 has them by itself: what was compiled is kept for runs that start so (core/run-compiled.ts).
  process.prependOnceListener('exit', () => {
    setFlagsFromString('--semi-space-growth-factor=2');
    setFlagsFromString('--heap-growing-percent=0');
  });
}
