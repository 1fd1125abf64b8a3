/**
 * The page in a browser without VS Code around it: the real page, its real document and policy, the colours of VS
 * Code's own themes, and a host made of whatever answers the test gives.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { root } from '../../../scripts/lib/node.mjs';
import { launchBrowser } from '../../../scripts/vscode/browser.ts';
import { openChannel, type ChannelMessage, type Handlers } from '../../../src/protocol/channel.ts';
import type { PageApi, PageEvents } from '../../../src/protocol/page-api.ts';
import type { RestorePageApi, RestorePageEvents } from '../../../src/protocol/restore-api.ts';
import { pageHtml } from '../../../src/vscode/editor/page-html.ts';

export type Theme = 'dark' | 'light' | 'hc' | 'hc-light';

interface ThemeColors {
  readonly body: string;
  readonly vars: Readonly<Record<string, string>>;
}

type Themes = Readonly<Record<Theme, ThemeColors>>;

export interface Lab<Events = PageEvents> {
  readonly page: Page;
  /** What the page asked the host to do, in order: `openFile /rootfs/etc/passwd`. */
  readonly calls: string[];
  /** What the browser complained of: errors, and what the content security policy forbade. */
  readonly complaints: string[];
  emit<Name extends keyof Events & string>(name: Name, value: Events[Name]): void;
  setTheme(theme: Theme): Promise<void>;
  /** Opens the page anew with what it remembered, as VS Code does when its tab is shown again. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

const ORIGIN = 'https://page.test';
const TYPES: Readonly<Record<string, string>> = { js: 'text/javascript', css: 'text/css', ttf: 'font/ttf' };

/** A browser in which a page can be opened again and again. */
export interface LabBrowser<Api = PageApi, Events = PageEvents> {
  /** Opens the page with the given answers, in a tab that remembers nothing. */
  open(answers: Handlers<Api>, theme?: Theme): Promise<Lab<Events>>;
  close(): Promise<void>;
}

/** Builds the page of a checkpoint and starts a browser for it. */
export function launchLab(): Promise<LabBrowser> {
  return launch<PageApi, PageEvents>('main', [
    'copy',
    'copyText',
    'openFile',
    'saveFile',
    'saveSearch',
    'showLog',
    'restore',
    'retry',
  ]);
}

/** The same for the page of a restore. */
export function launchRestoreLab(): Promise<LabBrowser<RestorePageApi, RestorePageEvents>> {
  return launch('restore', ['choose', 'place', 'run', 'stop', 'copy', 'showFailure', 'close']);
}

type PageName = 'main' | 'restore';

/** @param noted what the page asks the host to do, apart from the questions */
async function launch<Api, Events>(
  name: PageName,
  noted: readonly (keyof Api & string)[],
): Promise<LabBrowser<Api, Events>> {
  const themes = JSON.parse(readFileSync(join(import.meta.dirname, 'themes.json'), 'utf8')) as Themes;
  const files = await buildPage(name);
  const browser = await launchBrowser();
  await browser.context.route(`${ORIGIN}/**`, (route) => {
    const path = new URL(route.request().url()).pathname.slice(1);
    const body = path === '' ? documentOf(name) : files.get(path);
    return body === undefined
      ? route.fulfill({ status: 404 })
      : route.fulfill({ body, contentType: TYPES[path.split('.').at(-1) ?? ''] ?? 'text/html' });
  });
  return {
    open: async (answers, theme = 'dark') => {
      const calls: string[] = [];
      const handlers = recorded(answers, noted, calls);
      return { ...(await openLab<Api, Events>(await browser.context.newPage(), handlers, themes, theme)), calls };
    },
    close: () => browser.close(),
  };
}

async function openLab<Api, Events>(
  page: Page,
  answers: Handlers<Api>,
  themes: Themes,
  theme: Theme,
): Promise<Omit<Lab<Events>, 'calls'>> {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });

  let receive: (message: ChannelMessage) => void = () => undefined;
  let channel = open();
  function open() {
    return openChannel<Api, Events, object, object>(
      {
        post: (message) => {
          page.evaluate((data) => window.postMessage(data, '*'), message).catch(() => undefined);
        },
        listen: (listener) => {
          receive = listener;
          return () => (receive = () => undefined);
        },
      },
      answers,
    );
  }
  await page.exposeFunction('labPost', (message: ChannelMessage) => receive(message));
  await page.addInitScript(() => {
    const key = 'state';
    const lab = window as unknown as { labPost(message: unknown): void; acquireVsCodeApi: () => unknown };
    lab.acquireVsCodeApi = () => ({
      postMessage: (message: unknown) => lab.labPost(message),
      getState: () => JSON.parse(sessionStorage.getItem(key) ?? 'null') as unknown,
      setState: (state: unknown) => sessionStorage.setItem(key, JSON.stringify(state)),
    });
  });
  await page.goto(`${ORIGIN}/`);
  const setTheme = async (name: Theme) => {
    theme = name;
    await page.evaluate(applyTheme, themes[name]);
  };
  await setTheme(theme);
  return {
    page,
    complaints,
    emit: (name, value) => channel.emit(name, value),
    setTheme,
    async reopen() {
      channel.close();
      channel = open();
      await page.reload();
      await setTheme(theme);
    },
    async close() {
      channel.close();
      await page.close();
    },
  };
}

/** Builds the page into memory. */
async function buildPage(page: PageName): Promise<ReadonlyMap<string, Buffer>> {
  const directory = mkdtempSync(join(tmpdir(), 'checkpoint-explorer-page-'));
  try {
    await build({
      absWorkingDir: root,
      entryPoints: { [page]: page === 'main' ? 'media/main.tsx' : 'media/restore/main.tsx' },
      bundle: true,
      format: 'esm',
      target: 'chrome142',
      outdir: directory,
      logLevel: 'error',
    });
    const codicons = join(root, 'node_modules/@vscode/codicons/dist');
    return new Map(
      [`${page}.js`, `${page}.css`, 'codicon.css', 'codicon.ttf'].map((name) => [
        name,
        readFileSync(join(name.startsWith('codicon') ? codicons : directory, name)),
      ]),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function documentOf(page: PageName): string {
  return pageHtml({ cspSource: ORIGIN, address: (name) => `${ORIGIN}/${name}`, nonce: 'lab', language: 'en', page });
}

/** In the browser: what VS Code does to the document of a webview. */
function applyTheme({ body, vars }: ThemeColors): void {
  const { style } = document.documentElement;
  for (const name of [...style]) style.removeProperty(name);
  for (const [name, value] of Object.entries(vars)) style.setProperty(name, value);
  document.body.className = body;
  const bars = new CSSStyleSheet();
  bars.replaceSync(`
    ::-webkit-scrollbar { width: 10px; height: 10px; }
    ::-webkit-scrollbar-corner { background-color: var(--vscode-editor-background); }
    ::-webkit-scrollbar-thumb { background-color: var(--vscode-scrollbarSlider-background); }`);
  document.adoptedStyleSheets = [bars];
}

/** Notes what the page asks the host to do. */
function recorded<Api>(answers: Handlers<Api>, noted: readonly (keyof Api & string)[], calls: string[]): Handlers<Api> {
  type Handler = (signal: AbortSignal, ...args: readonly unknown[]) => unknown;
  const handlers = { ...answers } as Record<string, Handler>;
  for (const name of noted) {
    const handler = handlers[name];
    handlers[name] = (signal, ...args) => {
      calls.push([name, ...args.map((arg) => (typeof arg === 'string' ? arg : JSON.stringify(arg)))].join(' '));
      return handler?.(signal, ...args);
    };
  }
  return handlers as Handlers<Api>;
}
