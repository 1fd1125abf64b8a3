import { useState } from 'preact/hooks';
import { escapeText } from '../../src/protocol/format.ts';
import type { AddressFact, PendingSignal, SignalFacts, SignalRow } from '../../src/protocol/isolation.ts';
import type { HexString, Wire } from '../../src/protocol/wire.ts';
import { Block } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { LongList } from '../parts/long-list.tsx';
import { Link } from '../parts/values.tsx';
import { formatNumber, t, tn } from '../text.ts';

/** How the process reacts to signals, and which wait for it. */
export function Signals({
  signals,
  ofThread,
}: {
  signals: Wire<SignalFacts>;
  ofThread: readonly Wire<PendingSignal>[];
}) {
  const [all, setAll] = useState(false);
  const { rows, pending } = signals;
  const interesting = rows.filter(
    (row) => row.disposition !== 'default' || row.blocked || row.pending > 0 || row.flags.length > 0,
  );
  return (
    <Block title={t('Signals')}>
      <table class="plain-table signals">
        <thead>
          <tr>
            <th>{t('Signal')}</th>
            <th>{t('Reaction')}</th>
            <th>{t('Handler')}</th>
            <th>{t('Flags')}</th>
            <th>{t('Blocked meanwhile')}</th>
            <th class="mark" title={t('Kept back by the thread that leads the process')}>
              {t('blocked')}
            </th>
            <th class="right" title={t('Sent and not yet taken')}>
              {t('waiting')}
            </th>
          </tr>
        </thead>
        <tbody>
          {(all ? rows : interesting).map((row) => (
            <Row key={row.number} row={row} />
          ))}
        </tbody>
      </table>
      {!all && interesting.length < rows.length && (
        <p>
          <span class="muted">
            {tn(
              rows.length - interesting.length,
              'The other {0} has its default.',
              'The other {0} have their defaults.',
            )}{' '}
          </span>
          <button type="button" class="link" onClick={() => setAll(true)}>
            {t('Show all {0}', formatNumber(rows.length))}
          </button>
        </p>
      )}
      <Pending title={t('Waiting for the process')} signals={pending} />
      <Pending title={t('Waiting for the thread that leads it')} signals={ofThread} />
    </Block>
  );
}

function Row({ row }: { row: Wire<SignalRow> }) {
  return (
    <tr class={row.disposition === 'default' && !row.blocked && row.pending === 0 ? 'muted' : ''}>
      <td title={String(row.number)}>{row.name}</td>
      <td>{dispositionText(row.disposition)}</td>
      <td>{row.handler && <Address at={row.handler} />}</td>
      <td class="code">{row.flags.join(' ')}</td>
      <td class="code">
        {row.masked.length > 8 ? tn(row.masked.length, '{0} signal', '{0} signals') : row.masked.join(' ')}
      </td>
      <td class="mark">{row.blocked && <Icon name="check" label={t('yes')} />}</td>
      <td class="right">{row.pending > 0 && row.pending}</td>
    </tr>
  );
}

function dispositionText(disposition: SignalRow['disposition']): string {
  switch (disposition) {
    case 'default':
      return t('default');
    case 'ignored':
      return t('ignored');
    case 'handled':
      return t('handled');
  }
}

/** An address as debuggers name it: what is mapped there, and how far from its start. */
function Address({ at }: { at: Wire<AddressFact> }) {
  if (at.mapping === undefined) return <span class="code">{at.address}</span>;
  const short = at.mapping.slice(at.mapping.lastIndexOf('/') + 1);
  return (
    <span class="code" title={`${at.address}\n${escapeText(at.mapping)}`}>
      {escapeText(short)}+{at.offset}
    </span>
  );
}

function Pending({ title, signals }: { title: string; signals: readonly Wire<PendingSignal>[] }) {
  if (signals.length === 0) return null;
  return (
    <>
      <h3 class="group-title">{title}</h3>
      <LongList items={signals}>
        {(shown) => (
          <table class="plain-table">
            <thead>
              <tr>
                <th>{t('Signal')}</th>
                <th>{t('Why')}</th>
                <th>{t('Sent by')}</th>
                <th>{t('With')}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((signal, index) => (
                <tr key={index}>
                  <td title={String(signal.number)}>{signal.name}</td>
                  <td class="code">{signal.code}</td>
                  <td>{signal.senderPid !== undefined && <Sender pid={signal.senderPid} uid={signal.senderUid} />}</td>
                  <td>{payload(signal)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </LongList>
    </>
  );
}

function Sender({ pid, uid }: { pid: number; uid: number | undefined }) {
  if (pid === 0) return <>{t('from outside of the container')}</>;
  return (
    <>
      <Link to={{ tab: 'processes', row: String(pid) }}>{t('pid {0}', pid)}</Link>
      {uid !== undefined && <span class="muted"> · {t('user {0}', uid)}</span>}
    </>
  );
}

function payload(signal: Wire<PendingSignal>): string {
  const parts = [
    signal.value !== undefined && signal.value !== '0x0' ? t('value {0}', decimal(signal.value)) : '',
    signal.timerId !== undefined ? t('timer {0}', signal.timerId) : '',
    signal.overrun !== undefined && signal.overrun > 0 ? t('missed {0} times', signal.overrun) : '',
    signal.status !== undefined ? t('status {0}', signal.status) : '',
    signal.address !== undefined ? t('address {0}', signal.address) : '',
    signal.systemCall !== undefined ? t('system call {0}', escapeText(signal.systemCall)) : '',
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function decimal(value: HexString): string {
  return `${value} (${BigInt(value)})`;
}
