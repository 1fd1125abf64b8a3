import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach } from 'node:test';
import { root } from '../../../scripts/lib/node.mjs';
import { archiveAnswers, type ArchiveAnswers } from './archive-answers.ts';
import { launchLab, type Lab, type LabBrowser } from './lab.ts';

/**
 * For each test of a file, the page anew on an archive that is opened once. The browser must not complain of any.
 * @param archive below the repository
 * @param ready brings the page to where the tests begin, once the overview is there
 * @returns the page of the test that runs
 */
export function labForEach(
  archive: string,
  ready: (lab: Lab) => Promise<void>,
): Pick<Lab, 'page' | 'calls' | 'emit' | 'reopen'> {
  let browser: LabBrowser;
  let source: ArchiveAnswers;
  let lab: Lab;

  before(async () => {
    browser = await launchLab();
    source = archiveAnswers(join(root, archive));
  });

  after(async () => {
    await browser.close();
    await source.close();
  });

  beforeEach(async () => {
    lab = await browser.open(source.answers);
    source.forward({
      progress: (value) => lab.emit('progress', value),
      changed: (value) => lab.emit('changed', value),
      searched: (value) => lab.emit('searched', value),
    });
    await lab.page.locator('.overview').waitFor();
    await ready(lab);
  });

  afterEach(async () => {
    const { complaints } = lab;
    await lab.close();
    assert.deepEqual(complaints, [], 'the browser must not complain, of the content security policy least of all');
  });

  return {
    get page() {
      return lab.page;
    },
    get calls() {
      return lab.calls;
    },
    emit: (name, value) => lab.emit(name, value),
    reopen: () => lab.reopen(),
  };
}
