/** The page by itself, as a person uses it: keyboard, mouse, and what a screen reader is told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manyChanges, sampleAnswers, SECRET } from './page-lab/sample.ts';
import { called, until } from './page-lab/until.ts';
import { usePage } from './page-lab/use-page.ts';

const used = usePage((lab) => lab.page.locator('.overview').waitFor());
const { grid, detail, rowOf, openTab, focusIs } = used;

/** What the row at a position stands for. */
async function idOf(index: number): Promise<unknown> {
  const context = await grid()
    .locator(`[data-index="${String(index)}"]`)
    .getAttribute('data-vscode-context');
  return (JSON.parse(context ?? '{}') as { id?: unknown }).id;
}

test('the header says whose container it is, and the overview what is whole', async () => {
  const { page } = used.lab;
  assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'web');
  const header = await page.locator('header.header').innerText();
  for (const fact of ['shop/webapp-7d4b9c6f5-x2x7q', 'CRI-O 1.37.0', 'runc', 'x86-64', '2 notes']) {
    assert.ok(header.includes(fact), `${fact} in ${header}`);
  }
  await page.getByText('ab'.repeat(32)).waitFor();
  const overview = await page.locator('.overview').innerText();
  for (const fact of ['32.0 MiB', 'compressed to 8.0 MiB', '224.9 ms', 'pages-3.img ends too early.', 'offset 1,024']) {
    assert.ok(overview.includes(fact), fact);
  }
});

test('what comes from the archive is text, and what one would not see is escaped', async () => {
  const { page } = used.lab;
  const shown = String.raw`<img src=x onerror=alert(1)>\u202egnp.exe\n`;
  await page.getByText(shown).first().waitFor();
  await openTab('Filesystem');
  await rowOf('gnp.exe').click();
  await detail().getByText(`/etc/${shown}`).waitFor();
  assert.equal(await page.locator('img').count(), 0);
  assert.ok(!(await page.locator('body').innerText()).includes('\u202e'));
});

test('a JSON annotation unfolds in a readable form', async () => {
  const { page } = used.lab;
  await page.locator('.json summary').click();
  await page.locator('.json pre').getByText('"name": "front"').waitFor();
});

test('the filter box hides facts of the overview, and / leads to it', async () => {
  const { page } = used.lab;
  await page.keyboard.press('/');
  await page.keyboard.type('digest');
  await until(async () => (await page.locator('.fact:visible').count()) === 1, 'one fact must be left');
  assert.match(await page.locator('.fact:visible').innerText(), /^Digest/);
});

test('tabs are reached with the arrow keys', async () => {
  const { page } = used.lab;
  await page.getByRole('tab', { name: 'Overview' }).focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.getByRole('tab', { name: 'Processes' }).getAttribute('aria-selected'), 'true');
  await page.keyboard.press('End');
  assert.equal(await page.getByRole('tab', { name: 'Raw' }).getAttribute('aria-selected'), 'true');
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.getByRole('tab', { name: 'Overview' }).getAttribute('aria-selected'), 'true');
});

test('rows say their place in the tree', async () => {
  await openTab('Processes');
  assert.equal(await grid().getAttribute('aria-rowcount'), '45');
  const row = rowOf('worker');
  assert.equal(await row.getAttribute('aria-level'), '2');
  assert.equal(await row.getAttribute('aria-expanded'), 'true');
  assert.equal(await row.getAttribute('aria-posinset'), '1');
  assert.equal(await row.getAttribute('aria-setsize'), '42');
  assert.equal(await row.getAttribute('aria-rowindex'), '3');
});

test('arrows move, fold and unfold; Home, End and letters go further', async () => {
  const { keyboard } = used.lab.page;
  await openTab('Processes');
  await grid().focus();
  await focusIs('init');
  await keyboard.press('ArrowDown');
  await focusIs('worker');
  await keyboard.press('ArrowLeft');
  await until(async () => (await grid().getAttribute('aria-rowcount')) === '44', 'sleep is folded away');
  assert.equal(await rowOf('worker').getAttribute('aria-expanded'), 'false');
  await keyboard.press('ArrowRight');
  await until(async () => (await grid().getAttribute('aria-rowcount')) === '45', 'sleep is back');
  await keyboard.press('ArrowRight');
  await focusIs('sleep');
  await keyboard.press('ArrowLeft');
  await focusIs('worker');
  await keyboard.press('End');
  await focusIs('job-39');
  await keyboard.type('gone');
  await focusIs('gone');
  await keyboard.press('Home');
  await focusIs('init');
});

test('the filter keeps the parents of what it finds, says how many match, and Escape takes it back', async () => {
  const { page } = used.lab;
  await openTab('Processes');
  await page.keyboard.press('/');
  await page.keyboard.type('pid:3');
  await page.getByText('1 of 44').first().waitFor();
  assert.equal(await grid().getAttribute('aria-rowcount'), '4');
  assert.match((await rowOf('worker').getAttribute('class')) ?? '', /context/);
  await page.keyboard.press('Escape');
  await page.getByText('44 rows').first().waitFor();
  await page.keyboard.type('no such thing');
  await page.getByText('No process matches “no such thing”.').waitFor();
  await page.getByRole('button', { name: 'Clear the filter' }).last().click();
  await rowOf('init').waitFor();
});

test('a click on a title sorts up, then down, then not at all', async () => {
  await openTab('Processes');
  const title = used.lab.page.getByRole('columnheader', { name: 'PID' });
  await title.click();
  await until(async () => (await title.getAttribute('aria-sort')) === 'ascending', 'ascending');
  await title.click();
  await until(async () => (await grid().locator('[aria-rowindex="3"]').innerText()).includes('job-39'), 'descending');
  await title.click();
  await until(async () => (await title.getAttribute('aria-sort')) === 'none', 'not sorted');
});

test('values of the environment are masked until Space or Reveal shows them, and again for the next process', async () => {
  const { page } = used.lab;
  await openTab('Processes');
  await rowOf('worker').click();
  await detail().getByText('API_TOKEN').waitFor();
  assert.ok(!(await page.content()).includes(SECRET));
  await page.keyboard.press('Space');
  await detail().getByText(SECRET).waitFor();
  await page.keyboard.press('ArrowDown');
  await detail().getByText('pid 3').waitFor();
  assert.ok(!(await page.content()).includes(SECRET));
  await detail().getByRole('button', { name: 'Reveal HOME' }).click();
  await detail().getByText('/root', { exact: true }).waitFor();
  assert.ok(!(await page.content()).includes(SECRET), 'only what was asked for is shown');
  await detail().getByRole('button', { name: 'Reveal all' }).click();
  await detail().getByText(SECRET).waitFor();
});

test('the detail of a zombie says why there is so little', async () => {
  await openTab('Processes');
  await rowOf('gone').click();
  await detail().getByText('zombie, exit code 3').waitFor();
  await detail().getByText('A zombie has no memory left').waitFor();
});

test('links lead from a process to its mount, from the mount to its contents, and Alt+← back', async () => {
  const { page } = used.lab;
  await openTab('Processes');
  await rowOf('worker').click();
  await detail().getByRole('button', { name: '/data' }).click();
  await detail().getByText('A volume', { exact: true }).waitFor();
  assert.match(await used.focusedText(), /\/data/);
  await detail().getByRole('button', { name: 'held in this checkpoint' }).click();
  await until(async () => (await used.focusedText()).startsWith('data'), 'the folder of the volume');
  await page.keyboard.press('Alt+ArrowLeft');
  await detail().getByText('A volume', { exact: true }).waitFor();
  await page.keyboard.press('Alt+ArrowLeft');
  await detail().getByText('pid 2').waitFor();
  await page.keyboard.press('Alt+ArrowRight');
  await detail().getByText('A volume', { exact: true }).waitFor();
});

test('the process that is chosen is the subject of every tab until it is taken away', async () => {
  const { page } = used.lab;
  await openTab('Processes');
  const chip = page.locator('.subject-chip');
  assert.equal(await chip.count(), 0, 'nothing is chosen before the person does');
  await rowOf('worker').click();
  await chip.getByText('pid 2 worker').waitFor();
  await openTab('Mounts');
  await chip.getByText('pid 2 worker').click();
  await detail().getByText('pid 2').waitFor();
  await page.keyboard.press('ArrowDown');
  await chip.getByText('pid 3 sleep').waitFor();
  await used.lab.reopen();
  await chip.getByText('pid 3 sleep').waitFor();
  await chip.getByRole('button', { name: 'Show all processes again' }).click();
  await until(async () => (await chip.count()) === 0, 'the chip to go');
});

test('Enter opens a file, folds a folder, and the detail offers both Open and Save As', async () => {
  const { page } = used.lab;
  await openTab('Filesystem');
  await rowOf('passwd').click();
  await page.keyboard.press('Enter');
  await detail().getByRole('button', { name: 'Save As…' }).click();
  assert.deepEqual(await called(used.lab.calls, 2), ['openFile /rootfs/etc/passwd', 'saveFile /rootfs/etc/passwd']);
  await rowOf('old.conf').click();
  await detail().getByText('Deleted: the container image has it').waitFor();
  assert.equal(await detail().getByRole('button', { name: 'Open' }).count(), 0);
});

test('rows are copied by id, all of them by the filter, and a click with Ctrl or Shift selects more', async () => {
  const { page } = used.lab;
  await openTab('Filesystem');
  await rowOf('passwd').click();
  await page.keyboard.press('Control+C');
  await rowOf('old.conf').click({ modifiers: ['Control'] });
  await page.keyboard.press('Control+C');
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Control+C');
  await called(used.lab.calls, 3);
  assert.match(used.lab.calls[0] ?? '', /^copy .* text \["\/etc\/passwd"\]$/);
  assert.match(used.lab.calls[1] ?? '', /text \["\/etc\/passwd","\/etc\/old.conf"\]$/);
  assert.match(used.lab.calls[2] ?? '', /^copy \{.*\} text( null)?$/);
  await page.getByText('5 selected').first().waitFor();
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  await page.getByText('3 selected').first().waitFor();
  used.lab.emit('copyRows', { format: 'csv' });
  await called(used.lab.calls, 4);
  const first = await Promise.all([0, 1, 2].map((index) => idOf(index)));
  assert.ok(used.lab.calls[3]?.endsWith(` csv ${JSON.stringify(first)}`), used.lab.calls[3]);
});

test('the context menu is VS Code’s, for the row that is meant', async () => {
  const { page } = used.lab;
  await openTab('Filesystem');
  await page.evaluate(() => {
    window.addEventListener('contextmenu', (event) => {
      const row = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-vscode-context]') : null;
      document.title = `${String(event.defaultPrevented)} ${row?.dataset['vscodeContext'] ?? ''}`;
      event.preventDefault();
    });
  });
  await rowOf('passwd').click({ button: 'right' });
  const expected = {
    webviewSection: 'row',
    grid: 'changes',
    id: '/etc/passwd',
    path: '/rootfs/etc/passwd',
    openable: true,
    preventDefaultContextMenuItems: true,
  };
  assert.equal(await page.title(), `false ${JSON.stringify(expected)}`);
  assert.equal(await rowOf('passwd').getAttribute('aria-selected'), 'true');
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+F10');
  const first = JSON.stringify(await idOf(0));
  await until(async () => (await page.title()).includes(`"id":${first}`), 'the row with the focus');
});

test('20,000 rows: only those in view exist, and the last one is one key away', async () => {
  used.data.changes = manyChanges(20_000);
  await openTab('Filesystem');
  await grid().focus();
  await used.lab.page.keyboard.press('End');
  await focusIs('file-019999.txt');
  assert.ok((await grid().locator('.canvas > .row').count()) < 120);
  assert.equal(await grid().getAttribute('aria-rowcount'), '20002');
  await used.lab.page.keyboard.type('file-0123');
  await focusIs('file-012300.txt');
  await detail().getByText('/srv/file-012300.txt').waitFor();
});

test('two million rows scroll row by row and to the very end', async () => {
  const rows = 2_000_000;
  const answers = sampleAnswers(used.data);
  await used.reopen({
    ...answers,
    grid: (_signal, { start, count, reveal }) => ({
      columns: [{ id: 'name', label: 'Name', kind: 'text', flex: 1, tree: true }],
      total: rows,
      matched: rows,
      visible: rows,
      start,
      rows: Array.from({ length: Math.min(count, rows - start) }, (_, at) => ({
        id: String(start + at),
        depth: 0,
        expandable: false,
        expanded: false,
        position: start + at + 1,
        siblings: rows,
        cells: [{ value: `row ${String(start + at)}` }],
      })),
      ...(reveal !== undefined && { revealed: Number(reveal) }),
      complete: true,
    }),
  });
  await openTab('Filesystem');
  await grid().focus();
  await used.lab.page.keyboard.press('End');
  await focusIs('row 1999999');
  const box = await grid().locator('[data-index="1999999"]').boundingBox();
  const outer = await grid().boundingBox();
  assert.ok(box && outer && box.y + box.height <= outer.y + outer.height + 1, 'the last row is in view as a whole');
  await used.lab.page.keyboard.press('PageUp');
  await until(async () => /row 19999[0-9]{2}/.test(await used.focusedText()), 'one page up');
  const before = await grid().locator('[data-index="1999980"]').boundingBox();
  await grid().hover();
  await used.lab.page.mouse.wheel(0, -44);
  await until(async () => {
    const now = await grid().locator('[data-index="1999980"]').boundingBox();
    return before !== null && now !== null && Math.abs(now.y - before.y - 44) < 2;
  }, 'the wheel moves the rows pixel by pixel');
});
