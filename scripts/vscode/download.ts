/**
 * `node download.ts VERSION FOLDER`: downloads a desktop VS Code through @vscode/test-electron. Prints a line for each
 * sign of life, and at the end `executable PATH` or `failed REASON`.
 */
import { downloadAndUnzipVSCode } from '@vscode/test-electron';

const [version = '', cachePath = ''] = process.argv.slice(2);
let last = 0;
try {
  const executable = await downloadAndUnzipVSCode({
    version,
    cachePath,
    reporter: {
      report() {
        if (Date.now() - last < 500) return;
        last = Date.now();
        console.log('progress');
      },
      error() {
        // It is thrown as well.
      },
    },
  });
  console.log(`executable ${executable}`);
} catch (error) {
  console.log(`failed ${(error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''}`);
  process.exit(1);
}
