import type { SandboxJournal } from '../../core/restore/sandbox/journal.ts';
import type { MadeSandbox, SandboxRecord, SandboxState } from '../../core/restore/sandbox/sandbox.ts';
import type { SandboxItem } from './sandbox-row.ts';

/** Milliseconds that a place may take to say how a sandbox is: one that is dead must not keep the others waiting. */
const LOOKING = 10_000;

export interface SandboxListOptions {
  readonly journal: SandboxJournal;
  readonly placeOf: (record: SandboxRecord) => Promise<MadeSandbox>;
  /** Whether commands may be run now. */
  readonly mayLook: () => boolean;
  readonly onChanged: () => void;
}

/** The sandboxes that are written down, and what became of them. */
export class SandboxList {
  readonly #options: SandboxListOptions;
  readonly #states = new Map<string, SandboxState>();
  /** The last ones that were given out: the same object stands for the same row as long as nothing changes. */
  #items = new Map<string, SandboxItem>();
  #looking: Promise<void> | undefined;

  constructor(options: SandboxListOptions) {
    this.#options = options;
  }

  /** All of them; those that were never looked at are looked at in the background. */
  async items(): Promise<readonly SandboxItem[]> {
    const records = await this.#options.journal.list();
    this.#items = new Map(records.map((record) => [record.id, this.#item(record)]));
    if (records.some(({ id }) => !this.#states.has(id))) void this.look();
    return [...this.#items.values()];
  }

  /** Asks each place how its sandboxes are. Whoever asks for it meanwhile waits for the same. */
  look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { journal, onChanged } = this.#options;
    const records = await journal.list();
    await Promise.all(
      records.map(async (record) => {
        const state = await this.#state(record);
        if (this.#states.get(record.id) === state) return;
        this.#states.set(record.id, state);
        onChanged();
      }),
    );
    const ids = new Set(records.map(({ id }) => id));
    const isSame = ids.size === this.#items.size && [...ids].every((id) => this.#items.has(id));
    for (const id of this.#states.keys()) if (!ids.has(id)) this.#states.delete(id);
    if (!isSame) onChanged();
  }

  async #state(record: SandboxRecord): Promise<SandboxState> {
    const { mayLook, placeOf } = this.#options;
    if (!mayLook()) return 'unknown';
    try {
      return await (await placeOf(record)).state(record, AbortSignal.timeout(LOOKING));
    } catch {
      // Why it is not known is told where the person does something with it.
      return 'unknown';
    }
  }

  #item(record: SandboxRecord): SandboxItem {
    const state = this.#states.get(record.id);
    const known = this.#items.get(record.id);
    const isSame = known?.state === state && JSON.stringify(known?.record) === JSON.stringify(record);
    return known && isSame ? known : { record, state };
  }
}
