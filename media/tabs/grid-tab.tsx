import type { ComponentType } from 'preact';
import { useEffect, useReducer, useState } from 'preact/hooks';
import type { GridName, GridRow } from '../../src/protocol/grid.ts';
import { TreeGrid } from '../grid/tree-grid.tsx';
import type { GridFacts } from '../grid/grid-source.ts';
import { Icon } from '../parts/icon.tsx';
import { Split } from '../parts/split.tsx';
import { ErrorState, FullState } from '../parts/states.tsx';
import { useSession } from '../session.ts';
import { TEXT_MENU } from '../parts/values.tsx';
import { useStore } from '../state/store.ts';
import { formatNumber, sentenceText, t, tn } from '../text.ts';

export interface GridTabProps extends GridPaneProps {
  /** What stands in the detail while no row is selected. */
  readonly hint: string;
  /** Shows the row of that id. `revealed`: the person asked to see what is masked. */
  readonly Detail: ComponentType<{ readonly id: string; readonly revealed: boolean }>;
}

/** A grid with the detail of what is selected beside it. */
export function GridTab(props: GridTabProps) {
  const { grid, hint, Detail } = props;
  const session = useSession();
  const share = useStore(session.page, (page) => page.split);
  const focus = useStore(session.page, (page) => page.grids[grid].focus);
  /** Row whose masked values Space has revealed: they are masked again when another row is shown. */
  const [revealed, setRevealed] = useState<string | undefined>(undefined);
  return (
    <Split
      share={share}
      onShare={(split) => session.page.set({ ...session.page.get(), split })}
      first={
        <GridPane
          {...props}
          onDetail={() => document.getElementById(DETAIL_ID)?.focus()}
          onReveal={() => setRevealed(revealed === focus ? undefined : focus)}
        />
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
          {focus === undefined ? <p class="muted hint">{hint}</p> : <Detail id={focus} revealed={revealed === focus} />}
        </div>
      }
    />
  );
}

const DETAIL_ID = 'detail';

export interface GridPaneProps {
  readonly grid: GridName;
  /** Of what, where there is a grid for each of several things; see GridQuery. */
  readonly of?: string;
  /** What the table holds, for those who cannot see it. */
  readonly label: string;
  /** What stands in place of the rows where the filter hides all, and where there are none. */
  readonly noMatch: (filter: string) => string;
  readonly nothing: string;
  /** The process that a row stands for: choosing the row makes it the subject of all tabs. */
  readonly subjectOf?: (id: string) => number;
}

/** A grid by itself, with what must be known of it as a whole, and what stands there when it has no rows. */
export function GridPane(
  props: GridPaneProps & {
    /** Enter on a row that neither opens nor unfolds. */
    readonly onDetail?: (row: GridRow) => void;
    /** In place of opening or unfolding the row. */
    readonly onOpen?: (row: GridRow) => void;
    /** Space: show or hide what is masked in the detail. */
    readonly onReveal?: () => void;
    /** The person has put the focus on another row. */
    readonly onChosen?: (id: string) => void;
    /** A plain click on a row, beside what is a link. */
    readonly onClick?: (row: GridRow) => void;
  },
) {
  const { grid, of, label, subjectOf, onDetail, onOpen, onReveal, onChosen, onClick } = props;
  const session = useSession();
  const model = session.grids[grid];
  const { facts, error } = useGridFacts(grid);
  const subject = useStore(session.page, (page) => page.subject);
  useEffect(() => {
    if (of !== undefined) model.setOf(of);
    // The grid in which subjects are chosen shows all.
    model.setSubject(subjectOf ? undefined : subject);
  }, [model, of, subject, subjectOf === undefined]);

  const open = (row: GridRow) => {
    if (row.openable && row.path !== undefined) session.run(session.host.openFile(row.path));
    else if (row.expandable && model.focus !== undefined) session.run(model.toggle(model.focus));
    else onDetail?.(row);
  };
  if (error !== undefined && !facts) {
    return (
      <ErrorState error={error} onRetry={() => model.refresh()} onLog={() => session.run(session.host.showLog())} />
    );
  }
  return (
    <>
      {facts?.remark && (
        <p class="remark">
          <Icon name="info" />
          <span>{sentenceText(facts.remark)}</span>
        </p>
      )}
      <TreeGrid
        grid={grid}
        label={label}
        empty={facts && <EmptyGrid {...props} facts={facts} />}
        onOpen={onOpen ?? open}
        onReveal={() => onReveal?.()}
        onChosen={(id) => {
          if (subjectOf) session.choose(subjectOf(id));
          onChosen?.(id);
        }}
        {...(onClick && { onClick })}
      />
    </>
  );
}

function EmptyGrid({ grid, noMatch, nothing, facts }: GridPaneProps & { facts: GridFacts }) {
  const session = useSession();
  const { filter } = session.gridState(grid);
  const { subject } = session.page.get();
  if (facts.total > 0) {
    if (filter.trim() === '' && subject !== undefined) {
      return (
        <FullState icon="filter" text={t('None of these rows is about process {0}.', subject)}>
          <button type="button" class="button" onClick={() => session.choose(undefined)}>
            {t('Show those of all processes')}
          </button>
        </FullState>
      );
    }
    return (
      <FullState icon="filter" text={noMatch(filter)}>
        <button type="button" class="button" onClick={() => session.grids[grid].setFilter('')}>
          {t('Clear the filter')}
        </button>
      </FullState>
    );
  }
  if (!facts.complete) return <FullState icon="loading" text={t('Still reading the archive…')} />;
  return <FullState icon="circle-slash" text={nothing} />;
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
