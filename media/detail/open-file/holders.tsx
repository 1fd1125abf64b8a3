import { escapeText } from '../../../src/protocol/format.ts';
import type { HolderFacts } from '../../../src/protocol/open-files.ts';
import { LongList } from '../../parts/long-list.tsx';
import { Link } from '../../parts/values.tsx';
import { t } from '../../text.ts';
import { Section } from '../pane.tsx';

/** A process by its name and number. */
export function ProcessLink({ pid, command }: { pid: number; command: string | undefined }) {
  return (
    <Link to={{ tab: 'processes', row: String(pid), pid }} title={t('Show the process')}>
      {command === undefined ? t('process {0}', pid) : `${escapeText(command)} ${String(pid)}`}
    </Link>
  );
}

/** A descriptor of a process, as a link to its row. */
export function Holder({ pid, fd, command }: HolderFacts) {
  return (
    <>
      <Link to={{ tab: 'files', row: `${String(pid)}/${String(fd)}` }} title={t('Show this descriptor')}>
        {t('descriptor {0}', fd)}
      </Link>{' '}
      <span class="muted">{t('of')}</span> <ProcessLink pid={pid} command={command} />
    </>
  );
}

/** Descriptors under a heading. */
export function HolderList({
  title,
  holders,
  hint,
  none,
  more,
}: {
  title: string;
  holders: readonly HolderFacts[];
  hint?: string;
  /** What stands there where there are no holders. */
  none?: string;
  /** There are holders that are not listed. */
  more?: boolean | undefined;
}) {
  return (
    <Section title={title} {...(holders.length > 0 && { count: holders.length })}>
      {hint !== undefined && holders.length > 0 && <p class="muted">{hint}</p>}
      {holders.length === 0 && none !== undefined && <p class="muted">{none}</p>}
      <LongList items={holders}>
        {(shown) => (
          <ul class="plain-list">
            {shown.map((holder) => (
              <li key={`${String(holder.pid)}/${String(holder.fd)}`}>
                <Holder {...holder} />
              </li>
            ))}
          </ul>
        )}
      </LongList>
      {more && <p class="muted">{t('There are more than can be listed.')}</p>}
    </Section>
  );
}
