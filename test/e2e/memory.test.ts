/** The Memory tab by itself: from a pointer on the stack to what it points to, with keyboard and mouse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Locator } from 'playwright-core';
import { HOSTILE } from './page-lab/hostile.ts';
import { sampleAnswers } from './page-lab/sample.ts';
import { until } from './page-lab/until.ts';
import { usePage } from './page-lab/use-page.ts';

const used = usePage(async (lab) => {
  await lab.page.getByRole('tab', { name: 'Memory' }).click();
  await settled();
});

const hex = (): Locator => used.lab.page.locator('#hex');
const status = (): Locator => used.lab.page.locator('.hex-status');
const mappings = (): Locator => used.lab.page.getByRole('treegrid');

/** All bytes in view have come. */
async function settled(): Promise<void> {
  await used.lab.page.locator('.hex-row').first().waitFor();
  await until(async () => (await used.lab.page.locator('.byte.waiting').count()) === 0, 'the bytes must come');
}

async function cursorIs(address: string): Promise<void> {
  const start = status().locator('.code').first();
  await until(async () => (await start.innerText()) === address, `the cursor must come to ${address}`);
}

async function goTo(text: string): Promise<void> {
  await used.lab.page.keyboard.press('Control+g');
  await used.lab.page.keyboard.type(text);
  await used.lab.page.keyboard.press('Enter');
}

test('it opens where the stack is, and says of the word there where it points to', async () => {
  await cursorIs('0x7ffe00000100');
  assert.match(await status().innerText(), /\[stack\]\+0x100/);
  assert.match(await used.lab.page.locator('.region-head').innerText(), /\[stack\]/);
  const pointer = used.lab.page.locator('.inspector-pointer');
  assert.match(await pointer.innerText(), /0x600100\s+\[heap\]\+0x100 heap rw-p/);
  // One click, and one key back.
  await pointer.getByRole('button').click();
  await cursorIs('0x600100');
  assert.equal(
    await mappings()
      .locator('.row.selected')
      .innerText()
      .then((text) => text.includes('[heap]')),
    true,
  );
  await used.lab.page.keyboard.press('Alt+ArrowLeft');
  await cursorIs('0x7ffe00000100');
});

test('Enter follows the pointer at the cursor, links beside the bytes follow theirs', async () => {
  await hex().focus();
  await used.lab.page.keyboard.press('ArrowDown');
  await used.lab.page.keyboard.press('Enter');
  await cursorIs('0x600110');
  await used.lab.page.keyboard.press('Alt+ArrowLeft');
  await cursorIs('0x7ffe00000100');
  await settled();
  await used.lab.page.locator('.pointer').first().click();
  await until(async () => (await status().innerText()).includes('[heap]'), 'the heap is shown');
});

test('an address is written as people write it, and what it means stands below while one types', async () => {
  await used.lab.page.keyboard.press('Control+g');
  await used.lab.page.keyboard.type('[heap]+0x20');
  const meaning = used.lab.page.locator('#go-meaning');
  assert.equal(await meaning.innerText(), '0x600020 · [heap]+0x20');
  await used.lab.page.keyboard.press('Enter');
  await cursorIs('0x600020');
  await goTo('+0x10');
  await cursorIs('0x600030');
  await goTo('rip');
  await cursorIs('0x400010');
  await used.lab.page.keyboard.press('Control+g');
  await used.lab.page.keyboard.type('nowhere');
  assert.equal(await meaning.innerText(), '“nowhere” is no address, register or mapping.');
  await used.lab.page.keyboard.press('Escape');
  await goTo('0x500000');
  await used.lab.page.getByText('No mapping of process 1 covers 0x500000.').waitFor();
  await cursorIs('0x400010');
});

test('arrows, pages and ends move the cursor, over the edge of a mapping into the next one', async () => {
  await goTo('0x600000');
  await cursorIs('0x600000');
  for (const [key, address] of [
    ['ArrowRight', '0x600001'],
    ['ArrowDown', '0x600011'],
    ['End', '0x60001f'],
    ['Home', '0x600010'],
    ['Control+End', '0x607fff'],
    ['ArrowRight', '0x100000000000'],
    ['ArrowLeft', '0x607fff'],
    ['Control+Home', '0x600000'],
  ] as const) {
    await used.lab.page.keyboard.press(key);
    await cursorIs(address);
  }
  const active = await hex().getAttribute('aria-activedescendant');
  assert.equal(await used.lab.page.locator(`[id="${String(active)}"]`).getAttribute('aria-label'), '0x600000: 00, “.”');
});

test('what is missing is shown as missing, with the reason, and never as zeros', async () => {
  await goTo('0x603ff0');
  await settled();
  const row = (offset: number) => used.lab.page.locator(`[data-row="${String(offset)}"]`);
  assert.match(await row(0x3ff).innerText(), /f0f1f2f3/);
  assert.match(await row(0x400).innerText(), /^000000604000\n(··){16}\n·{16}$/);
  await used.lab.page.keyboard.press('ArrowDown');
  await cursorIs('0x604000');
  assert.match(await status().innerText(), /not dumped: never touched/);
  assert.match(
    await used.lab.page.locator('.memory-below').innerText(),
    /There is no byte here: not dumped: never touched/,
  );
});

test('a mapping of a terabyte scrolls row by row, by the bar, and to its very end', async () => {
  await goTo('0x100000000000');
  await settled();
  await used.lab.page.keyboard.press('Control+End');
  await cursorIs('0x10ffffffffff');
  await settled();
  assert.ok((await hex().innerText()).includes('10fffffffff0'));
  await hex().evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
  await settled();
  const first = async () => Number.parseInt(await used.lab.page.locator('.hex-address').nth(9).innerText(), 16);
  await until(async () => Math.abs((await first()) - 0x108000000000) < 2 ** 36, 'the middle is shown');
  const before = await first();
  await hex().hover();
  await used.lab.page.mouse.wheel(0, 40);
  await until(async () => (await first()) === before + 32, 'two rows further');
});

test('bytes are selected with Shift and the mouse, and copied in three forms', async () => {
  await goTo('0x600040');
  await settled();
  for (let count = 0; count < 3; count++) await used.lab.page.keyboard.press('Shift+ArrowRight');
  await used.lab.page.getByText('4 bytes selected').waitFor();
  await used.lab.page.keyboard.press('Control+c');
  await used.lab.page.getByRole('button', { name: 'as text' }).click();
  await used.lab.page.getByRole('button', { name: 'as C array' }).click();
  await until(() => used.lab.calls.filter((call) => call.startsWith('copyText')).length === 3, 'all are copied');
  assert.deepEqual(
    used.lab.calls.filter((call) => call.startsWith('copyText')),
    ['copyText 40 41 42 43', 'copyText @ABC', 'copyText unsigned char data[4] = {\n  0x40, 0x41, 0x42, 0x43,\n};\n'],
  );
  const byte = (row: number, at: number) =>
    used.lab.page.locator(`[data-row="${String(row)}"] .hex-digits [data-at="${String(at)}"]`);
  await byte(2, 3).hover();
  await used.lab.page.mouse.down();
  await byte(3, 5).hover();
  await used.lab.page.mouse.up();
  await used.lab.page.getByText('19 bytes selected').waitFor();
  await used.lab.page.locator('.selected-bytes').getByRole('button', { name: 'Save as…' }).click();
  await until(() => used.lab.calls.includes('saveFile /proc/1/mem/600023-600036'), 'the range is saved');
  await used.lab.page.getByRole('button', { name: 'Open the mapping in an editor' }).click();
  await until(() => used.lab.calls.includes('openFile /proc/1/mem/600000-608000'), 'the mapping is opened');
});

test('a mapping that is too large for an editor can only be saved', async () => {
  await goTo('0x100000000000');
  const open = used.lab.page.getByRole('button', { name: /^Open the mapping in an editor: it is larger/ });
  await open.waitFor();
  assert.equal(await open.isDisabled(), true);
  await used.lab.page.getByRole('button', { name: 'Save the mapping as…' }).click();
  await until(
    () => used.lab.calls.some((call) => call.startsWith('saveFile /proc/1/mem/100000000000-')),
    'it is saved',
  );
});

test('a row of the mappings, a piece of the picture and a register lead to their bytes', async () => {
  await mappings().locator('.canvas > .row').filter({ hasText: '[heap]' }).click();
  await cursorIs('0x600000');
  await used.lab.page.locator('.memory-strip').getByRole('option').first().click();
  await cursorIs('0x400000');
  await used.lab.page.locator('.memory-strip').focus();
  await used.lab.page.keyboard.press('End');
  await cursorIs('0x7ffe00000000');
  await used.lab.page.getByRole('button', { name: 'rip', exact: true }).click();
  await cursorIs('0x400010');
  await used.lab.page.getByRole('tab', { name: 'Registers' }).click();
  await used.lab.page.locator('.registers').getByRole('button', { name: '[stack]+0x100' }).click();
  await cursorIs('0x7ffe00000100');
  assert.match(await used.lab.page.locator('.registers').innerText(), /xmm0\s+00010203 04050607/);
});

test('a place with a length is marked, and the process that it names becomes the subject', async () => {
  used.lab.emit('show', { tab: 'memory', pid: 2, address: '0x600123', length: 4 });
  await cursorIs('0x600123');
  await settled();
  await used.lab.page.getByText('pid 2 worker').waitFor();
  assert.equal(await used.lab.page.locator('.hex-digits .marked').count(), 4);
  assert.equal(await used.lab.page.locator('.hex-digits .marked').first().innerText(), '23');
  await used.lab.page.keyboard.press('Escape');
});

test('names from the checkpoint are text', async () => {
  await mappings().locator('.canvas > .row').filter({ hasText: 'onerror' }).click();
  const head = used.lab.page.locator('.region-head');
  await head.getByText('\\u202egnp.exe\\n', { exact: false }).waitFor();
  assert.equal(await used.lab.page.locator('.memory img').count(), 0);
  assert.ok(!(await used.lab.page.locator('.memory').innerText()).includes(HOSTILE));
});

test('another process is chosen, and Back leads to the one before', async () => {
  await goTo('0x600010');
  await cursorIs('0x600010');
  await used.lab.page.getByLabel('Process').selectOption('3');
  await used.lab.page.locator('.subject-chip').waitFor();
  await cursorIs('0x7ffe00000100');
  await goTo('0x600020');
  await cursorIs('0x600020');
  await used.lab.page.keyboard.press('Alt+ArrowLeft');
  await cursorIs('0x7ffe00000100');
  await used.lab.page.keyboard.press('Alt+ArrowLeft');
  await cursorIs('0x600010');
  await until(async () => (await used.lab.page.locator('.subject-chip').count()) === 0, 'no process is chosen again');
});

test('where one was is there again when the page was away', async () => {
  await goTo('0x600077');
  await cursorIs('0x600077');
  await used.lab.page.keyboard.press('ArrowRight');
  await used.lab.page.waitForTimeout(700);
  await used.lab.reopen();
  await settled();
  await cursorIs('0x600078');
});

test('what cannot be read is said with the way to try again', async () => {
  const answers = sampleAnswers(used.data);
  let broken = true;
  await used.reopen({
    ...answers,
    memoryRead: (...args) => {
      if (broken) throw new Error('The disk is gone.');
      return answers.memoryRead(...args);
    },
  });
  await used.lab.page.getByRole('tab', { name: 'Memory' }).click();
  await used.lab.page.getByText('The disk is gone.').waitFor();
  broken = false;
  await used.lab.page.getByRole('button', { name: 'Retry' }).click();
  await settled();
});
