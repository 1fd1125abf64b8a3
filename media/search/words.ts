import { escapeText } from '../../src/protocol/format.ts';
import type { SearchPlace, StringEncoding } from '../../src/protocol/search.ts';
import { t } from '../text.ts';
import type { Scope, SearchChoices, SearchRange } from './choices.ts';

const SHOWN = 60;

/** What is looked for, for a sentence. */
export function whatText({ mode, text, least, encoding }: SearchChoices): string {
  if (mode === 'strings') {
    return t('readable text of {0} or more characters ({1})', least, encodingText(encoding));
  }
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return t('“{0}”', escapeText(shown));
}

/** Where it is looked for, for a sentence. */
export function whereText(scope: Scope): string {
  switch (scope.kind) {
    case 'all':
      return t('everywhere');
    case 'processes': {
      const [pid] = scope.pids;
      return scope.pids.length === 1 && pid !== undefined
        ? t('in process {0}', pid)
        : t('in {0} processes', scope.pids.length);
    }
    case 'range':
      return t('in {0} of process {1}', rangeText(scope.range), scope.range.pid);
  }
}

export function rangeText({ start, end, name }: SearchRange): string {
  return name === '' ? `${start.slice(2)}-${end.slice(2)}` : escapeText(name);
}

export function placeText(place: SearchPlace): string {
  switch (place) {
    case 'memory':
      return t('Memory');
    case 'shared':
      return t('Shared memory');
    case 'ghost':
      return t('Deleted files');
    case 'queue':
      return t('Queues');
    case 'files':
      return t('Files');
    case 'archive':
      return t('Archive');
  }
}

export function placeTitle(place: SearchPlace): string {
  switch (place) {
    case 'memory':
      return t('The memory of each process');
    case 'shared':
      return t('Shared memory and memfds');
    case 'ghost':
      return t('Files that were deleted while they were open');
    case 'queue':
      return t('Unread bytes of pipes, sockets, terminals and message queues, and BPF maps');
    case 'files':
      return t('Added and modified files, volumes and tmpfs');
    case 'archive':
      return t('Everything else in the archive: logs, metadata and images as they are');
  }
}

export function encodingText(encoding: StringEncoding): string {
  switch (encoding) {
    case 'ascii':
      return t('ASCII');
    case 'utf-8':
      return t('UTF-8');
    case 'utf-16le':
      return t('UTF-16 LE');
    case 'utf-16be':
      return t('UTF-16 BE');
  }
}
