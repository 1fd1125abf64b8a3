import { basename } from 'node:path';
import type { SandboxRecord, SandboxState } from '../../core/restore/sandbox/sandbox.ts';
import { escapeMarkdown, type Translate } from '../archives/archive-row.ts';
import { escapeText, formatAge, formatTime } from '../../protocol/format.ts';
import { PLACE_NAMES } from './place-names.ts';

/** A row of the view: what was written down of a sandbox, and how it is now; undefined while nobody has looked. */
export interface SandboxItem {
  readonly record: SandboxRecord;
  readonly state: SandboxState | undefined;
}

export interface SandboxRow {
  readonly label: string;
  readonly description: string;
  /** Markdown. */
  readonly tooltip: string;
  readonly icon: string;
  readonly color?: string;
  /** What menus offer on it: words with dots between them. */
  readonly context: string;
}

export interface SandboxWording {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly locale: string;
  readonly translate: Translate;
}

export function sandboxRow({ record, state }: SandboxItem, { now, locale, translate }: SandboxWording): SandboxRow {
  const { kind, name, locator, created, expires, prefix = [], namespace, context } = record;
  const place = [PLACE_NAMES[kind], ...[context, namespace].filter((part) => part !== undefined), ...prefix.slice(-1)];
  const rows: readonly (readonly [string, string | undefined])[] = [
    [translate('Container'), name],
    [translate('State'), stateText(state, translate)],
    [translate('Archive'), locator],
    [translate('Restored'), formatTime(created)],
    [translate('Ends'), expires === undefined ? undefined : formatTime(expires)],
    [translate('Commands start with'), prefix.length > 0 ? prefix.join(' ') : undefined],
    [translate('Namespace'), namespace],
    [translate('Made for it'), record.things.map((thing) => thing.name).join(', ')],
  ];
  const ends = state === 'running' ? endsText(expires, now, translate) : undefined;
  const color = COLORS[state ?? 'unknown'];
  return {
    label: escapeText(sandboxLabel(record, translate)),
    description: [...place, stateText(state, translate), formatAge(created, now, locale), ends]
      .flatMap((part) => (part === undefined ? [] : escapeText(part)))
      .join(' · '),
    tooltip: [
      '| | |',
      '|---|---|',
      ...rows.flatMap(([key, value]) =>
        value === undefined || value === '' ? [] : `| ${escapeMarkdown(key)} | ${escapeMarkdown(value)} |`,
      ),
    ].join('\n'),
    icon: ICONS[state ?? 'unknown'],
    ...(color !== undefined && { color }),
    context: `sandbox.${state ?? 'unknown'}.${kind}`,
  };
}

/** What its owner would call it: the name without what was put around it. */
export function sandboxLabel({ id, name, locator }: SandboxRecord, translate: Translate): string {
  const inner = name.startsWith('checkpoint-') && name.endsWith(`-${id}`) ? name.slice(11, -id.length - 1) : '';
  return translate('{0} (restored)', inner === '' ? basename(locator) : inner);
}

const ICONS: Readonly<Record<SandboxState, string>> = {
  running: 'vm-running',
  ended: 'vm-outline',
  gone: 'circle-slash',
  unknown: 'vm',
};

const COLORS: Readonly<Partial<Record<SandboxState, string>>> = {
  running: 'charts.green',
  gone: 'disabledForeground',
};

/** How much longer its place lets it live. */
function endsText(expires: string | undefined, now: number, translate: Translate): string | undefined {
  const left = expires === undefined ? NaN : Date.parse(expires) - now;
  if (Number.isNaN(left)) return undefined;
  const minutes = Math.max(1, Math.ceil(left / 60_000));
  if (minutes < 120) return translate('ends in {0} min', minutes);
  return translate('ends in {0} h', Math.round(minutes / 60));
}

function stateText(state: SandboxState | undefined, translate: Translate): string {
  switch (state) {
    case 'running':
      return translate('running');
    case 'ended':
      return translate('ended');
    case 'gone':
      return translate('gone');
    case 'unknown':
      return translate('state not known');
    case undefined:
      return translate('looking…');
  }
}
