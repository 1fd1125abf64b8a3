/**
 * Pictures of the page on an archive, in every tab and theme, without VS Code:
 * `node test/e2e/page-lab/look.ts ARCHIVE [FOLDER]` (default: test-results/page).
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from '../../../scripts/lib/node.mjs';
import { archiveAnswers } from './archive-answers.ts';
import { TABS } from '../../../src/protocol/place.ts';
import { launchLab, type Theme } from './lab.ts';

const THEMES: readonly Theme[] = ['dark', 'light', 'hc', 'hc-light'];

const [archive, folder = join(root, 'test-results/page')] = process.argv.slice(2);
if (archive === undefined) {
  console.error('Usage: node test/e2e/page-lab/look.ts ARCHIVE [FOLDER]');
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
await page.locator('.overview, .full-state').first().waitFor();
for (const theme of THEMES) {
  await lab.setTheme(theme);
  for (const tab of TABS) {
    await page.locator(`#tab-${tab}`).click();
    // Until what came last has been drawn.
    await page.waitForTimeout(600);
    await page.screenshot({ path: join(folder, `${tab}-${theme}.png`) });
  }
}
console.log(`${TABS.length * THEMES.length} pictures in ${folder}`);
for (const complaint of lab.complaints) console.error(complaint);
await browser.close();
await source.close();
