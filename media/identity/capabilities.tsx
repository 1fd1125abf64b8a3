import { useState } from 'preact/hooks';
import type {
  CapabilityDefaults,
  CapabilityRow,
  CapabilitySet,
  CapabilityTable,
} from '../../src/protocol/isolation.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Block } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { formatNumber, t } from '../text.ts';
import { capabilityMeaning } from './capability-words.ts';

const SETS: readonly CapabilitySet[] = ['effective', 'permitted', 'inheritable', 'bounding', 'ambient'];
const ENGINES: Readonly<Record<CapabilityDefaults, string>> = {
  podman: 'Podman',
  'cri-o': 'CRI-O',
  containerd: 'containerd',
  docker: 'Docker',
};

/** Rights of root, one by one: which of them in which set, and which of them go beyond what the engine gives. */
export function Capabilities({ table }: { table: Wire<CapabilityTable> }) {
  const [all, setAll] = useState(false);
  const { rows } = table;
  const interesting = rows.filter(({ sets, byDefault, asked }) => sets.length > 0 || byDefault || asked.length > 0);
  const beyond = rows.filter(({ beyondDefault }) => beyondDefault).length;
  return (
    <Block title={t('Capabilities')}>
      <p class="muted lead">{headline(table, beyond)}</p>
      <table class="plain-table capabilities">
        <thead>
          <tr>
            <th>{t('Capability')}</th>
            {SETS.map((set) => (
              <th key={set} class="mark" title={setTitle(set)}>
                {setName(set)}
              </th>
            ))}
            {table.asked && (
              <th class="mark" title={t('The specification asks for it')}>
                {t('asked for')}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {(all ? rows : interesting).map((row) => (
            <Row key={row.number} row={row} table={table} />
          ))}
        </tbody>
      </table>
      {!all && interesting.length < rows.length && (
        <button type="button" class="link more" onClick={() => setAll(true)}>
          {t('Show all {0}', formatNumber(rows.length))}
        </button>
      )}
    </Block>
  );
}

function Row({ row, table }: { row: Wire<CapabilityRow>; table: Wire<CapabilityTable> }) {
  const ordinary = table.defaults !== undefined && !row.beyondDefault;
  return (
    <tr class={ordinary || row.sets.length === 0 ? 'muted' : ''}>
      <td class="code" title={capabilityMeaning(row.name)}>
        {row.name}
        {row.beyondDefault && <Icon name="warning" class="warning" label={t('Beyond what the engine gives')} />}
      </td>
      {SETS.map((set) =>
        table.untold.includes(set) ? <Untold key={set} /> : <Tick key={set} on={row.sets.includes(set)} />,
      )}
      {table.asked && <Tick on={row.asked.length > 0} />}
    </tr>
  );
}

function Tick({ on }: { on: boolean }) {
  return <td class="mark">{on ? <Icon name="check" label={t('yes')} /> : <span class="muted">–</span>}</td>;
}

function Untold() {
  return (
    <td class="mark muted" title={t('The checkpoint does not say')}>
      ?
    </td>
  );
}

function headline({ rows, defaults }: Wire<CapabilityTable>, beyond: number): string {
  if (rows.every(({ sets }) => !sets.includes('permitted') && !sets.includes('bounding')))
    return t('It has none, and cannot get any.');
  if (defaults === undefined) return t('No engine is known whose defaults they could be compared with.');
  const engine = ENGINES[defaults];
  if (beyond === 0) return t('No more than {0} gives every container.', engine);
  return beyond === 1
    ? t('One more than {0} gives every container.', engine)
    : t('{0} more than {1} gives every container.', formatNumber(beyond), engine);
}

function setName(set: CapabilitySet): string {
  switch (set) {
    case 'effective':
      return t('effective');
    case 'permitted':
      return t('permitted');
    case 'inheritable':
      return t('inheritable');
    case 'bounding':
      return t('bounding');
    case 'ambient':
      return t('ambient');
  }
}

function setTitle(set: CapabilitySet): string {
  switch (set) {
    case 'effective':
      return t('Those that count when it does something');
    case 'permitted':
      return t('Those that it may make effective');
    case 'inheritable':
      return t('Those that it can pass on to programs that are marked for them');
    case 'bounding':
      return t('Those that it or a program that it starts can ever get');
    case 'ambient':
      return t('Those that every program that it starts gets');
  }
}
