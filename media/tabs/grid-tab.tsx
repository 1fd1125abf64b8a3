import { useEffect, useReducer, useState } from 'preact/hooks';
import type { GridName, GridRow } from '../../src/protocol/grid.ts';
import type { TabName } from '../../src/protocol/page-api.ts';
import { escapeText } from '../../src/protocol/format.ts';
import { ChangeDetailPane } from '../detail/change.tsx';
import { MountDetailPane } from '../detail/mount.tsx';
import { ProcessDetailPane } from '../detail/process.tsx';
import { TreeGrid } from '../grid/tree-grid.tsx';
import type { GridFacts } from '../grid/grid-source.ts';
import { Icon } from '../parts/icon.tsx';
import { Split } from '../parts/split.tsx';
import { ErrorState, FullState } from '../parts/states.tsx';
import { GRID_OF, useSession } from '../session.ts';
import { TEXT_MENU } from '../parts/values.tsx';
import { useStore } from '../state/store.ts';
import { formatNumber, sentenceText, t, tn } from '../text.ts';

/** A grid with the detail of what is selected beside it. */
export function GridTab({ tab }: { tab: Exclude<TabName, 'overview'> }) {
  const session = useSession();
  const grid = GRID_OF[tab];
  const model = session.grids[grid];
  const { facts, error } = useGridFacts(grid);
  const share = useStore(session.page, (page) => page.split);
  const focus = useStore(session.page, (page) => page.grids[grid].focus);
  /** Row whose masked values Space has revealed: they are masked again when another row is shown. */
  const [revealed, setRevealed] = useState<string | undefined>(undefined);

  const open = (row: GridRow) => {
    if (row.openable && row.path !== undefined) session.run(session.host.openFile(row.path));
    else if (row.expandable && model.focus !== undefined) session.run(model.toggle(model.focus));
    else document.getElementById(DETAIL_ID)?.focus();
  };
  if (error !== undefined && !facts) {
    return (
      <ErrorState error={error} onRetry={() => model.refresh()} onLog={() => session.run(session.host.showLog())} />
    );
  }
  return (
    <Split
      share={share}
      onShare={(split) => session.page.set({ ...session.page.get(), split })}
      first={
        <>
          {facts?.remark && (
            <p class="remark">
              <Icon name="info" />
              <span>{sentenceText(facts.remark)}</span>
            </p>
          )}
          <TreeGrid
            grid={grid}
            label={gridLabel(grid)}
            empty={facts && <EmptyGrid grid={grid} facts={facts} />}
            onOpen={open}
            onReveal={() => setRevealed(revealed === focus ? undefined : focus)}
          />
        </>
      }
      second={
        <div
          id={DETAIL_ID}
          class="detail"
          role="region"
          tabIndex={-1}
          aria-label={t('Details')}
          data-vscode-context={TEXT_MENU}
        >
          <Detail grid={grid} id={focus} revealed={focus !== undefined && revealed === focus} />
        </div>
      }
    />
  );
}

const DETAIL_ID = 'detail';

function Detail({ grid, id, revealed }: { grid: GridName; id: string | undefined; revealed: boolean }) {
  if (id === undefined) return <p class="muted hint">{detailHint(grid)}</p>;
  switch (grid) {
    case 'processes':
      return <ProcessDetailPane id={id} revealed={revealed} />;
    case 'mounts':
      return <MountDetailPane id={id} />;
    case 'changes':
      return <ChangeDetailPane id={id} />;
  }
}

function detailHint(grid: GridName): string {
  switch (grid) {
    case 'processes':
      return t('Select a process to see its arguments, environment, threads and mounts.');
    case 'mounts':
      return t('Select a mount to see its options and where it comes from.');
    case 'changes':
      return t('Select a file to see its mode, owner, times and attributes. Enter opens it.');
  }
}

function gridLabel(grid: GridName): string {
  switch (grid) {
    case 'processes':
      return t('Processes');
    case 'mounts':
      return t('Mounts');
    case 'changes':
      return t('Filesystem changes');
  }
}

function EmptyGrid({ grid, facts }: { grid: GridName; facts: GridFacts }) {
  const session = useSession();
  const { filter } = session.gridState(grid);
  if (facts.total > 0) {
    return (
      <FullState icon="filter" text={noMatch(grid, filter)}>
        <button type="button" class="button" onClick={() => session.grids[grid].setFilter('')}>
          {t('Clear the filter')}
        </button>
      </FullState>
    );
  }
  if (!facts.complete) return <FullState icon="loading" text={t('Still reading the archive…')} />;
  return <FullState icon="circle-slash" text={nothing(grid)} />;
}

function noMatch(grid: GridName, filter: string): string {
  const shown = escapeText(filter);
  switch (grid) {
    case 'processes':
      return t('No process matches “{0}”.', shown);
    case 'mounts':
      return t('No mount matches “{0}”.', shown);
    case 'changes':
      return t('No change matches “{0}”.', shown);
  }
}

function nothing(grid: GridName): string {
  switch (grid) {
    case 'processes':
      return t('This checkpoint has no processes that can be listed. The notes say what is missing.');
    case 'mounts':
      return t('This checkpoint records no mounts. The notes say what is missing.');
    case 'changes':
      return t(
        'This checkpoint has no filesystem changes: its archive holds neither changed nor deleted files nor contents of volumes.',
      );
  }
}

/** How many rows there are, match and are selected; a screen reader hears it when it changes. */
export function GridCount({ grid }: { grid: GridName }) {
  const session = useSession();
  const { facts, selected } = useGridFacts(grid);
  const text = facts ? countText(facts, selected) : '';
  useEffect(() => {
    if (text === '') return undefined;
    const timer = setTimeout(() => session.announce(text), 400);
    return () => clearTimeout(timer);
  }, [text, session]);
  return <span class="muted count">{text}</span>;
}

function countText({ total, matched, complete }: GridFacts, selected: number): string {
  const rows =
    matched === total ? tn(total, '{0} row', '{0} rows') : t('{0} of {1}', formatNumber(matched), formatNumber(total));
  const reading = complete ? rows : t('{0}, still reading', rows);
  return selected > 1 ? t('{0}, {1} selected', reading, formatNumber(selected)) : reading;
}

function useGridFacts(grid: GridName): { facts: GridFacts | undefined; error: unknown; selected: number } {
  const session = useSession();
  const model = session.grids[grid];
  const [, render] = useReducer<number, undefined>((count) => count + 1, 0);
  useEffect(() => model.subscribe(() => render(undefined)), [model]);
  return { facts: model.source.facts, error: model.source.error, selected: model.selectedCount };
}
