import { useMemo, useState } from 'preact/hooks';
import { Split } from '../parts/split.tsx';
import { ErrorState, FullState } from '../parts/states.tsx';
import { TEXT_MENU } from '../parts/values.tsx';
import { useSession } from '../session.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { t, tn } from '../text.ts';
import { ConnectionDetail } from './connection-detail.tsx';
import { GraphView } from './graph-view.tsx';
import { layOut } from './layout.ts';
import { partOf } from './part.ts';

/** Who talks to whom, with what is known of the chosen node or line beside it. */
export function ConnectionPicture() {
  const session = useSession();
  const subject = useStore(session.page, (page) => page.subject);
  const split = useStore(session.page, (page) => page.split);
  const filter = useStore(session.page, (page) => page.grids.sockets.filter);
  const version = useStore(session.version, (count) => count);
  const apart = subject === undefined ? [] : [subject];
  const graph = useResource((signal) => session.host.connections(apart, signal), String(subject), version);
  const [chosen, choose] = useState<string | undefined>(undefined);
  const part = useMemo(() => graph.value && partOf(graph.value, filter, subject), [graph.value, filter, subject]);
  const drawing = useMemo(() => part && layOut(part.nodes, part.edges), [part]);
  if (!graph.value || !part || !drawing) {
    if (graph.error === undefined) return null;
    return <ErrorState error={graph.error} onLog={() => session.run(session.host.showLog())} />;
  }
  if (graph.value.nodes.length === 0) {
    return (
      <FullState icon="circle-slash" text={t('No process of this checkpoint talks to another or to the outside.')} />
    );
  }
  if (part.nodes.length === 0) return <NothingFits />;
  return (
    <Split
      stacked
      share={split}
      onShare={(share) => session.page.set({ ...session.page.get(), split: share })}
      first={
        <>
          <Summary silent={graph.value.silent} leftOut={graph.value.leftOut.nodes} />
          <GraphView drawing={drawing} chosen={chosen} onChoose={choose} />
        </>
      }
      second={
        <div class="detail" role="region" tabIndex={-1} aria-label={t('Details')} data-vscode-context={TEXT_MENU}>
          <ConnectionDetail graph={part} chosen={chosen} onChoose={choose} />
        </div>
      }
    />
  );
}

function Summary({ silent, leftOut }: { silent: number; leftOut: number }) {
  const parts = [
    silent > 0 &&
      tn(silent, '{0} process talks to nobody and is not drawn.', '{0} processes talk to nobody and are not drawn.'),
    leftOut > 0 && tn(leftOut, '{0} more has no room in the picture.', '{0} more have no room in the picture.'),
  ].filter((part) => part !== false);
  return parts.length === 0 ? null : <p class="remark">{parts.join(' ')}</p>;
}

function NothingFits() {
  const session = useSession();
  const { subject } = session.page.get();
  const { filter } = session.gridState('sockets');
  if (filter.trim() === '' && subject !== undefined) {
    return (
      <FullState icon="filter" text={t('Process {0} talks to nobody.', subject)}>
        <button type="button" class="button" onClick={() => session.choose(undefined)}>
          {t('Show those of all processes')}
        </button>
      </FullState>
    );
  }
  return (
    <FullState icon="filter" text={t('Nobody who talks matches the filter.')}>
      <button type="button" class="button" onClick={() => session.grids.sockets.setFilter('')}>
        {t('Clear the filter')}
      </button>
    </FullState>
  );
}
