import { escapeText, formatDuration } from '../../src/protocol/format.ts';
import type { IntervalTimer, PosixTimer, TimerFacts } from '../../src/protocol/isolation.ts';
import type { HexString, Wire } from '../../src/protocol/wire.ts';
import { Block } from '../parts/facts.tsx';
import { LongList } from '../parts/long-list.tsx';
import { t } from '../text.ts';

/** Timers that were running, or could be started again. */
export function Timers({ timers }: { timers: Wire<TimerFacts> }) {
  const rows = [
    ...timers.interval.filter(({ remaining }) => BigInt(remaining) > 0n).map(intervalRow),
    ...timers.posix.map(posixRow),
  ];
  if (rows.length === 0) return null;
  return (
    <Block title={t('Timers')}>
      <LongList items={rows}>
        {(shown) => (
          <table class="plain-table">
            <thead>
              <tr>
                <th>{t('Timer')}</th>
                <th>{t('Fires in')}</th>
                <th>{t('Then every')}</th>
                <th>{t('What happens')}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ name, remaining, interval, effect }, index) => (
                <tr key={index}>
                  <td>{name}</td>
                  <td>{remaining}</td>
                  <td>{interval}</td>
                  <td>{effect}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </LongList>
    </Block>
  );
}

interface Row {
  readonly name: string;
  readonly remaining: string;
  readonly interval: string;
  readonly effect: string;
}

function intervalRow({ kind, signal, remaining, interval }: Wire<IntervalTimer>): Row {
  const names = {
    real: t('real time'),
    virtual: t('time of the processor in the program'),
    profiling: t('time of the processor'),
  };
  return {
    name: names[kind],
    remaining: formatDuration(BigInt(remaining)),
    interval: every(interval, 1n),
    effect: t('{0} is sent', signal),
  };
}

function posixRow(timer: Wire<PosixTimer>): Row {
  const remaining = BigInt(timer.remaining);
  return {
    name: t('{0}, number {1}', escapeText(timer.clock), timer.id),
    remaining: remaining === 0n ? t('off') : formatDuration(remaining / 1000n),
    interval: every(timer.interval, 1000n),
    effect: effectOf(timer),
  };
}

function every(interval: HexString, perMicrosecond: bigint): string {
  const value = BigInt(interval);
  return value === 0n ? t('once') : formatDuration(value / perMicrosecond);
}

function effectOf({ notification, signal = '', threadId, overrun }: Wire<PosixTimer>): string {
  const missed = overrun > 0 ? ` · ${t('missed {0} times', overrun)}` : '';
  switch (notification) {
    case 'none':
      return `${t('nothing is sent')}${missed}`;
    case 'thread':
      return `${t('a new thread is started')}${missed}`;
    case 'thread-id':
      return threadId === undefined
        ? `${t('{0} is sent to one of its threads', signal)}${missed}`
        : `${t('{0} is sent to thread {1}', signal, threadId)}${missed}`;
    case 'signal':
    case 'unknown':
      return `${t('{0} is sent', signal)}${missed}`;
  }
}
