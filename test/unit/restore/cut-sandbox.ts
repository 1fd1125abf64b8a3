import assert from 'node:assert/strict';
import type { SandboxJournal } from '../../../src/core/restore/sandbox/journal.ts';
import type { Sandbox, Subject } from '../../../src/core/restore/sandbox/sandbox.ts';
import type { TargetFacts } from '../../../src/core/restore/compatibility/target-facts.ts';
import type { CutTransport, RequestCut } from './cut-transport.ts';

/** A sandbox over a connection that can be cut. */
export interface CutScene {
  readonly transport: CutTransport;
  readonly journal: SandboxJournal;
  readonly sandbox: Sandbox;
  readonly subject: Subject;
  readonly target: TargetFacts;
}

export type WithScene = (use: (scene: CutScene) => Promise<boolean>) => Promise<boolean>;

/** Cuts requests of restores and removals, and looks at what stays. */
export class Cuts {
  readonly #scene: WithScene;
  readonly #everything: () => readonly string[];

  /** @param everything names all that is there of sandboxes */
  constructor(scene: WithScene, everything: () => readonly string[]) {
    this.#scene = scene;
    this.#everything = everything;
  }

  /** @returns whether there was a request to be cut */
  restore(kind: RequestCut, step: number): Promise<boolean> {
    return this.#scene(async ({ transport, journal, sandbox, subject, target }) => {
      const plan = sandbox.plan(subject, target, {});
      const stop = new AbortController();
      transport.cut(kind, step, stop);
      const record = await sandbox.run(plan, subject, { signal: stop.signal }).catch(() => undefined);
      const happened = await transport.recover();
      assert.ok(happened || record !== undefined);
      const records = await journal.list();
      if (this.#everything().length > 0 && records.length === 0) await this.#nothing(`after request ${String(step)}`);
      for (const one of records) await sandbox.remove(one);
      assert.deepEqual(await journal.list(), []);
      await this.#nothing(`after request ${String(step)}`);
      return happened;
    });
  }

  /** @param made things that a restore makes @returns whether there was a request to be cut */
  removal(kind: RequestCut, step: number, made: number): Promise<boolean> {
    return this.#scene(async ({ transport, journal, sandbox, subject, target }) => {
      const record = await sandbox.run(sandbox.plan(subject, target, {}), subject);
      assert.equal(this.#everything().length, made);
      const stop = new AbortController();
      transport.cut(kind, step, stop);
      const failed = await sandbox.remove(record, stop.signal).then(
        () => false,
        () => true,
      );
      const happened = await transport.recover();
      if (failed) {
        assert.deepEqual(await journal.list(), [record]);
        await sandbox.remove(record);
      }
      assert.deepEqual(await journal.list(), []);
      await this.#nothing(`after request ${String(step)} of the removal`);
      return happened;
    });
  }

  async #nothing(what: string): Promise<void> {
    for (let look = 0; look < 200 && this.#everything().length > 0; look++) {
      await new Promise((go) => setTimeout(go, 20));
    }
    assert.deepEqual(this.#everything(), [], what);
  }
}
