import { useEffect, useRef, useState } from 'preact/hooks';
import { Fact } from '../parts/facts.tsx';
import { shareOf } from '../parts/progress.tsx';
import { errorText } from '../parts/states.tsx';
import { Copyable } from '../parts/values.tsx';
import { isCancelled, useSession } from '../session.ts';
import { useStore } from '../state/store.ts';
import { t } from '../text.ts';

type Hash =
  | { readonly state: 'waiting' | 'cancelled' | 'running' }
  | { readonly state: 'done'; readonly hex: string }
  | { readonly state: 'failed'; readonly error: unknown };

/** The archive's SHA-256, computed when the rest of the page is there and nothing else is being read. */
export function HashRow({ ready }: { ready: boolean }) {
  const session = useSession();
  const progress = useStore(session.progress, (all) => all.hash);
  const [hash, setHash] = useState<Hash>({ state: 'waiting' });
  const controller = useRef<AbortController | undefined>(undefined);

  const compute = () => {
    const own = new AbortController();
    controller.current = own;
    setHash({ state: 'running' });
    session.host.hash(own.signal).then(
      (hex) => setHash({ state: 'done', hex }),
      (error: unknown) => setHash(isCancelled(error) ? { state: 'cancelled' } : { state: 'failed', error }),
    );
  };
  useEffect(() => {
    if (!ready) return undefined;
    const idle = requestIdleCallback(compute, { timeout: 1_000 });
    return () => {
      cancelIdleCallback(idle);
      controller.current?.abort();
    };
  }, [ready]);

  const share = progress && shareOf(progress);
  return (
    <Fact label={t('SHA-256')} title={t('Of the archive file as it is on disk')}>
      {hash.state === 'done' && <Copyable text={hash.hex} />}
      {hash.state === 'failed' && <span class="muted">{errorText(hash.error)}</span>}
      {(hash.state === 'running' || hash.state === 'waiting') && (
        <span class="hash-progress">
          <progress value={share} max={1} aria-label={t('Computing the SHA-256')} />
          {hash.state === 'running' && (
            <button type="button" class="link" onClick={() => controller.current?.abort()}>
              {t('Cancel')}
            </button>
          )}
        </span>
      )}
      {hash.state === 'cancelled' && (
        <button type="button" class="link" onClick={compute}>
          {t('Compute')}
        </button>
      )}
    </Fact>
  );
}
