import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits, at most 30 s, until a restored counter has passed a number. It counts once a second and empties its file before it
 * writes, and a disk that is busy can keep it waiting.
 * @returns the number that it came to
 */
export async function goesOnFrom(number: number, count: () => Promise<number>): Promise<number> {
  const end = Date.now() + 30_000;
  for (;;) {
    const now = await count();
    if (now > number) return now;
    assert.ok(Date.now() < end, `the counter stands at ${String(now)}, and was at ${String(number)}`);
    await sleep(500);
  }
}
