import { escapeText } from '../../src/protocol/format.ts';
import type { LogFile, LogProblems, LogRecord } from '../../src/protocol/logs.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { DetailFrame, useDetail } from '../detail/pane.tsx';
import { Fact, Facts } from '../parts/facts.tsx';
import { Split } from '../parts/split.tsx';
import { errorText } from '../parts/states.tsx';
import { CopyButton, TEXT_MENU, Time } from '../parts/values.tsx';
import { useSession } from '../session.ts';
import { type Resource, useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { formatNumber, sentenceText, t } from '../text.ts';
import { GridPane } from '../tabs/grid-tab.tsx';
import { FileHeader } from './file-header.tsx';
import { Problems } from './problems.tsx';

const DETAIL_ID = 'log-detail';

/** A log: what CRIU tells of problems on top, then its lines, and the one that is chosen in full. */
export function LogView({ log }: { log: Wire<LogFile> }) {
  const session = useSession();
  const version = useStore(session.version, (count) => count);
  const share = useStore(session.page, (page) => page.split);
  const focus = useStore(session.page, (page) => page.grids.log.focus);
  const ofCriu = log.kind !== 'container';
  const problems = useResource(
    ofCriu ? (signal) => session.host.logProblems(log.name, signal) : undefined,
    log.name,
    version,
  );
  return (
    <>
      <FileHeader name={log.name} about={aboutText(log)} />
      {problems.value && <Problems log={log} problems={problems.value} />}
      {problems.error !== undefined && <p class="muted remark">{errorText(problems.error)}</p>}
      <Split
        share={share}
        onShare={(split) => session.page.set({ ...session.page.get(), split })}
        first={
          <GridPane
            grid="log"
            of={log.name}
            label={t('Lines of {0}', log.name)}
            noMatch={(filter) => t('No line matches “{0}”.', escapeText(filter))}
            nothing={t('This log is empty.')}
            onDetail={() => document.getElementById(DETAIL_ID)?.focus()}
          />
        }
        second={
          <div
            id={DETAIL_ID}
            class="detail"
            role="region"
            tabIndex={-1}
            aria-label={t('Details')}
            data-vscode-context={TEXT_MENU}
          >
            {focus === undefined ? (
              <p class="muted hint">{t('Select a line to see all of it.')}</p>
            ) : (
              <Line name={log.name} id={focus} problems={problems} />
            )}
          </div>
        }
      />
    </>
  );
}

function aboutText({ kind }: Wire<LogFile>): string {
  switch (kind) {
    case 'container':
      return t('what the container wrote');
    case 'dump':
      return t('what CRIU told while it dumped');
    case 'restore':
      return t('what CRIU told while it restored');
  }
}

function Line({ name, id, problems }: { name: string; id: string; problems: Resource<Wire<LogProblems>> }) {
  const session = useSession();
  const resource = useDetail(id, (row, signal) => session.host.logRecord(name, Number(row), signal));
  return (
    <DetailFrame resource={resource}>
      {(record) => (
        <LineView
          record={record}
          explanation={problems.value?.problems.find((problem) => problem.record.number === record.number)?.explanation}
        />
      )}
    </DetailFrame>
  );
}

function LineView({
  record,
  explanation,
}: {
  record: Wire<LogRecord>;
  explanation: LogProblems['problems'][number]['explanation'];
}) {
  const { number, text, time, stream, elapsed, level, source, cut, unfinished, foreign } = record;
  return (
    <>
      <pre class="code log-text">{text.split('\n').map(escapeText).join('\n')}</pre>
      <CopyButton text={text} />
      {explanation && <p class="explanation">{sentenceText(explanation)}</p>}
      <Facts title={t('Line {0}', formatNumber(number + 1))}>
        <Fact label={t('Time')}>{time !== undefined && <Time value={time} />}</Fact>
        <Fact label={t('Stream')}>{stream}</Fact>
        <Fact label={t('After the start')}>
          {elapsed !== undefined && t('{0} seconds', (elapsed / 1_000_000).toFixed(6))}
        </Fact>
        <Fact label={t('Level')}>{level !== undefined && level !== 'info' && t(level)}</Fact>
        <Fact label={t('Source')}>{source !== undefined && <span class="code">{escapeText(source)}</span>}</Fact>
        <Fact label={t('Left out')}>{cut !== undefined && t('{0} bytes more are in the file', formatNumber(cut))}</Fact>
        <Fact label={t('End')}>{unfinished === true && t('the file ends before the line does')}</Fact>
        <Fact label={t('Format')}>{foreign === true && t('not the one of the file: shown as it stands')}</Fact>
      </Facts>
    </>
  );
}
