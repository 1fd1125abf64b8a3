import type { CapabilityTable } from '../../../protocol/isolation.ts';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { throwIfCancelled } from '../../bytes/cancel.ts';

/**
 * Capabilities that any thread has or may get, or that the spec asks for, and that its engine gives to no container by
 * itself. CRIU gives threads what the dump says that they had, whatever a pod or an engine would allow.
 */
export async function capabilitiesBeyond(checkpoint: Checkpoint, signal?: AbortSignal): Promise<readonly string[]> {
  const found = new Map<number, string>();
  const add = (table: CapabilityTable | undefined): void => {
    if (table?.defaults === undefined) return;
    for (const { number, name, beyondDefault, byDefault, asked } of table.rows) {
      if (beyondDefault || (asked.length > 0 && !byDefault)) found.set(number, name);
    }
  };
  for (const { pid, threads } of await checkpoint.processes(signal)) {
    throwIfCancelled(signal);
    add((await checkpoint.isolation.process(pid, signal))?.capabilities);
    if (threads.length < 2) continue;
    for (const { capabilities } of await checkpoint.isolation.threads(pid, signal)) add(capabilities);
  }
  return [...found].sort(([a], [b]) => a - b).map(([, name]) => name);
}
