import { useState } from 'preact/hooks';
import { escapeText, formatDuration } from '../../src/protocol/format.ts';
import type { LogFile, LogProblem, LogProblems } from '../../src/protocol/logs.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Icon } from '../parts/icon.tsx';
import { useSession } from '../session.ts';
import { sentenceText, t, tn } from '../text.ts';

/** How it went, and what went wrong, in words: what decided first. */
export function Problems({ log, problems }: { log: Wire<LogFile>; problems: Wire<LogProblems> }) {
  const [harmlessShown, showHarmless] = useState(false);
  const causes = problems.problems.filter(({ weight }) => weight === 'cause');
  const consequences = problems.problems.filter(({ weight }) => weight === 'consequence');
  const harmless = problems.problems.filter(({ weight }) => weight === 'harmless');
  const listed = [...causes, ...consequences, ...(harmlessShown ? harmless : [])];
  return (
    <section class={`problems ${problems.outcome}`} aria-label={t('Problems')}>
      <p class="icon-line">
        <Icon name={OUTCOME_ICONS[problems.outcome]} />
        <span>
          <strong>{outcomeText(log, problems)}</strong>
          <span class="muted">{factsText(problems)}</span>
          {harmless.length > 0 && (
            <button type="button" class="link" onClick={() => showHarmless(!harmlessShown)}>
              {harmlessShown
                ? t('Hide what is harmless')
                : tn(harmless.length, 'Show {0} message that is harmless', 'Show {0} messages that are harmless')}
            </button>
          )}
        </span>
      </p>
      {listed.length > 0 && (
        <ol class="problem-list">
          {listed.map((problem) => (
            <Problem key={problem.record.number} log={log} problem={problem} />
          ))}
        </ol>
      )}
      {problems.more > 0 && <p class="muted">{tn(problems.more, 'There is {0} more.', 'There are {0} more.')}</p>}
    </section>
  );
}

function Problem({ log, problem }: { log: Wire<LogFile>; problem: Wire<LogProblem> }) {
  const session = useSession();
  const { record, weight, explanation } = problem;
  return (
    <li class={`icon-line ${weight}`}>
      <Icon name={weight === 'cause' ? 'error' : weight === 'consequence' ? 'arrow-small-right' : 'info'} />
      <div>
        <button
          type="button"
          class="link code"
          title={t('Show it among the other lines')}
          onClick={() => session.go({ tab: 'logs', path: log.name, row: String(record.number) })}
        >
          {escapeText(record.text.trim())}
        </button>
        {explanation && <p>{sentenceText(explanation)}</p>}
        {!explanation && <p class="muted">{t('This message is not known here. The lines above it may say more.')}</p>}
      </div>
    </li>
  );
}

const OUTCOME_ICONS: Readonly<Record<LogProblems['outcome'], string>> = {
  success: 'pass',
  failure: 'error',
  unknown: 'question',
};

function outcomeText({ kind }: Wire<LogFile>, { outcome }: Wire<LogProblems>): string {
  const restore = kind === 'restore';
  switch (outcome) {
    case 'success':
      return restore ? t('The restore went well.') : t('The dump went well.');
    case 'failure':
      return restore ? t('The restore failed.') : t('The dump failed.');
    case 'unknown':
      return t('The log ends before CRIU said how it went.');
  }
}

function factsText({ criuVersion, node, duration }: Wire<LogProblems>): string {
  const parts = [
    criuVersion === undefined ? '' : t('CRIU {0}', escapeText(criuVersion)),
    node === undefined ? '' : escapeText(node),
    duration === undefined ? '' : formatDuration(duration),
  ].filter((part) => part !== '');
  return parts.length === 0 ? ' ' : ` ${parts.join(' · ')} `;
}
