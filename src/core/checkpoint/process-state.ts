import type { TaskState } from '../../protocol/processes.ts';

/** Source: criu compel/include/uapi/task-state.h. A zombie is dumped as dead; 6 exists only while CRIU runs. */
const STATES = new Map<number, TaskState>([
  [1, 'running'],
  [2, 'zombie'],
  [3, 'stopped'],
  [6, 'zombie'],
]);

/** @param stateNumber of CRIU; undefined where no image has it */
export function stateOf(stateNumber: number | undefined): TaskState {
  return stateNumber === undefined ? 'unknown' : (STATES.get(stateNumber) ?? 'unknown');
}

/** CRIU keeps the status as wait(2) gives it: the code in the second byte, a killing signal in the first. */
export function readExitStatus(status: number): { readonly exitCode: number } | { readonly exitSignal: number } {
  const signal = status & 0x7f;
  return signal === 0 ? { exitCode: (status >>> 8) & 0xff } : { exitSignal: signal };
}
