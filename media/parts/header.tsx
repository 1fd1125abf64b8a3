import type { Note } from '../../src/protocol/note.ts';
import type { Engine, Overview } from '../../src/protocol/overview.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { escapeText } from '../../src/protocol/format.ts';
import { t, tn } from '../text.ts';
import { Icon } from './icon.tsx';

const ENGINES: Readonly<Record<Engine, string>> = {
  podman: 'Podman',
  'cri-o': 'CRI-O',
  containerd: 'containerd',
  docker: 'Docker',
  criu: 'CRIU',
};

export function engineName(overview: Wire<Overview>): string {
  const { engine, engineVersion } = overview;
  return engineVersion === undefined ? ENGINES[engine] : `${ENGINES[engine]} ${engineVersion}`;
}

export function podName({ pod }: Wire<Overview>): string | undefined {
  if (!pod) return undefined;
  const parts = [pod.namespace, pod.name].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join('/') : undefined;
}

/** Whose container this is, by what it was run, and how whole its checkpoint is. */
export function Header(props: {
  title: string;
  locator: string;
  overview: Wire<Overview> | undefined;
  notes: readonly Note[] | undefined;
  notesShown: boolean;
  onNotes: () => void;
  searchShown: boolean;
  onSearch: () => void;
  onRestore: () => void;
}) {
  const { overview, notes } = props;
  const name = overview?.container.name ?? props.title;
  const pod = overview && podName(overview);
  const facts = overview
    ? [engineName(overview), overview.runtime, overview.criu.architecture].filter((fact) => fact !== undefined)
    : [];
  return (
    <header class="header">
      <h1 title={escapeText(props.locator)}>{escapeText(name)}</h1>
      {pod !== undefined && <span class="pod">{escapeText(pod)}</span>}
      <span class="muted facts-line">{facts.map(escapeText).join(' · ')}</span>
      <span class="grow" />
      {notes && notes.length > 0 && (
        <button
          type="button"
          class="header-button notes-button"
          aria-expanded={props.notesShown}
          aria-controls="notes"
          onClick={props.onNotes}
        >
          <Icon name="warning" />
          {tn(notes.length, '{0} note', '{0} notes')}
        </button>
      )}
      <button
        type="button"
        class="header-button"
        title={t('Search memory (Ctrl+F)')}
        aria-expanded={props.searchShown}
        aria-controls="search"
        onClick={props.onSearch}
      >
        <Icon name="search" />
        <span class="words">{t('Search memory…')}</span>
      </button>
      <button
        type="button"
        class="header-button"
        title={t('Look at what a restore to a sandbox would do')}
        onClick={props.onRestore}
      >
        <Icon name="debug-restart" />
        <span class="words">{t('Restore…')}</span>
      </button>
    </header>
  );
}
