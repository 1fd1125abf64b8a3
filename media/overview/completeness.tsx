import type { CompletenessFact } from '../../src/protocol/overview.ts';
import { sentenceText, t } from '../text.ts';
import { Block } from '../parts/facts.tsx';
import { IconLine } from './bar.tsx';

const ICONS: Readonly<Record<CompletenessFact['state'], string>> = {
  present: 'pass',
  missing: 'circle-slash',
  damaged: 'error',
  encrypted: 'lock',
  'may-be-incomplete': 'warning',
  'left-out': 'circle-large-outline',
};

/** Which parts a checkpoint may have, and how each is here. */
export function Completeness({ facts }: { facts: readonly CompletenessFact[] }) {
  if (facts.length === 0) return null;
  return (
    <Block title={t('Completeness')}>
      <ul class="completeness">
        {facts.map((fact) => (
          <IconLine key={fact.part} icon={ICONS[fact.state]} label={stateText(fact.state)} class={fact.state}>
            <strong>{partText(fact.part)}</strong> {sentenceText(fact.text)}
          </IconLine>
        ))}
      </ul>
    </Block>
  );
}

function stateText(state: CompletenessFact['state']): string {
  switch (state) {
    case 'present':
      return t('Present');
    case 'missing':
      return t('Missing');
    case 'damaged':
      return t('Damaged');
    case 'encrypted':
      return t('Encrypted');
    case 'may-be-incomplete':
      return t('May be incomplete');
    case 'left-out':
      return t('Not part of this checkpoint');
  }
}

function partText(part: CompletenessFact['part']): string {
  switch (part) {
    case 'memory':
      return t('Memory');
    case 'rootfs-diff':
      return t('Changed files');
    case 'volumes':
      return t('Volumes');
    case 'images':
      return t('CRIU images');
    case 'log':
      return t('Log');
    case 'statistics':
      return t('Statistics');
    case 'metadata':
      return t('Description');
    case 'dump-log':
      return t('Dump log');
  }
}
