import { basename, dirname } from 'node:path';
import { escapeText, formatAge, formatExactBytes, formatSize, formatTime } from '../../protocol/format.ts';
import type { ArchiveMetadata } from '../../protocol/metadata-api.ts';
import type { Engine } from '../../protocol/overview.ts';
import type { ArchiveItem } from './archive-list.ts';

/** Translates a template; `vscode.l10n.t` in the host. */
export type Translate = (template: string, ...args: (string | number)[]) => string;

/** What one row of the view says, as plain text; the tooltip as Markdown. */
export interface ArchiveRow {
  readonly label: string;
  readonly description: string;
  readonly tooltip: string;
}

const ENGINES: Readonly<Record<Engine, string>> = {
  podman: 'Podman',
  'cri-o': 'CRI-O',
  containerd: 'containerd',
  docker: 'Docker',
  criu: 'CRIU',
};

export interface RowOptions {
  readonly now: number;
  readonly locale: string;
  readonly translate: Translate;
  /** The sentence of a failure. */
  readonly words: (error: unknown) => string;
}

/** All names are the container's or the file's, so what is not visible in them is shown escaped. */
export function archiveRow(item: ArchiveItem, options: RowOptions): ArchiveRow {
  const { metadata } = item;
  return metadata ? foundRow(item, metadata, options) : errorRow(item, options);
}

function foundRow(item: ArchiveItem, metadata: ArchiveMetadata, { now, locale, translate }: RowOptions): ArchiveRow {
  const { engine, container, pod, namespace, image, created, checkpointed, compression } = metadata;
  const size = metadata.archiveSize ?? (item.kind === 'archive' ? item.size : undefined);
  const names = [namespace, pod, container].filter((name): name is string => name !== undefined && name !== '');
  const when = checkpointed ?? new Date(item.mtime).toISOString();
  // Of several checkpoints of one container only the age tells which is which: in a narrow view the rest is cut.
  const description = [
    formatAge(when, now, locale),
    ENGINES[engine],
    size === undefined ? translate('folder') : formatSize(size),
    ...(compression === 'none' ? [] : [compression]),
  ];
  return {
    label: names.length > 0 ? names.map(escapeText).join(' / ') : escapeText(basename(item.path)),
    description: description.join(' · '),
    tooltip: table(
      namedValues([
        [translate('Container'), container],
        [translate('Pod'), pod],
        [translate('Namespace'), namespace],
        [translate('Container image'), image],
        [translate('Engine'), ENGINES[engine]],
        [translate('Created'), created && formatTime(created)],
        [translate('Checkpointed'), checkpointed && formatTime(checkpointed)],
        [translate('Size'), size === undefined ? undefined : formatExactBytes(size)],
        [translate('Compression'), compression === 'none' ? undefined : compression],
        [translate('Path'), item.path],
      ]),
    ),
  };
}

function errorRow(item: ArchiveItem, { words, translate }: RowOptions): ArchiveRow {
  const sentence = words(item.error);
  return {
    label: escapeText(basename(item.path)),
    description: sentence,
    tooltip: `${escapeMarkdown(sentence)}\n\n${table([[translate('Path'), item.path]])}`,
  };
}

function namedValues(rows: readonly (readonly [string, string | undefined])[]): readonly (readonly [string, string])[] {
  return rows.filter((row): row is readonly [string, string] => row[1] !== undefined && row[1] !== '');
}

function table(rows: readonly (readonly [string, string])[]): string {
  const lines = rows.map(([name, value]) => `| ${escapeMarkdown(name)} | ${escapeMarkdown(value)} |`);
  return ['| | |', '|---|---|', ...lines].join('\n');
}

/** Text that Markdown shows as it is, on one line and within a cell of a table; no links, pictures, HTML or icons. */
export function escapeMarkdown(text: string): string {
  return escapeText(text)
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]()#+\-.!|~$:@/]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** What a screen reader says of a row. */
export function spokenRow({ label, description }: ArchiveRow, item: ArchiveItem): string {
  return `${label}, ${description}, ${escapeText(dirname(item.path))}`;
}
