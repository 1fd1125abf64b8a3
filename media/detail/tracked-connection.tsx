import { escapeText, formatSize } from '../../src/protocol/format.ts';
import type { TrackedConnection, TrackedDirection } from '../../src/protocol/sockets.ts';
import { Fact, Facts } from '../parts/facts.tsx';
import { Icon } from '../parts/icon.tsx';
import { LongList } from '../parts/long-list.tsx';
import { Code } from '../parts/values.tsx';
import { formatNumber, t } from '../text.ts';
import { DetailHeader, Section } from './pane.tsx';

/** What the kernel remembered of a connection that no socket is left of. */
export function TrackedView({ connection }: { connection: TrackedConnection }) {
  const { original, protocol } = connection;
  return (
    <>
      <DetailHeader
        title={<span class="code">{escapeText(`${original.source} → ${original.destination}`)}</span>}
        subtitle={t('{0}, tracked by the kernel', escapeText(protocol))}
      />
      <p class="verdict">
        <Icon name="history" />
        {t('No socket of it is left in this checkpoint: the kernel remembered it when the container was frozen.')}
      </p>
      <Facts title={t('Connection')}>
        <ConnectionFacts connection={connection} />
      </Facts>
    </>
  );
}

/** Beside a socket, what the kernel's connection tracking knew of it. */
export function TrackedConnections({ connections }: { connections: readonly TrackedConnection[] }) {
  return (
    <Section title={t('Tracked by the kernel')} count={connections.length}>
      <LongList items={connections}>
        {(shown) =>
          shown.map((connection) => (
            <dl key={connection.offset} class="tracked">
              <ConnectionFacts connection={connection} />
            </dl>
          ))
        }
      </LongList>
    </Section>
  );
}

function ConnectionFacts({ connection }: { connection: TrackedConnection }) {
  const { original, reply, state, timeout, status, translated, image, offset } = connection;
  return (
    <>
      <Fact label={t('There')}>
        <Direction direction={original} />
      </Fact>
      <Fact label={t('Back')} title={t('Other addresses than the way there are translated (NAT)')}>
        <Direction direction={reply} />
        {translated && <span class="muted"> {t('translated')}</span>}
      </Fact>
      <Fact label={t('State')}>{state !== undefined && escapeText(state)}</Fact>
      <Fact label={t('Forgotten after')}>{timeout !== undefined && t('{0} s', formatNumber(timeout))}</Fact>
      <Fact label={t('Status')}>{status.length > 0 && <span class="code">{escapeText(status.join(' '))}</span>}</Fact>
      <Fact label={t('Image')}>
        <Code>{`${image} +${String(offset)}`}</Code>
      </Fact>
    </>
  );
}

function Direction({ direction: { source, destination, packets, bytes } }: { direction: TrackedDirection }) {
  return (
    <>
      <Code>{`${source} → ${destination}`}</Code>
      {packets !== undefined && bytes !== undefined && (
        <span class="muted"> {t('{0} packets, {1}', formatNumber(packets), formatSize(bytes))}</span>
      )}
    </>
  );
}
