import { useEffect } from 'preact/hooks';
import { escapeText } from '../../src/protocol/format.ts';
import { useSession } from '../session.ts';
import { useStore } from '../state/store.ts';
import { GridPane } from '../tabs/grid-tab.tsx';
import { t } from '../text.ts';

interface Listing {
  readonly pid: number;
  readonly index: number;
}

/** Where in the tab the instructions of a filter are. */
export function listingPath(pid: number, index: number): string {
  return `seccomp/${pid}/${index}`;
}

export function parseListing(path: string | undefined): Listing | undefined {
  const [, pid, index] = /^seccomp\/(\d+)\/(\d+)$/.exec(path ?? '') ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), index: Number(index) };
}

/** A seccomp filter, instruction by instruction, in place of the rest of the tab. */
export function SeccompListing({ pid, index }: Listing) {
  const session = useSession();
  const filter = useStore(session.page, (page) => page.tabs.identity.filter);
  useEffect(() => session.grids.seccomp.setFilter(filter), [session, filter]);
  return (
    <>
      <p class="listing-title">
        <button type="button" class="link" onClick={() => session.go({ tab: 'identity', path: 'process' })}>
          {t('Back to the process')}
        </button>
        <span>{t('Seccomp filter {0} of process {1}', index, pid)}</span>
        <span class="muted">
          {t('A and X are registers; nr is the number of the call, args[n] its arguments in two halves.')}
        </span>
      </p>
      <GridPane
        grid="seccomp"
        of={`${pid}:${index}`}
        label={t('Instructions of a seccomp filter')}
        noMatch={(text) => t('No instruction matches “{0}”.', escapeText(text))}
        nothing={t('There is no such filter in this checkpoint.')}
      />
    </>
  );
}
