/**
 * A window of VS Code with the packaged extension installed, in a real browser. Each test file has its own
 * ({@link useWorkbench}), with a workspace that it may write to.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before } from 'node:test';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { root } from '../../scripts/lib/node.mjs';
import { makePackage } from '../../scripts/package.ts';
import { makeSamples } from '../../scripts/samples.ts';
import { launchBrowser } from '../../scripts/vscode/browser.ts';
import { NEWEST } from '../../scripts/vscode/releases.ts';
import { type Settings, startServer } from '../../scripts/vscode/server.ts';
import { ensureWebHost } from '../../scripts/vscode/web-host.ts';

const RESULTS = join(root, 'test-results');

/** How long the workbench may take until it is there, on a busy machine. */
const START_MS = 120_000;

export type Theme = 'dark' | 'light' | 'high-contrast';

const THEMES: Readonly<Record<Theme, string>> = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  'high-contrast': 'Default High Contrast',
};

/** A workbench that shows one folder. */
export interface Workbench {
  readonly page: Page;
  /** The folder that is open. */
  readonly folder: string;
  /** Runs a command of the palette by its title, category included (`Checkpoints: Refresh`). */
  readonly runCommand: (title: string) => Promise<void>;
  /** Opens a file of the workspace, as Quick Open does, by its name or by the end of its path. */
  readonly openFile: (name: string) => Promise<void>;
  /** A row of the Explorer, by its exact label. */
  readonly explorerItem: (label: string) => Locator;
  /** A row of one of the extension's views, by a part of its text, once the view's container is shown. */
  readonly treeItem: (text: string) => Locator;
  /** Chooses an item of an element's context menu, by its label. */
  readonly contextMenu: (target: Locator, item: string) => Promise<void>;
  /** The document of the custom editor that is shown; where several are, name the frame yourself. */
  readonly webviewFrame: () => FrameLocator;
  /** Changes the colour theme, as the person would in the settings. */
  readonly setTheme: (theme: Theme) => Promise<void>;
  /** Keeps a picture of the window in test-results/. */
  readonly screenshot: (name: string) => Promise<string>;
  /** What the notifications that are shown say. */
  readonly notifications: () => Promise<string[]>;
  /** What the extension hosts have logged. */
  readonly logs: () => string;
  /** Keeps a picture and the logs in test-results/, for a test that has failed. */
  readonly keepEvidence: (name: string) => Promise<void>;
  /** Ends browser and server. */
  readonly stop: () => Promise<void>;
}

/**
 * Opens a folder in a window of its own.
 * @param workspaceFolder default: a new folder with the sample checkpoints
 * @param settings the person's settings, on top of those that keep the window quiet
 */
export async function start(workspaceFolder?: string, settings: Settings = {}): Promise<Workbench> {
  const scratch = mkdtempSync(join(tmpdir(), 'checkpoint-explorer-e2e-'));
  const folder = workspaceFolder ?? makeSamples(join(scratch, 'checkpoints'));
  const server = await startServer({
    host: ensureWebHost(NEWEST),
    packages: [process.env['CHECKPOINT_EXPLORER_PACKAGE'] ?? (await makePackage())],
    settings: {
      'security.workspace.trust.enabled': false,
      'workbench.colorTheme': THEMES.dark,
      'workbench.editor.enablePreview': false,
      ...settings,
    },
  });
  const browser = await launchBrowser();
  const { page } = browser;
  const close = async (): Promise<void> => {
    await browser.close();
    await server.stop();
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  const url = server.url({ folder });
  try {
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(url).origin });
    await page.goto(url, { timeout: START_MS });
    // The status bar of the remote side stands when the extension host does.
    await page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: START_MS });
    await page.locator('.explorer-folders-view .monaco-list-row').first().waitFor({ timeout: START_MS });
    // Before it knows the extension, the workbench opens archives as text.
    await page.locator('.part.activitybar [aria-label^="Checkpoints"]').first().waitFor({ timeout: START_MS });
  } catch (error) {
    await screenshot(page, 'start-failed');
    console.error(server.logs());
    await close();
    throw error;
  }
  return {
    page,
    folder,
    runCommand: (title) => runCommand(page, title),
    openFile: (name) => openFile(page, name),
    explorerItem: (label) => page.locator('.explorer-folders-view').getByRole('treeitem', { name: label, exact: true }),
    treeItem: (text) => page.locator('.pane-body .monaco-list-row', { hasText: text }).first(),
    contextMenu: (target, item) => contextMenu(page, target, item),
    // Editors that are hidden keep their frames.
    webviewFrame: () => page.frameLocator('iframe.webview.ready:visible').frameLocator('#active-frame'),
    setTheme: (theme) => setTheme(page, theme),
    screenshot: (name) => screenshot(page, name),
    notifications: () => page.locator('.notifications-toasts .notification-list-item-message').allInnerTexts(),
    logs: () => server.logs(),
    async keepEvidence(name) {
      await screenshot(page, `failed-${name}`);
      writeFileSync(join(RESULTS, `failed-${fileName(name)}.log`), server.logs());
    },
    stop: close,
  };
}

/**
 * The window that the tests of one file share: started before the first and ended after the last. Where a test fails,
 * a picture and the logs are kept in test-results/.
 * @returns what gives the window, once tests run
 */
export function useWorkbench(workspaceFolder?: string, settings: Settings = {}): () => Workbench {
  let workbench: Workbench | undefined;
  before(async () => {
    workbench = await start(workspaceFolder, settings);
  });
  afterEach(async (context) => {
    if ('passed' in context && !context.passed) await workbench?.keepEvidence(context.name);
  });
  after(() => workbench?.stop());
  return () => {
    if (workbench === undefined) throw new Error('The window is there once tests run, not before.');
    return workbench;
  };
}

/**
 * Types into the palette and takes the entry that it finds. One that is just closing takes the text with it: then it is
 * opened again.
 */
async function quickInput(page: Page, text: string, row: string): Promise<void> {
  const widget = page.locator('.quick-input-widget:visible');
  const entry = widget.locator('.monaco-list-row', { hasText: row }).first();
  for (let attempt = 1; ; attempt++) {
    await page.keyboard.press('F1');
    try {
      // While a page has the focus still, what is typed goes into its fields.
      await widget.locator('input:focus').waitFor({ timeout: 3000 });
      await widget.locator('input').fill(text, { timeout: 3000 });
      await entry.click({ timeout: 10_000 });
      return;
    } catch (error) {
      if (attempt === 4) throw new Error(`The palette has no entry "${row}" for "${text}".`, { cause: error });
      await page.keyboard.press('Escape');
    }
  }
}

async function runCommand(page: Page, title: string): Promise<void> {
  await quickInput(page, `>${title}`, title);
}

/** Times that a file is opened in a window that has no document of the extension's yet. */
const OPEN_TRIES = 6;
const A_MOMENT = { timeout: 3000 };

async function openFile(page: Page, name: string): Promise<void> {
  const known = page.locator('iframe.webview.ready:visible');
  const asText = page.locator('.monaco-editor-pane-placeholder:visible');
  const isFirst = (await known.count()) === 0;
  for (let tries = 1; ; tries++) {
    await quickInput(page, name, name.split('/').at(-1) ?? name);
    if (!isFirst || tries === OPEN_TRIES) return;
    // The window knows the extension's views before it knows its editors: an archive that is opened between is no text.
    const text = page.locator('.editor-instance .monaco-editor:visible');
    await known
      .or(asText)
      .or(text)
      .first()
      .waitFor()
      .catch(() => undefined);
    // An editor of text is there a moment before it finds that it cannot show this.
    if ((await known.count()) === 0)
      await known
        .or(asText)
        .first()
        .waitFor(A_MOMENT)
        .catch(() => undefined);
    if ((await asText.count()) === 0) return;
    await runCommand(page, 'View: Close Editor');
    await asText.waitFor({ state: 'hidden' });
    await page.waitForTimeout(500 * tries);
  }
}

/** Times that a menu is asked for: a tree that is drawn anew just then closes it. */
const MENU_TRIES = 4;

async function contextMenu(page: Page, target: Locator, item: string): Promise<void> {
  const menu = page.locator('.monaco-menu');
  const entry = menu.locator('.action-item', { hasText: item }).first();
  for (let tries = 1; ; tries++) {
    // What is said of the row that the mouse happens to rest on may cover the one that is meant.
    await page.mouse.move(1, 1);
    await target.click({ button: 'right' });
    const isThere = await entry.waitFor({ timeout: 5_000 }).then(
      () => true,
      () => false,
    );
    if (isThere) break;
    if (tries === MENU_TRIES) throw new Error(`There is no menu with “${item}”.`);
    await page.keyboard.press('Escape');
  }
  // A menu takes no click in its first moments: it would be the end of the one that opened it.
  await page.waitForTimeout(250);
  await entry.hover();
  await entry.click();
  await menu.first().waitFor({ state: 'detached', timeout: 5000 });
}

/** Times that a theme is chosen: the palette, as it closes, may take the box with it that its command has opened. */
const THEME_TRIES = 4;

async function setTheme(page: Page, theme: Theme): Promise<void> {
  const kind = { dark: 'vs-dark', light: 'vs', 'high-contrast': 'hc-black' }[theme];
  const input = page.locator('.quick-input-widget:visible input[placeholder^="Select Color Theme"]');
  for (let tries = 1; ; tries++) {
    await runCommand(page, 'Preferences: Color Theme');
    try {
      await input.fill(THEMES[theme].replace('Default ', ''), { timeout: 5000 });
      await page.waitForTimeout(500);
      await input.press('Enter', { timeout: 5000 });
      await page.locator(`.monaco-workbench.${kind}`).waitFor({ timeout: 10_000 });
      return;
    } catch (error) {
      if (tries === THEME_TRIES) throw error;
      await page.keyboard.press('Escape');
    }
  }
}

async function screenshot(page: Page, name: string): Promise<string> {
  mkdirSync(RESULTS, { recursive: true });
  const path = join(RESULTS, `${fileName(name)}.png`);
  await page.screenshot({ path });
  return path;
}

function fileName(name: string): string {
  return name.replace(/[^\w.-]+/g, '-').slice(0, 100);
}
