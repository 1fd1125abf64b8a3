import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Blocks, BLOCKS } from '../../../src/core/cluster/download/blocks.ts';

/** Gives an output pieces as a connection does: from one buffer, and no more than a few after it wanted none. */
class Source {
  readonly given: Buffer[] = [];
  readonly exit: Promise<number>;
  #wake: () => void = () => undefined;

  constructor(output: Blocks, pieces: readonly Buffer[], fails = false) {
    const shared = Buffer.alloc(Math.max(1, ...pieces.map(({ length }) => length)));
    this.exit = (async () => {
      await sleep(0);
      for (const piece of pieces) {
        piece.copy(shared);
        this.given.push(piece);
        const wantsMore = output.take(shared.subarray(0, piece.length));
        shared.fill(0xee);
        if (!wantsMore) await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (fails) throw new Error('broken');
      return 0;
    })();
    this.exit.catch(() => undefined);
  }

  resume(): void {
    this.#wake();
  }
}

/** What blocks of a size are made of. */
const memory = (size: number) => Buffer.alloc(size * BLOCKS);

const pieces = (count: number) => Array.from({ length: count }, (_, index) => Buffer.alloc(10, index));

describe('what a command prints, in blocks', () => {
  test('is all there, in order and in whole blocks but for the first and the last, however it came', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 300 }),
      fc.nat(1000),
      fc.boolean(),
      async (lengths, size, from, hasMemory) => {
        let value = 0;
        const all = lengths.map((length) => Buffer.from(Array.from({ length }, () => value++ & 255)));
        // Were there too little memory, blocks are made.
        const output = new Blocks(hasMemory ? memory(size) : Buffer.alloc(0), size, 60_000, from);
        const [taken, ends]: [Buffer[], number[]] = [[], [from]];
        await output.drain(new Source(output, all), async (block) => {
          await Promise.resolve();
          taken.push(Buffer.from(block));
          ends.push((ends.at(-1) ?? 0) + block.length);
        });
        assert.deepEqual(Buffer.concat(taken), Buffer.concat(all));
        // Where blocks of the file end, one after the other.
        const between = ends.slice(1, -1);
        assert.deepEqual(
          between,
          between.map((_, index) => (Math.floor(from / size) + 1 + index) * size),
        );
      },
    );
    await fc.assert(property, { numRuns: 200, interruptAfterTimeLimit: 10_000 });
  });

  test('comes one block after the other, and no more of it than a slow taker takes', async () => {
    const output = new Blocks(memory(100), 100, 60_000, 0);
    const source = new Source(output, pieces(500));
    let [count, busy] = [0, false];
    await output.drain(source, async (block) => {
      assert.equal(busy, false);
      busy = true;
      await sleep(1);
      count += block.length;
      // Blocks that wait, and one that fills.
      assert.ok(source.given.length * 10 - count <= 500, String(source.given.length * 10 - count));
      busy = false;
    });
    assert.equal(count, 5000);
  });

  test('a block stays as it is until it is taken', async () => {
    const output = new Blocks(memory(10), 10, 60_000, 0);
    const source = new Source(output, pieces(60));
    const taken: Buffer[] = [];
    await output.drain(source, async (block) => {
      const before = Buffer.from(block);
      await sleep(2);
      assert.deepEqual(block, before);
      taken.push(before);
    });
    assert.deepEqual(Buffer.concat(taken), Buffer.concat(pieces(60)));
  });

  test('ends with what the taker throws, and nothing more is given', async () => {
    const output = new Blocks(memory(100), 100, 60_000, 0);
    let count = 0;
    const work = output.drain(new Source(output, pieces(500)), async () => {
      await sleep(1);
      if (++count === 3) throw new Error('full');
    });
    await assert.rejects(work, /full/);
    await sleep(10);
    assert.equal(count, 3);
  });

  test('ends where nothing comes for too long, but not because the taker takes his time', async () => {
    const output = new Blocks(memory(100), 100, 40, 0);
    const source = { exit: new Promise<number>(() => undefined), resume: () => undefined };
    const taken: Buffer[] = [];
    const work = output.drain(source, async (block) => {
      await sleep(150);
      taken.push(Buffer.from(block));
    });
    for (const piece of pieces(25)) {
      output.take(piece);
      await sleep(1);
    }
    assert.equal(await work, 'silent');
    assert.deepEqual(Buffer.concat(taken), Buffer.concat(pieces(25)));
  });

  test('ends where the session fails, and what had come is taken', async () => {
    const output = new Blocks(memory(1000), 1000, 60_000, 0);
    const source = new Source(output, pieces(5), true);
    const taken: Buffer[] = [];
    const end = await output.drain(source, (block) => Promise.resolve(void taken.push(Buffer.from(block))));
    assert.equal(end, 'ended');
    assert.deepEqual(Buffer.concat(taken), Buffer.concat(pieces(5)));
    await assert.rejects(source.exit, /broken/);
  });
});
