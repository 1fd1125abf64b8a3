import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { WebHost } from './web-host.ts';

export type Settings = Readonly<Record<string, unknown>>;

/** Settings for a quiet window: nothing but what the test or the person opens. */
const QUIET: Settings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'telemetry.feedback.enabled': false,
  'update.mode': 'none',
  'update.showReleaseNotes': false,
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'git.enabled': false,
  'npm.autoDetect': 'off',
  'typescript.disableAutomaticTypeAcquisition': true,
  // Save dialogs become quick inputs, which a browser can fill in.
  'files.simpleDialog.enable': true,
  'remote.autoForwardPorts': false,
};

export interface ServerOptions {
  readonly host: WebHost;
  readonly settings?: Settings;
  /** Where user data, extensions and logs live; default: a folder that goes when the server stops. */
  readonly home?: string;
  /** Packages that are installed before the start. */
  readonly packages?: readonly string[];
  /**
   * Folders with extensions that are installed as they lie there, and no others: the checkout, for instance, so that a
   * rebuilt extension is there after reloading the window.
   */
  readonly folders?: readonly string[];
  /**
   * Lets the address name an extension under development and its tests, as in-host tests need. VS Code then shows no
   * notifications.
   */
  readonly development?: boolean;
  /** More environment for the server and the extension host. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Address {
  readonly folder: string;
  /** A folder with an extension under development. The web-served VS Code takes only one. */
  readonly extension?: string;
  /** The module whose `run` the extension host calls. */
  readonly tests?: string;
}

/** A web-served VS Code that listens on a loopback port of its own. */
export interface Server {
  url(address: Address): string;
  /** What every log file of the extension hosts holds. */
  logs(): string;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => killGroup(child, 'SIGKILL')));

/** Starts a server; resolves when it listens. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { host } = options;
  const temporary = options.home === undefined;
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'checkpoint-explorer-vscode-'));
  const data = join(home, 'data');
  const extensions = join(home, 'extensions');
  mkdirSync(join(data, 'User'), { recursive: true });
  mkdirSync(join(data, 'Machine'), { recursive: true });
  mkdirSync(extensions, { recursive: true });
  writeFileSync(join(data, 'User/settings.json'), JSON.stringify({ ...QUIET, ...options.settings }, null, 2));
  writeFileSync(join(data, 'Machine/settings.json'), JSON.stringify(ofExtension(options.settings), null, 2));
  writeFileSync(join(home, 'config.yaml'), '');
  if (options.folders) linkFolders(options.folders, extensions);

  const common = ['--config', join(home, 'config.yaml'), '--user-data-dir', data, '--extensions-dir', extensions];
  const env = environment(home, options.env);
  for (const file of options.packages ?? []) {
    const { status, stdout, stderr } = spawnSync(
      host.node,
      [host.entry, ...common, '--install-extension', resolve(file)],
      { env, encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`VS Code could not install ${file}:\n${stdout}${stderr}`);
  }

  const child = spawn(host.node, [host.entry, ...common, ...serverArguments(options)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that the extension hosts end with it.
    detached: true,
  });
  running.add(child);
  const stop = async (): Promise<void> => {
    await stopGroup(child);
    running.delete(child);
    if (temporary) rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    const origin = await listening(child);
    return { url: (address) => urlOf(origin, address), logs: () => readLogs(join(data, 'logs')), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Settings of the machine on which the extension runs are not looked for among those of the person. */
function ofExtension(settings: Settings = {}): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => name.startsWith('checkpointExplorer.')));
}

function serverArguments({ host, development }: ServerOptions): string[] {
  return [
    ...['--bind-addr', '127.0.0.1:0', '--auth', 'none', '--disable-telemetry', '--disable-update-check'],
    ...['--disable-getting-started-override', '--disable-proxy', '--ignore-last-opened'],
    ...(development ? ['--disable-workspace-trust'] : []),
    ...(development && host.release.needsDriver ? ['--vscode-option', 'enable-smoke-test-driver'] : []),
  ];
}

/** The environment of this process without what would make the server think that it runs inside another VS Code. */
function environment(home: string, extra: ServerOptions['env']): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) =>
      !/^(VSCODE_|CODE_SERVER_|ELECTRON_|PASSWORD$|HASHED_PASSWORD$|PORT$|NODE_OPTIONS$|NODE_TEST_)/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_DATA_HOME: join(home, 'share'),
    XDG_CACHE_HOME: join(home, 'cache'),
    XDG_STATE_HOME: join(home, 'state'),
    // No gallery is asked.
    EXTENSIONS_GALLERY: '{}',
    ...extra,
  };
}

function linkFolders(folders: readonly string[], extensions: string): void {
  for (const old of readdirSync(extensions)) rmSync(join(extensions, old), { recursive: true });
  for (const folder of folders) {
    const { publisher, name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      publisher: string;
      name: string;
      version: string;
    };
    symlinkSync(folder, join(extensions, `${publisher}.${name}-${version}`), 'dir');
  }
}

function listening(child: ChildProcess): Promise<string> {
  let output = '';
  return new Promise((resolveOrigin, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`the web-served VS Code did not listen within 60 s:\n${output}`));
    }, 60_000);
    const read = (data: Buffer): void => {
      output += data.toString();
      const origin = /HTTP server listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
      if (origin === undefined) return;
      clearTimeout(timer);
      resolveOrigin(origin);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`the web-served VS Code ended with status ${code ?? 'unknown'}:\n${output}`));
    });
  });
}

/** The window's address. Paths are given as the extension host, which runs where the server runs, sees them. */
function urlOf(origin: string, { folder, extension, tests }: Address): string {
  const url = new URL(origin);
  const remote = (path: string): string => `vscode-remote://${url.host}${resolve(path)}`;
  url.searchParams.set('folder', resolve(folder));
  const payload = [
    ...(extension === undefined ? [] : [['extensionDevelopmentPath', remote(extension)]]),
    ...(tests === undefined ? [] : [['extensionTestsPath', remote(tests)]]),
  ];
  if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
}

function readLogs(directory: string): string {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.log') && entry.parentPath.includes('exthost'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => `==> ${file.slice(directory.length + 1)}\n${readFileSync(file, 'utf8')}`)
      .join('\n');
  } catch {
    // Without a compiler at installation there are no logs.
    return '';
  }
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  killGroup(child, 'SIGTERM');
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}
