/**
 * `npm start [-- FOLDER]`: builds the extension and opens VS Code with it, on sample checkpoints or on a folder of the
 * person's own: the desktop VS Code where it can be downloaded and shown, else the web-served one, whose address is
 * printed. Ctrl+C ends it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startDemoCluster } from './demo-cluster.ts';
import { root } from './lib/node.mjs';
import { makeSamples } from './samples.ts';
import { ensureDesktop, findDisplay } from './vscode/desktop.ts';
import { NEWEST } from './vscode/releases.ts';
import { startServer } from './vscode/server.ts';
import { ensureWebHost } from './vscode/web-host.ts';

/** User data and extensions of the started window, kept from one start to the next and apart from the person's own. */
const home = join(root, '.cache/start');

const build = spawnSync(process.execPath, [join(root, 'esbuild.mjs')], { cwd: root, stdio: 'inherit' });
if (build.status !== 0) process.exit(1);
const [chosen] = process.argv.slice(2);
const folder = chosen === undefined ? makeSamples(join(root, '.cache/samples')) : resolve(chosen);

const demo = await startDemoCluster();
if (demo) {
  process.env['KUBECONFIG'] = demo.kubeconfig;
  console.log(`A cluster to try things out with is the context "demo": KUBECONFIG=${demo.kubeconfig}`);
}
const desktop = await findDesktop();
process.exit('executable' in desktop ? await openDesktop(desktop.executable) : await serve(desktop.why));

async function findDesktop(): Promise<{ executable: string } | { why: string }> {
  if (findDisplay() !== 'real') return { why: 'there is no display' };
  console.log(`Looking for VS Code ${NEWEST.version} …`);
  try {
    return { executable: await ensureDesktop(NEWEST) };
  } catch (error) {
    return { why: `the desktop one cannot be downloaded: ${reason(error)}` };
  }
}

/** @returns the exit status, once the window is closed */
async function openDesktop(executable: string): Promise<number> {
  mkdirSync(home, { recursive: true });
  console.log(`VS Code ${NEWEST.version}, desktop, opens ${folder}; Ctrl+C ends it.`);
  const child = spawn(
    executable,
    [
      ...[folder, `--extensionDevelopmentPath=${root}`],
      ...[`--user-data-dir=${join(home, 'desktop')}`, `--extensions-dir=${join(home, 'desktop-extensions')}`],
      ...['--disable-workspace-trust', '--skip-welcome', '--skip-release-notes', '--disable-updates'],
    ],
    { stdio: 'ignore', shell: process.platform === 'win32' && executable.endsWith('.cmd') },
  );
  onInterrupt(() => child.kill());
  return new Promise((done) => {
    child.on('error', (error) => {
      console.error(`VS Code could not be started: ${error.message}`);
      done(1);
    });
    child.on('exit', (code) => done(code ?? 0));
  });
}

/** @returns the exit status, once it is interrupted */
async function serve(why: string): Promise<number> {
  try {
    const host = ensureWebHost(NEWEST);
    const server = await startServer({
      host,
      home: join(home, 'web'),
      folders: [root],
      settings: { 'security.workspace.trust.enabled': false },
    });
    console.log(
      `VS Code ${NEWEST.version}, web-served (${why}): open ${server.url({ folder })} in a browser; Ctrl+C ends it.`,
    );
    await new Promise<void>((done) => onInterrupt(done));
    await server.stop();
    return 0;
  } catch (error) {
    console.error(`The web-served VS Code cannot be started: ${reason(error)} (And ${why}.)`);
    return 1;
  }
}

function onInterrupt(act: () => void): void {
  process.once('SIGINT', act);
  process.once('SIGTERM', act);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
