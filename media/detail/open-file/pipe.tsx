import { formatExactBytes } from '../../../src/protocol/format.ts';
import type { OpenFileFacts, PipeEndFacts } from '../../../src/protocol/open-files.ts';
import type { Wire } from '../../../src/protocol/wire.ts';
import { Fact, Facts } from '../../parts/facts.tsx';
import { Size } from '../../parts/values.tsx';
import { t } from '../../text.ts';
import { HolderList } from './holders.tsx';
import type { Kind } from './kinds.tsx';

/** A pipe or FIFO: who writes, who reads, and what is on its way. */
export function PipeView({ pipe, file }: { pipe: Kind<'pipe'>; file: Wire<OpenFileFacts> }) {
  const with_ = (end: PipeEndFacts['end']) => pipe.ends.filter((holder) => holder.end === end || holder.end === 'both');
  const { more } = pipe;
  return (
    <>
      <Facts title={t('Pipe')}>
        <Fact label={t('Unread')}>
          {file.unread === undefined ? t('not known: its reading end is outside') : formatExactBytes(file.unread)}
        </Fact>
        <Fact label={t('Holds')} title={t('Bytes that it holds before a writer has to wait')}>
          {pipe.capacity !== undefined && <Size bytes={pipe.capacity} />}
        </Fact>
        <Fact label={t('Stream')}>{pipe.stream !== undefined && streamText(pipe.stream)}</Fact>
      </Facts>
      <HolderList
        title={t('Written by')}
        holders={with_('write')}
        more={more}
        {...(!more && { none: missingWriter(pipe) })}
      />
      <HolderList
        title={t('Read by')}
        holders={with_('read')}
        more={more}
        {...(!more && { none: missingReader(pipe) })}
      />
    </>
  );
}

function streamText(stream: NonNullable<Kind<'pipe'>['stream']>): string {
  switch (stream) {
    case 'standard input':
      return t('the container’s standard input');
    case 'standard output':
      return t('the container’s standard output');
    case 'standard error':
      return t('the container’s standard error');
  }
}

function missingReader({ stream }: Kind<'pipe'>): string {
  return stream === undefined
    ? t('Nobody in this checkpoint: whoever reads from it is outside, or there is none.')
    : t('The container’s engine, outside this checkpoint: it is where the log comes from.');
}

function missingWriter({ stream }: Kind<'pipe'>): string {
  return stream === undefined
    ? t('Nobody in this checkpoint: whoever writes into it is outside, or closed it.')
    : t('The container’s engine, outside this checkpoint.');
}
