import { escapeText } from '../../src/protocol/format.ts';
import type { ClusterWay, RestoreFailure } from '../../src/protocol/restore-api.ts';
import { Icon } from '../parts/icon.tsx';
import { sentenceText, t } from '../text.ts';

/** Why a restore did not work: what it means first, then the line that says so. */
export function Failure(props: {
  failure: RestoreFailure;
  /** What was made there, and what stays. */
  place: ClusterWay | 'machine';
  onLog: () => void;
}) {
  const { failure, place, onLog } = props;
  const text = sentenceText(failure.text);
  return (
    <section class="restore-failure" role="alert" aria-labelledby="failure-title">
      <h2 id="failure-title">
        <Icon name="error" /> {t('It was not restored')}
      </h2>
      <p>{text}</p>
      <ul>
        {failure.causes.map(({ line, meaning }) => (
          <li key={line}>
            {/* What the first line means is what was said above. */}
            {meaning && !text.includes(sentenceText(meaning)) && <p>{sentenceText(meaning)}</p>}
            <pre class="code">{escapeText(line)}</pre>
          </li>
        ))}
      </ul>
      <p class="muted">
        {place === 'image'
          ? t('What was made for it in the cluster was taken away again. An image that was sent stays in its registry.')
          : t('What was made for it was taken away again.')}
      </p>
      {failure.hasLog && (
        <button type="button" class="link" onClick={onLog}>
          {t('Show the whole log')}
        </button>
      )}
    </section>
  );
}
