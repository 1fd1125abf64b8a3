import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import type { Locator } from 'playwright-core';
import type { Handlers } from '../../../src/protocol/channel.ts';
import type { PageApi } from '../../../src/protocol/page-api.ts';
import { type Lab, type LabBrowser, launchLab } from './lab.ts';
import { sample, sampleAnswers, type Sample } from './sample.ts';
import { until } from './until.ts';

/** The page that a test has before it, how to go about in it, and what its answers are made from. */
export interface UsedPage {
  readonly lab: Lab;
  readonly data: Sample;
  /** Another page takes its place. */
  reopen(answers: Handlers<PageApi>): Promise<void>;
  readonly grid: () => Locator;
  readonly detail: () => Locator;
  /** The first row of the grid that has a text. */
  readonly rowOf: (text: string) => Locator;
  readonly openTab: (name: string) => Promise<void>;
  /** The text of the row that the keyboard acts on, as a screen reader is told. */
  readonly focusedText: () => Promise<string>;
  /** Waits until that is a row with a text. */
  readonly focusIs: (text: string) => Promise<void>;
}

/**
 * Gives each test of a file a page of its own on sample data, of which the browser must have nothing to complain.
 * @param ready waits until it shows what the tests begin with
 */
export function usePage(ready: (lab: Lab) => Promise<void>): UsedPage {
  const used = new Used();
  let browser: LabBrowser;
  before(async () => {
    browser = await launchLab();
  });
  after(() => browser.close());
  beforeEach(async () => {
    await used.begin(browser);
    await ready(used.lab);
  });
  afterEach(async () => {
    const { complaints } = used.lab;
    await used.lab.close();
    assert.deepEqual(complaints, [], 'the browser must not complain, of the content security policy least of all');
  });
  return used;
}

class Used implements UsedPage {
  #browser: LabBrowser | undefined;
  #lab: Lab | undefined;
  #data: Sample | undefined;

  get lab(): Lab {
    assert.ok(this.#lab, 'a page is there only in a test');
    return this.#lab;
  }

  get data(): Sample {
    assert.ok(this.#data, 'data are there only in a test');
    return this.#data;
  }

  async begin(browser: LabBrowser): Promise<void> {
    this.#browser = browser;
    this.#data = sample();
    this.#lab = await browser.open(sampleAnswers(this.#data));
  }

  async reopen(answers: Handlers<PageApi>): Promise<void> {
    await this.lab.close();
    this.#lab = await this.#browser?.open(answers);
  }

  readonly grid = (): Locator => this.lab.page.getByRole('treegrid');

  readonly detail = (): Locator => this.lab.page.getByRole('region', { name: 'Details' });

  readonly rowOf = (text: string): Locator => this.grid().locator('.canvas > .row').filter({ hasText: text }).first();

  readonly openTab = async (name: string): Promise<void> => {
    await this.lab.page.getByRole('tab', { name }).click();
    await this.grid().locator('.canvas > .row').first().waitFor();
  };

  readonly focusedText = (): Promise<string> =>
    this.grid().evaluate((element) => {
      const id = element.getAttribute('aria-activedescendant');
      return (id === null ? null : document.getElementById(id))?.innerText ?? '';
    });

  readonly focusIs = async (text: string): Promise<void> => {
    await until(async () => (await this.focusedText()).includes(text), `the focus must come to ${text}`);
  };
}
