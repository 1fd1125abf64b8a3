import { escapeText } from '../../src/protocol/format.ts';
import type { RestoreReview } from '../../src/protocol/restore-api.ts';
import { sentenceText, t } from '../text.ts';

/** All that will be done, as it will be done. */
export function Steps({ review }: { review: RestoreReview }) {
  return (
    <section aria-labelledby="steps-title">
      <h2 id="steps-title">{t('What will be done')}</h2>
      {review.noPlan && <p>{sentenceText(review.noPlan)}</p>}
      <ol class="steps">
        {review.steps.map(({ what, command, content }, index) => (
          <li key={index}>
            <p>{sentenceText(what)}</p>
            {command !== undefined && <Text text={command} label={t('Command of step {0}', index + 1)} />}
            {content !== undefined && <Text text={content} label={t('Content of step {0}', index + 1)} />}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Text({ text, label }: { text: string; label: string }) {
  return (
    <pre class="code" tabIndex={0} aria-label={label}>
      {text.split('\n').map(escapeText).join('\n')}
    </pre>
  );
}
