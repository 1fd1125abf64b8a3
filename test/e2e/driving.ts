/**
 * How a person's hand is led through the workbench where it is drawn anew at any time: rows move, boxes close because
 * something else takes the focus, notifications go away by themselves. What was closed by that is opened again.
 */
import type { Locator, Page } from 'playwright-core';
import type { Workbench } from './harness.ts';

/** Milliseconds for what depends on a cluster or on the extension's start, on a busy machine. */
export const WAIT = { timeout: 60_000 };

const TRIES = 4;

/** A row of a tree, by the beginning of what a screen reader hears of it. */
export function rowCalled(page: Page, label: string): Locator {
  return page.getByRole('treeitem', { name: new RegExp(`^${label}(,|$)`) }).first();
}

/** Unfolds a row if it is not unfolded. */
export async function unfold(page: Page, label: string): Promise<void> {
  const row = rowCalled(page, label);
  const unfolded = page.getByRole('treeitem', { name: new RegExp(`^${label}(,|$)`), expanded: true }).first();
  await row.waitFor(WAIT);
  for (let tries = 1; !(await unfolded.isVisible()); tries++) {
    await row.click();
    try {
      await unfolded.waitFor({ timeout: 1000 });
    } catch (error) {
      // A click on a row that does something does not unfold it.
      await page.keyboard.press('ArrowRight');
      await unfolded.waitFor({ timeout: tries === TRIES ? WAIT.timeout : 3000 }).catch((late: unknown) => {
        if (tries === TRIES) throw new Error(`The row ${label} does not unfold: ${String(late)}`, { cause: error });
      });
    }
  }
}

/** The box that asks for a text or offers a choice, by its title or anything that it shows. */
export function boxWith(page: Page, text: string): Locator {
  return page.locator('.quick-input-widget:visible', { hasText: text });
}

/**
 * Takes a choice from a box that closes when something else takes the focus.
 * @param open asks for the box
 * @param take does what there is to be done in it; what it throws may be because the box has closed
 */
export async function takeFrom(
  box: Locator,
  open: () => Promise<void>,
  take: (box: Locator) => Promise<void>,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    if (!(await box.isVisible())) await open();
    try {
      await box.waitFor({ timeout: 10_000 });
      await take(box);
      await box.waitFor({ timeout: 10_000, state: 'hidden' });
      return;
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

/** Answers a box that asks for a text; it stays until it is answered. @param text undefined: what it proposes */
export async function answer(page: Page, title: string, text?: string): Promise<void> {
  const box = boxWith(page, title);
  const input = box.locator('input.input');
  await box.waitFor(WAIT);
  if (text !== undefined) await input.fill(text);
  await input.press('Enter');
  await box.waitFor({ ...WAIT, state: 'hidden' });
}

/** A dialog that stands in front of everything. */
export function dialogWith(page: Page, text: string): Locator {
  return page.locator('.monaco-dialog-box', { hasText: text });
}

/** Presses a button of a dialog. */
export async function choose(dialog: Locator, button: string): Promise<void> {
  await dialog.getByRole('button', { name: button, exact: true }).click(WAIT);
  await dialog.waitFor({ ...WAIT, state: 'detached' });
}

/** A notification that is shown, or was: they go away by themselves, into a list that can be called up. */
export async function notificationWith({ page, runCommand }: Workbench, text: string): Promise<Locator> {
  const found = page.locator('.notification-list-item:visible', { hasText: text }).first();
  await found.waitFor({ timeout: 15_000 }).catch(() => undefined);
  if (await found.isVisible()) return found;
  await runCommand('Notifications: Show Notifications');
  await found.waitFor(WAIT);
  return found;
}
