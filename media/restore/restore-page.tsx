import { useEffect, useRef, useState } from 'preact/hooks';
import type { Remote } from '../../src/protocol/channel.ts';
import { escapeText } from '../../src/protocol/format.ts';
import type {
  ClusterWishes,
  RestoreFailure,
  RestorePageApi,
  RestorePageEvents,
  RestoreProgress,
  RestoreReview,
} from '../../src/protocol/restore-api.ts';
import type { Connection } from '../host.ts';
import { Icon } from '../parts/icon.tsx';
import { errorText, FullState, Skeleton } from '../parts/states.tsx';
import { sentenceText, setStrings, t, tn } from '../text.ts';
import { Checklist } from './checklist.tsx';
import { ClusterForm } from './cluster-form.tsx';
import { Failure } from './failure.tsx';
import { toConfirm } from './move-field.tsx';
import { Steps } from './steps.tsx';
import { TcpChoices } from './tcp-choices.tsx';

type Host = Remote<RestorePageApi>;

/** What a person decides by: what was found, what will be done, and one button that does it. */
export function RestorePage({ connection }: { connection: Connection<RestorePageApi, RestorePageEvents> }) {
  const { host } = connection;
  const [review, setReview] = useState<RestoreReview>();
  const [problem, setProblem] = useState<unknown>();
  const [failure, setFailure] = useState<RestoreFailure>();
  const [agreed, setAgreed] = useState<ReadonlySet<string>>(new Set());
  const [doing, setDoing] = useState<RestoreProgress>();
  const [confirmed, setConfirmed] = useState('');
  const placing = usePlacing(host, setReview, setProblem);
  const look = async () => {
    const start = await host.start();
    setStrings(start.strings);
    setReview(start.review);
  };
  useEffect(() => {
    look().catch(setProblem);
    // What comes after the end is of no interest any more.
    const listening = connection.on('doing', (now) => setDoing((old) => old && now));
    return () => {
      listening();
    };
  }, []);
  if (!review) {
    return problem === undefined ? <Skeleton /> : <FullState icon="error" text={errorText(problem)} role="alert" />;
  }
  const restore = async () => {
    if (review.plan === null) return;
    setFailure(undefined);
    setProblem(undefined);
    setDoing({ what: { template: 'Beginning', args: [] } });
    try {
      const why = await host.run(review.plan, [...agreed], review.cluster?.wishes.move === true ? confirmed : '');
      setFailure(why ?? undefined);
      // Each try has a plan of its own.
      await look();
    } catch (error) {
      setProblem(error);
    }
    setDoing(undefined);
  };
  const agree = (id: string, yes: boolean) => {
    const next = new Set(agreed);
    if (yes) next.add(id);
    else next.delete(id);
    setAgreed(next);
  };
  return (
    <main class="restore">
      <div class="restore-body">
        <h1>{review.name === '' ? t('Restore') : t('Restore {0}', review.name)}</h1>
        <p class="muted">{escapeText(t('To {0}, from {1}', review.place, review.locator))}</p>
        {review.remark && <p class="muted">{sentenceText(review.remark)}</p>}
        {failure && (
          <Failure
            failure={failure}
            place={review.cluster?.wishes.way ?? 'machine'}
            onLog={() => run(host.showFailure(), setProblem)}
          />
        )}
        {problem !== undefined && (
          <p class="restore-problem" role="alert">
            <Icon name="error" /> {errorText(problem)}
          </p>
        )}
        <div class="restore-columns">
          <div>
            {review.cluster && (
              <ClusterForm
                choices={review.cluster}
                isDisabled={doing !== undefined}
                isBusy={placing.isBusy}
                confirmed={confirmed}
                onConfirm={setConfirmed}
                onChange={placing.place}
              />
            )}
            <Checklist findings={review.findings} agreed={agreed} onAgree={agree} />
            <TcpChoices tcp={review.tcp} onChoose={(tcp) => void host.choose(tcp).then(setReview, setProblem)} />
          </div>
          <Steps review={review} />
        </div>
      </div>
      <Actions
        review={review}
        agreed={agreed}
        confirmed={confirmed}
        doing={doing}
        isLooking={placing.isBusy}
        hasFailed={failure !== undefined}
        host={host}
        onRestore={() => void restore()}
        onProblem={setProblem}
      />
    </main>
  );
}

function Actions(props: {
  review: RestoreReview;
  agreed: ReadonlySet<string>;
  confirmed: string;
  doing: RestoreProgress | undefined;
  isLooking: boolean;
  hasFailed: boolean;
  host: Host;
  onRestore: () => void;
  onProblem: (problem: unknown) => void;
}) {
  const { review, agreed, confirmed, doing, isLooking, hasFailed, host, onRestore, onProblem } = props;
  const blockers = review.findings.filter(
    ({ id, verdict, canBeAgreedTo }) => verdict === 'blocker' && !(canBeAgreedTo === true && agreed.has(id)),
  );
  const toAgree = blockers.filter(({ canBeAgreedTo }) => canBeAgreedTo).length;
  const { original, wishes } = review.cluster ?? {};
  const toType = toConfirm(original, wishes?.move === true, confirmed);
  const isBlocked = isLooking || blockers.length > 0 || review.plan === null || toType !== undefined;
  const state = () => {
    if (doing !== undefined)
      return [doing.what, doing.how].flatMap((text) => (text ? [sentenceText(text)] : [])).join(': ');
    if (isLooking) return t('Looking at it…');
    if (review.noPlan) return sentenceText(review.noPlan);
    if (blockers.length > toAgree) {
      return tn(blockers.length - toAgree, '{0} thing stands in the way.', '{0} things stand in the way.');
    }
    if (toAgree > 0) {
      return tn(toAgree, 'Read {0} risk and agree to it, to restore.', 'Read {0} risks and agree to them, to restore.');
    }
    if (toType !== undefined) return t('Type {0} to confirm that it is deleted.', toType);
    return hasFailed ? t('It can be tried again.') : t('Nothing has been done yet.');
  };
  return (
    <footer class="restore-actions">
      {doing === undefined ? (
        <>
          <button
            type="button"
            class="button"
            disabled={isBlocked}
            aria-describedby="restore-state"
            onClick={onRestore}
          >
            {wishes?.move === true ? t('Restore and Delete Original') : t('Restore')}
          </button>
          <button
            type="button"
            class="button secondary"
            disabled={review.plan === null}
            onClick={() => run(host.copy(), onProblem)}
          >
            {t('Copy What Will Be Done')}
          </button>
          <button type="button" class="button secondary" onClick={() => run(host.close(), onProblem)}>
            {t('Cancel')}
          </button>
        </>
      ) : (
        <button type="button" class="button secondary" onClick={() => run(host.stop(), onProblem)}>
          {t('Stop')}
        </button>
      )}
      {doing?.share !== undefined && <progress value={doing.share} max={1} aria-hidden="true" />}
      <span id="restore-state" class="restore-state" role="status">
        {(doing !== undefined || isLooking) && <Icon name="loading" class="codicon-modifier-spin" />}
        {escapeText(state())}
      </span>
    </footer>
  );
}

/** Asks for a restore elsewhere. Of several wishes in a row the last one counts. */
function usePlacing(host: Host, onReview: (review: RestoreReview) => void, onProblem: (problem: unknown) => void) {
  const [asked, setAsked] = useState(0);
  const [answered, setAnswered] = useState(0);
  const last = useRef(0);
  const place = (wishes: ClusterWishes) => {
    const turn = ++last.current;
    setAsked(turn);
    const isLast = () => turn === last.current;
    host
      .place(wishes)
      .then(
        (review) => isLast() && onReview(review),
        (problem: unknown) => isLast() && onProblem(problem),
      )
      .finally(() => setAnswered((old) => Math.max(old, turn)));
  };
  return { place, isBusy: answered < asked };
}

function run(work: Promise<unknown>, onProblem: (problem: unknown) => void): void {
  work.catch(onProblem);
}
