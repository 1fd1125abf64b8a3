#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
/**
 * Stands in for a VS Code executable under @vscode/test-electron: takes VS Code's arguments and runs them in the
 * web-served release that `CHECKPOINT_EXPLORER_RELEASE` names, in a Chromium without a window. Ends with the status
 * that the suite gives.
 */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format, parseArgs } from 'node:util';
import { root } from '../lib/node.mjs';
import { launchBrowser } from './browser.ts';
import { FLOOR, NEWEST } from './releases.ts';
import { startServer } from './server.ts';
import { ensureWebHost } from './web-host.ts';

/** How long a whole suite may take. */
const LIMIT_MS = 10 * 60_000;

/** What the workbench itself says at the level of the suite's output. */
const WORKBENCH =
  /^(\[(Service Worker|AgentHost|AccountPolicyGate|reconnection)|Creating a socket|Resolv(ing|ed) connection|Ignoring fetching additional|Updating additional builtin)/;

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  options: { extensionDevelopmentPath: { type: 'string', multiple: true }, extensionTestsPath: { type: 'string' } },
  strict: false,
  allowPositionals: true,
});
const release = [FLOOR, NEWEST].find(({ version }) => version === process.env['CHECKPOINT_EXPLORER_RELEASE']) ?? NEWEST;
const { extensionDevelopmentPath = [], extensionTestsPath } = values;
const [extension = '', ...others] = [extensionDevelopmentPath].flat().map(String);
const server = await startServer({ host: ensureWebHost(release), development: true, folders: others });
const browser = await launchBrowser();
// Everything that is said in the window; on the terminal only what the suite prints.
const logFile = join(root, 'test-results', `host-${release.version}.log`);
mkdirSync(dirname(logFile), { recursive: true });
writeFileSync(logFile, '');
function log(level: string, args: unknown[]): void {
  const line = format(...args);
  appendFileSync(logFile, `${level}: ${line}\n`);
  if (level === 'info' && !WORKBENCH.test(line)) console.log(line);
}

let status = 1;
try {
  status = await new Promise<number>((done, fail) => {
    setTimeout(() => fail(new Error(`The suite did not end within ${LIMIT_MS / 60_000} minutes.`)), LIMIT_MS).unref();
    browser.page.on('crash', () => fail(new Error('The browser crashed.')));
    const address = {
      folder: positionals[0] ?? process.cwd(),
      extension,
      tests: String(extensionTestsPath),
    };
    // The workbench calls these two when they are there, as it does in VS Code's own tests.
    Promise.all([
      browser.page.exposeFunction('codeAutomationLog', log),
      browser.page.exposeFunction('codeAutomationExit', (code: number) => done(code)),
    ])
      .then(() => browser.page.goto(server.url(address), { timeout: LIMIT_MS }))
      .catch(fail);
  });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(`What was said in the window is in ${logFile}.`);
} finally {
  appendFileSync(logFile, server.logs());
  await browser.close();
  await server.stop();
}
process.exit(status);
