/** Makes the pictures of the README, in docs/pictures: `node test/e2e/pictures.ts`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/node.mjs';
import { startDemo } from '../cluster/demo.ts';
import { unfold, WAIT } from './driving.ts';
import { start } from './harness.ts';

const FOLDER = join(root, 'docs/pictures');
/** Until what came last has been drawn, milliseconds. */
const SETTLED = 2000;

const cluster = await startDemo();
process.env['KUBECONFIG'] = cluster.kubeconfig('admin', { context: 'demo', namespace: 'shop' });
const { page, runCommand, stop, webviewFrame } = await start();
try {
  mkdirSync(FOLDER, { recursive: true });
  const take = async (name: string): Promise<void> => {
    // Nothing is said of what the mouse rests on.
    await page.mouse.move(800, 600);
    await page.waitForTimeout(SETTLED);
    await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  };
  await page.setViewportSize({ width: 1360, height: 820 });
  await runCommand('View: Show Checkpoints');
  const archive = page.getByRole('treeitem', { name: /^webapp,.*Podman/ });
  await archive.waitFor(WAIT);
  await archive.dblclick();
  for (const label of ['demo', 'shop', 'webapp-7d4b9c6f5-x2x7q']) await unfold(page, label);
  const frame = webviewFrame();
  await frame.getByRole('tab', { name: 'Processes' }).click(WAIT);
  await frame.getByRole('row').nth(1).click(WAIT);
  await take('processes');
  await runCommand('View: Toggle Primary Side Bar Visibility');
  await frame.getByRole('tab', { name: 'Memory' }).click();
  await frame.locator('.hex').waitFor(WAIT);
  await take('memory');
} finally {
  await stop();
  await cluster.close();
}
