import type { PointerFacts, ProcessDetail, ThreadPosition } from '../../src/protocol/checkpoint-api.ts';
import { escapeText } from '../../src/protocol/format.ts';
import type { ThreadFacts } from '../../src/protocol/processes.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { LongList } from '../parts/long-list.tsx';
import { ShowInImage } from '../parts/show-in-image.tsx';
import { Link } from '../parts/values.tsx';
import { t } from '../text.ts';
import { Section } from './pane.tsx';
import { stateName } from './process-state.ts';

/** The threads of a process, and where each stood: links lead to these addresses in its memory. */
export function Threads({ detail }: { detail: Wire<ProcessDetail> }) {
  const { process, positions } = detail;
  if (process.threads.length === 0) return null;
  const byThread = new Map(positions.map((position) => [position.tid, position]));
  return (
    <Section title={t('Threads')} count={process.threads.length}>
      <LongList items={process.threads}>
        {(shown) => (
          <div class="wide-table">
            <table class="plain-table">
              <thead>
                <tr>
                  <th class="right">{t('Thread')}</th>
                  <th>{t('Name')}</th>
                  <th>{t('State')}</th>
                  <th>{t('Instruction pointer')}</th>
                  <th>{t('Stack pointer')}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((thread) => (
                  <Row key={thread.tid} pid={process.pid} thread={thread} position={byThread.get(thread.tid)} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </LongList>
    </Section>
  );
}

function Row(props: { pid: number; thread: Wire<ThreadFacts>; position: Wire<ThreadPosition> | undefined }) {
  const { pid, thread, position } = props;
  const { tid, comm, missing, state } = thread;
  return (
    <tr>
      <td class="right">{missing ? tid : <ShowInImage fact={{ of: 'thread', tid }}>{tid}</ShowInImage>}</td>
      <td class="nowrap">{comm !== undefined && escapeText(comm)}</td>
      <td class="nowrap">{missing ? t('not in this checkpoint') : stateName(state)}</td>
      <td>
        <Pointer pid={pid} pointer={position?.instruction} />
      </td>
      <td>
        <Pointer pid={pid} pointer={position?.stack} />
      </td>
    </tr>
  );
}

/** `0x7f64c5b3a0f2 libc.so.6+0x10f2`: as a debugger names an address. */
function Pointer({ pid, pointer }: { pid: number; pointer: Wire<PointerFacts> | undefined }) {
  if (!pointer) return null;
  const { address, target } = pointer;
  if (!target) return <span class="code">{address}</span>;
  const name = target.name.slice(target.name.lastIndexOf('/') + 1);
  return (
    <Link
      to={{ tab: 'memory', pid, address }}
      title={t('Show it in Memory: {0}', escapeText(`${target.name} ${target.permissions}`.trim()))}
    >
      <span class="code">{address}</span>{' '}
      {name !== '' && <span class="muted">{escapeText(`${name}+${target.offset}`)}</span>}
    </Link>
  );
}
