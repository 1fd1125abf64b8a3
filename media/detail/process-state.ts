import type { ProcessFacts, TaskState } from '../../src/protocol/processes.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { t } from '../text.ts';

export const STATE_ICONS: Readonly<Record<TaskState, string>> = {
  running: 'play-circle',
  stopped: 'debug-pause',
  zombie: 'error',
  unknown: 'question',
};

export function stateName(state: TaskState): string {
  switch (state) {
    case 'running':
      return t('running');
    case 'stopped':
      return t('stopped');
    case 'zombie':
      return t('zombie');
    case 'unknown':
      return t('unknown');
  }
}

export function stateText({ state, stateNumber, exitCode }: Wire<ProcessFacts>): string {
  if (state === 'unknown' && stateNumber !== undefined) return t('unknown state {0}', stateNumber);
  return state === 'zombie' && exitCode !== undefined ? t('zombie, exit code {0}', exitCode) : stateName(state);
}
