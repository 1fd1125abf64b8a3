import { useEffect } from 'preact/hooks';
import { Fact } from '../parts/facts.tsx';
import { shareOf } from '../parts/progress.tsx';
import { errorText } from '../parts/states.tsx';
import { Copyable } from '../parts/values.tsx';
import { useSession } from '../session.ts';
import { useStore } from '../state/store.ts';
import { t } from '../text.ts';

/**
 * The archive's SHA-256, begun when everything else has been read and the page has nothing better to do.
 * @param recorded what it was when the archive was fetched from a cluster
 */
export function HashRow({ ready, recorded }: { ready: boolean; recorded?: string | undefined }) {
  const session = useSession();
  const progress = useStore(session.progress, (all) => all.hash);
  const hash = useStore(session.hash.value, (value) => value);
  useEffect(() => {
    if (!ready) return undefined;
    const idle = requestIdleCallback(() => session.hash.startOnce(), { timeout: 1_000 });
    return () => cancelIdleCallback(idle);
  }, [ready, session]);

  const share = progress && shareOf(progress);
  return (
    <Fact label={t('SHA-256')} title={t('Of the archive file as it is on disk')}>
      {hash.state === 'done' && <Copyable text={hash.hex} />}
      {hash.state === 'done' && recorded !== undefined && (
        <>
          {' '}
          <span class={hash.hex === recorded ? 'muted' : 'warning'}>
            {hash.hex === recorded ? t('as when it was fetched') : t('not as when it was fetched: changed since')}
          </span>
        </>
      )}
      {hash.state === 'failed' && <span class="muted">{errorText(hash.error)}</span>}
      {(hash.state === 'running' || hash.state === 'waiting') && (
        <span class="hash-progress">
          <progress value={share} max={1} aria-label={t('Computing the SHA-256')} />
          {hash.state === 'running' && (
            <button type="button" class="link" onClick={() => session.hash.cancel()}>
              {t('Cancel')}
            </button>
          )}
        </span>
      )}
      {hash.state === 'cancelled' && (
        <button type="button" class="link" onClick={() => session.hash.start()}>
          {t('Compute')}
        </button>
      )}
    </Fact>
  );
}
