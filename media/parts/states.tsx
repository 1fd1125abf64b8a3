import type { ComponentChildren } from 'preact';
import { escapeText } from '../../src/protocol/format.ts';
import { RemoteError } from '../../src/protocol/channel.ts';
import { sentenceText, t } from '../text.ts';
import { Icon } from './icon.tsx';

/** What went wrong, in the reader's language where the sentence can be translated. */
export function errorText(error: unknown): string {
  if (error instanceof RemoteError && error.template !== undefined) {
    return sentenceText({ template: error.template, args: error.args });
  }
  return escapeText(error instanceof Error ? error.message : String(error));
}

/** A calm page or pane in place of what cannot be shown. */
export function FullState(props: {
  icon: string;
  text: string;
  detail?: string;
  role?: 'alert' | 'note';
  children?: ComponentChildren;
}) {
  return (
    <div class="full-state" role={props.role}>
      <Icon name={props.icon} class="large" />
      <p class="sentence">{props.text}</p>
      {props.detail !== undefined && <p class="muted detail">{props.detail}</p>}
      {props.children !== undefined && <div class="actions">{props.children}</div>}
    </div>
  );
}

export function ErrorState({ error, onRetry, onLog }: { error: unknown; onRetry?: () => void; onLog: () => void }) {
  return (
    <FullState icon="error" text={errorText(error)} role="alert">
      {onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          {t('Retry')}
        </button>
      )}
      <button type="button" class="button secondary" onClick={onLog}>
        {t('Show Log')}
      </button>
    </FullState>
  );
}

/** The outline of the page before anything is known, so that nothing jumps when it comes. */
export function Skeleton() {
  return (
    <div class="skeleton" aria-hidden="true">
      {Array.from({ length: 3 }, (_, block) => (
        <div class="skeleton-block" key={block}>
          <span class="bone wide" />
          <span class="bone" />
          <span class="bone" />
          <span class="bone narrow" />
        </div>
      ))}
    </div>
  );
}
