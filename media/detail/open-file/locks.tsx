import type { LockFacts } from '../../../src/protocol/open-files.ts';
import type { Wire } from '../../../src/protocol/wire.ts';
import { formatNumber, t } from '../../text.ts';
import { Section } from '../pane.tsx';

/** Locks that the process holds on the file through this descriptor. */
export function Locks({ locks }: { locks: readonly Wire<LockFacts>[] }) {
  if (locks.length === 0) return null;
  return (
    <Section title={t('Locks')} count={locks.length}>
      <table class="plain-table">
        <thead>
          <tr>
            <th>{t('Kind')}</th>
            <th>{t('Access')}</th>
            <th>{t('Bytes')}</th>
          </tr>
        </thead>
        <tbody>
          {locks.map((lock, index) => (
            <tr key={index}>
              <td title={kindTitle(lock.kind)}>{lock.kind === 'unknown' ? lock.kindNumber : lock.kind}</td>
              <td>
                {accessText(lock)}
                {lock.breaking && <span class="muted"> {t('being broken')}</span>}
              </td>
              <td>{rangeText(lock)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function accessText({ access, accessNumber }: Wire<LockFacts>): string {
  switch (access) {
    case 'read':
      return t('shared (read)');
    case 'write':
      return t('exclusive (write)');
    case 'none':
      return t('none');
    case 'unknown':
      return String(accessNumber ?? '');
  }
}

function rangeText({ start, end }: Wire<LockFacts>): string {
  const first = BigInt.asIntN(64, BigInt(start));
  if (end === undefined) return first === 0n ? t('the whole file') : t('from {0} on', formatNumber(first));
  return t('{0} to {1}', formatNumber(first), formatNumber(BigInt.asIntN(64, BigInt(end))));
}

function kindTitle(kind: LockFacts['kind']): string {
  switch (kind) {
    case 'POSIX':
      return t('Taken with fcntl or lockf: it belongs to the process');
    case 'FLOCK':
      return t('Taken with flock: it belongs to the open file');
    case 'OFD':
      return t('Taken with fcntl: it belongs to the open file');
    case 'LEASE':
      return t('A lease: the process is told before somebody else opens the file');
    case 'unknown':
      return t('A kind that is not known here');
  }
}
