import type { MemorySource, RegionKind } from '../../src/protocol/memory.ts';
import { t } from '../text.ts';

/** Where bytes are, or why they are not here, as a person would say. @param here they are in the checkpoint */
export function originText(source: MemorySource, here: boolean): string {
  if (source === 'parent' && !here) return t('in an earlier dump, which is not here');
  switch (source) {
    case 'own':
      return t('dumped with the process');
    case 'shared':
      return t('dumped as shared memory');
    case 'parent':
      return t('in an earlier dump');
    case 'lazy':
      return t('not dumped: was to be fetched when needed');
    case 'file':
      return here
        ? t('in the mapped file, which the checkpoint holds')
        : t('in the mapped file, which the checkpoint does not hold');
    case 'untouched':
      return t('not dumped: never touched, the process would read zeros');
    case 'guard':
      return t('a guard: touching it would have ended the process');
    case 'kernel':
      return t('the kernel’s own page, which no dump holds');
    case 'lost':
      return t('lost: the dump should hold it, but an image is missing or damaged');
    case 'unmapped':
      return t('in no mapping');
    case 'unknown':
      return t('not dumped; the image that lists the mappings is missing');
  }
}

/** In one or two words, for a legend. */
export function sourceWord(source: MemorySource): string {
  switch (source) {
    case 'own':
      return t('dumped');
    case 'shared':
      return t('shared');
    case 'parent':
      return t('earlier dump');
    case 'lazy':
      return t('to be fetched');
    case 'file':
      return t('in the file');
    case 'untouched':
      return t('never touched');
    case 'guard':
      return t('guard');
    case 'kernel':
      return t('the kernel’s');
    case 'lost':
      return t('lost');
    case 'unmapped':
      return t('unmapped');
    case 'unknown':
      return t('unknown');
  }
}

export function kindText(kind: RegionKind): string {
  switch (kind) {
    case 'code':
      return t('code');
    case 'file':
      return t('file');
    case 'heap':
      return t('heap');
    case 'stack':
      return t('stack');
    case 'anonymous':
      return t('anonymous');
    case 'shared':
      return t('shared');
    case 'kernel':
      return t('kernel');
    case 'other':
      return t('other');
  }
}
