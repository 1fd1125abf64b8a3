import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until a statement about the page holds, at most 15 s. */
export async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, what);
    await sleep(20);
  }
}

/** Waits until the page has asked the host to do as many things; what it asks arrives after the key or click. */
export async function called(calls: readonly string[], count: number): Promise<readonly string[]> {
  await until(() => calls.length >= count, `the page must ask for ${String(count)} things: ${calls.join(', ')}`);
  return calls;
}
