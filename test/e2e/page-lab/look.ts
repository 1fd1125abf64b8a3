/**
 * Pictures of the page on an archive, in every tab, view and theme, without VS Code, and of a search:
 * `node test/e2e/page-lab/look.ts ARCHIVE [FOLDER [TEXT [WIDTH]]]` (default: test-results/page, a text that most have,
 * and the width of an editor beside the sidebar).
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from '../../../scripts/lib/node.mjs';
import { archiveAnswers } from './archive-answers.ts';
import { TABS } from '../../../src/protocol/place.ts';
import { launchLab, type Theme } from './lab.ts';

const THEMES: readonly Theme[] = ['dark', 'light', 'hc', 'hc-light'];

const [archive, folder = join(root, 'test-results/page'), text = 'PATH=', width = '1280'] = process.argv.slice(2);
if (archive === undefined) {
  console.error('Usage: node test/e2e/page-lab/look.ts ARCHIVE [FOLDER [TEXT [WIDTH]]]');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
const source = archiveAnswers(resolve(archive));
const browser = await launchLab();
const lab = await browser.open(source.answers);
source.forward({
  progress: (value) => lab.emit('progress', value),
  changed: (value) => lab.emit('changed', value),
  searched: (value) => lab.emit('searched', value),
});
const { page } = lab;
await page.setViewportSize({ width: Number(width), height: 800 });
await page.locator('.overview, .full-state').first().waitFor();
let pictures = 0;
const take = async (name: string) => {
  // Until what came last has been drawn.
  await page.waitForTimeout(600);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  pictures++;
};
for (const theme of THEMES) {
  await lab.setTheme(theme);
  for (const tab of TABS) {
    await page.locator(`#tab-${tab}`).click();
    await take(`${tab}-${theme}`);
    // The other way in which some tabs show the same things.
    const views = page.locator('.view-switch .choice');
    if ((await views.count()) < 2) continue;
    await views.nth(1).click();
    await take(`${tab}-picture-${theme}`);
    await views.nth(0).click();
  }
}
await page.keyboard.press('Control+f');
await take('search-empty');
await page.keyboard.type(text);
await page.keyboard.press('Enter');
await page.locator('.search-panel .row').or(page.locator('.search-panel .full-state')).first().waitFor();
await page.keyboard.press('ArrowDown');
await page.keyboard.press('ArrowDown');
for (const theme of THEMES) {
  await lab.setTheme(theme);
  await take(`search-${theme}`);
}
await page.keyboard.press('Enter');
await take('search-followed');
console.log(`${pictures} pictures in ${folder}`);
for (const complaint of lab.complaints) console.error(complaint);
await browser.close();
await source.close();
