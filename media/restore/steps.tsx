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
        {review.steps.map(({ what, text }, index) => (
          <li key={index}>
            <p>{sentenceText(what)}</p>
            {text !== undefined && (
              <pre class="code" tabIndex={0} aria-label={t('Step {0}', index + 1)}>
                {text.split('\n').map(escapeText).join('\n')}
              </pre>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}
