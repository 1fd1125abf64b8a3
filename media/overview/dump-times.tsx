import { formatDuration, formatSize } from '../../src/protocol/format.ts';
import type { DumpStatistics } from '../../src/protocol/overview.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { formatNumber, t } from '../text.ts';
import { Block, Fact } from '../parts/facts.tsx';
import { StackedBar } from './bar.tsx';
import { dumpPhases, type Phase } from './dump-phases.ts';

/** How long the dump took, by what it was doing, and how many pages it went through. */
export function DumpTimes({
  statistics,
  pageSize,
}: {
  statistics: Wire<DumpStatistics>;
  pageSize: number | undefined;
}) {
  const { phases, total, frozen } = dumpPhases(statistics);
  const { irmapResolve } = statistics;
  return (
    <Block title={t('Dump')}>
      {total > 0 && (
        <>
          <p class="headline">
            <strong title={t('{0} microseconds', formatNumber(total))}>{formatDuration(total)}</strong>
            {frozen !== undefined && (
              <span class="muted"> {t('in all; the container stood still for {0}', formatDuration(frozen))}</span>
            )}
          </p>
          <StackedBar
            label={t('Dump time by phase')}
            segments={phases.map(({ phase, microseconds }, index) => ({
              label: phaseName(phase),
              title: phaseTitle(phase),
              amount: microseconds,
              text: formatDuration(microseconds),
              color: [5, 1, 2, 4][index] ?? 6,
            }))}
          />
        </>
      )}
      <dl class="dense">
        <Pages label={t('Pages scanned')} count={statistics.pagesScanned} pageSize={pageSize} />
        <Pages label={t('Pages written')} count={statistics.pagesWritten} pageSize={pageSize} />
        <Pages
          label={t('Left to the parent dump')}
          count={statistics.pagesSkippedParent}
          pageSize={pageSize}
          optional
        />
        <Pages label={t('Left to be fetched later (lazy)')} count={statistics.pagesLazy} pageSize={pageSize} optional />
        <Pages label={t('Shared pages scanned')} count={statistics.shpagesScanned} pageSize={pageSize} optional />
        <Pages label={t('Shared pages written')} count={statistics.shpagesWritten} pageSize={pageSize} optional />
        <Pages
          label={t('Shared pages left to the parent dump')}
          count={statistics.shpagesSkippedParent}
          pageSize={pageSize}
          optional
        />
        <Pages label={t('Pipes used for pages')} count={statistics.pagePipes} optional />
        <Pages label={t('Buffers of these pipes')} count={statistics.pagePipeBufs} optional />
        <Fact label={t('Finding watched files')}>
          {irmapResolve !== undefined && irmapResolve > 0 && formatDuration(irmapResolve)}
        </Fact>
      </dl>
    </Block>
  );
}

function Pages(props: { label: string; count: string | undefined; pageSize?: number | undefined; optional?: boolean }) {
  const count = props.count === undefined ? undefined : BigInt(props.count);
  if (count === undefined || (props.optional && count === 0n)) return null;
  return (
    <Fact label={props.label}>
      <span class="number">{formatNumber(count)}</span>
      {props.pageSize !== undefined && <span class="muted"> · {formatSize(count * BigInt(props.pageSize))}</span>}
    </Fact>
  );
}

function phaseName(phase: Phase): string {
  switch (phase) {
    case 'freezing':
      return t('Freezing');
    case 'memory':
      return t('Collecting memory');
    case 'writing':
      return t('Writing memory');
    case 'other':
      return t('Everything else while frozen');
  }
}

function phaseTitle(phase: Phase): string {
  switch (phase) {
    case 'freezing':
      return t('From the first signal until every process stood still');
    case 'memory':
      return t('Finding the pages that belong to the dump and taking them out of the processes');
    case 'writing':
      return t('Writing these pages to the images');
    case 'other':
      return t('Files, sockets, namespaces and everything else that was dumped while the processes stood still');
  }
}
