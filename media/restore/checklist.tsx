import type { ReviewFinding } from '../../src/protocol/restore-api.ts';
import { Icon } from '../parts/icon.tsx';
import { sentenceText, t, tn } from '../text.ts';

const ICONS = { ok: 'pass', warning: 'warning', blocker: 'error' } as const;

/** What was looked at before a restore: what stands in the way first. */
export function Checklist(props: {
  findings: readonly ReviewFinding[];
  agreed: ReadonlySet<string>;
  onAgree: (id: string, yes: boolean) => void;
}) {
  const { findings, agreed, onAgree } = props;
  return (
    <section aria-labelledby="checklist-title">
      <h2 id="checklist-title">
        {t('Checked beforehand')}
        <span class="muted counts">{countsText(findings)}</span>
      </h2>
      <ul class="findings">
        {findings.map((finding) => (
          <Finding
            key={finding.id}
            finding={finding}
            isAgreed={agreed.has(finding.id)}
            onAgree={(yes) => onAgree(finding.id, yes)}
          />
        ))}
      </ul>
    </section>
  );
}

function Finding(props: { finding: ReviewFinding; isAgreed: boolean; onAgree: (yes: boolean) => void }) {
  const { finding, isAgreed, onAgree } = props;
  const { id, verdict, reason, remedy, canBeAgreedTo } = finding;
  return (
    <li class={`finding ${verdict}`}>
      <Icon name={ICONS[verdict]} label={verdictText(verdict)} />
      <div>
        <p id={`finding-${id}`}>{sentenceText(reason)}</p>
        {remedy && <p class="muted">{sentenceText(remedy)}</p>}
        {verdict === 'blocker' && canBeAgreedTo === true && (
          <label class="agree">
            <input
              type="checkbox"
              checked={isAgreed}
              aria-describedby={`finding-${id}`}
              onChange={(event) => onAgree(event.currentTarget.checked)}
            />
            {t('I have read this, and want it')}
          </label>
        )}
      </div>
    </li>
  );
}

function verdictText(verdict: ReviewFinding['verdict']): string {
  switch (verdict) {
    case 'ok':
      return t('Fine');
    case 'warning':
      return t('Warning');
    case 'blocker':
      return t('Blocker');
  }
}

function countsText(findings: readonly ReviewFinding[]): string {
  const count = (verdict: ReviewFinding['verdict']) => findings.filter((one) => one.verdict === verdict).length;
  const [blockers, warnings] = [count('blocker'), count('warning')];
  const parts = [
    ...(blockers > 0 ? [tn(blockers, '{0} blocker', '{0} blockers')] : []),
    ...(warnings > 0 ? [tn(warnings, '{0} warning', '{0} warnings')] : []),
    t('{0} fine', count('ok')),
  ];
  return parts.join(' · ');
}
