import { formatExactBytes, formatSize } from '../../src/protocol/format.ts';
import type { SizeFacts } from '../../src/protocol/overview.ts';
import { formatNumber, t, tn } from '../text.ts';
import { Block } from '../parts/facts.tsx';
import { type Segment, StackedBar } from './bar.tsx';

/** What the checkpoint's bytes are spent on. */
export function Sizes({ sizes, compressed }: { sizes: SizeFacts; compressed: boolean }) {
  const part = (label: string, bytes: number, color: number): Segment => ({
    label,
    amount: bytes,
    text: formatSize(bytes),
    title: formatExactBytes(bytes),
    color,
  });
  const ratio = sizes.archive === undefined || sizes.archive <= 0 ? undefined : sizes.total / sizes.archive;
  return (
    <Block title={t('Size')}>
      <p class="headline">
        <strong title={formatExactBytes(sizes.total)}>{formatSize(sizes.total)}</strong>
        <span class="muted">
          {' '}
          {t('in')} {tn(sizes.entries, '{0} entry', '{0} entries')}
          {compressed && sizes.archive !== undefined && (
            <span title={formatExactBytes(sizes.archive)}>
              {' · '}
              {t('compressed to {0}', formatSize(sizes.archive))}
              {ratio !== undefined && ratio > 1 && ` (${t('{0} to 1', formatNumber(Math.round(ratio * 10) / 10))})`}
            </span>
          )}
        </span>
      </p>
      <StackedBar
        label={t('Size by part')}
        segments={[
          part(t('Memory'), sizes.memory, 1),
          part(t('GPU memory'), sizes.gpuMemory, 5),
          part(t('Changed files'), sizes.rootfsDiff, 2),
          part(t('Volumes and tmpfs'), sizes.volumes, 3),
          part(t('CRIU images'), sizes.images, 4),
          part(t('Everything else'), sizes.rest, 6),
        ]}
      />
    </Block>
  );
}
