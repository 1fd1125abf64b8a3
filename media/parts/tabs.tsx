import { useEffect } from 'preact/hooks';
import type { TabName } from '../../src/protocol/place.ts';
import { Icon } from './icon.tsx';

export interface TabInfo {
  readonly name: TabName;
  readonly label: string;
  readonly icon: string;
}

export function panelId(tab: TabName): string {
  return `panel-${tab}`;
}

/** The tabs: arrows, Home and End go from one to the next, as everywhere in VS Code. */
export function Tabs(props: {
  label: string;
  tabs: readonly TabInfo[];
  current: TabName;
  onSelect: (tab: TabName) => void;
}) {
  const key = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const { tabs } = props;
    const at = tabs.findIndex((tab) => tab.name === props.current);
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
    const tab = next === undefined ? undefined : tabs.at(next % tabs.length);
    if (!tab) return;
    event.preventDefault();
    props.onSelect(tab.name);
    document.getElementById(`tab-${tab.name}`)?.focus();
  };
  // Where not all have room, a link may lead to one that is out of sight.
  useEffect(() => {
    document.getElementById(`tab-${props.current}`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [props.current]);
  return (
    <div class="tabs" role="tablist" aria-label={props.label} onKeyDown={key}>
      {props.tabs.map(({ name, label, icon }) => (
        <button
          type="button"
          key={name}
          id={`tab-${name}`}
          class="tab"
          role="tab"
          aria-selected={name === props.current}
          aria-controls={panelId(name)}
          tabIndex={name === props.current ? 0 : -1}
          onClick={() => props.onSelect(name)}
        >
          <Icon name={icon} />
          <span>{label}</span>
        </button>
      ))}
    </div>
  );
}
