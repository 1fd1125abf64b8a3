import type { Progress } from '../../src/protocol/checkpoint-api.ts';
import { formatSize } from '../../src/protocol/format.ts';
import { useStore } from '../state/store.ts';
import { useSession } from '../session.ts';
import { t } from '../text.ts';

/** Reading of the archive as a thin line under the header; `busy` where nothing is known of how far it is. */
export function ProgressLine({ busy = false }: { busy?: boolean }) {
  const session = useSession();
  const reading = useStore(session.progress, (progress) => progress.read);
  const share = reading && shareOf(reading);
  const text = reading ? progressText(reading) : t('Opening…');
  if (!busy && !reading) return <div class="progress-line" />;
  return (
    <div
      class={`progress-line active ${share === undefined ? 'endless' : ''}`}
      role="progressbar"
      aria-label={t('Reading the archive')}
      aria-valuetext={text}
      aria-valuenow={share === undefined ? undefined : Math.round(share * 100)}
      title={text}
    >
      <span class="bit" style={{ transform: share === undefined ? '' : `scaleX(${String(share)})` }} />
    </div>
  );
}

export function shareOf({ done, total }: Progress): number | undefined {
  return total === undefined || total <= 0 ? undefined : Math.min(1, done / total);
}

function progressText({ done, total }: Progress): string {
  return total === undefined
    ? t('Read {0} of the archive', formatSize(done))
    : t('Read {0} of {1} of the archive', formatSize(done), formatSize(total));
}
