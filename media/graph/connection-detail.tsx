import { escapeText, formatSize } from '../../src/protocol/format.ts';
import type {
  Channel,
  ChannelEnd,
  ConnectionEdge,
  ConnectionGraph,
  ConnectionNode,
} from '../../src/protocol/connections.ts';
import type { Place } from '../../src/protocol/place.ts';
import { DetailHeader, Section } from '../detail/pane.tsx';
import { Icon } from '../parts/icon.tsx';
import { LongList } from '../parts/long-list.tsx';
import { Code, Link } from '../parts/values.tsx';
import { t } from '../text.ts';
import { edgeId } from './graph-view.tsx';
import { edgeText, endText, kindText, nodeIcon, nodeSubtitle, nodeTitle, placeOf } from './words.ts';

interface Props {
  readonly graph: ConnectionGraph;
  readonly chosen: string | undefined;
  readonly onChoose: (id: string | undefined) => void;
}

/** What is known of the chosen node or line. */
export function ConnectionDetail({ graph, chosen, onChoose }: Props) {
  const node = graph.nodes.find(({ id }) => id === chosen);
  const edge = graph.edges.find((candidate) => edgeId(candidate) === chosen);
  if (node) return <NodeDetail node={node} graph={graph} onChoose={onChoose} />;
  if (edge) return <EdgeDetail edge={edge} graph={graph} onChoose={onChoose} />;
  return (
    <p class="muted hint">
      {t('Select a process, a port or a line to see what goes over it. Enter leads to its process or socket.')}
    </p>
  );
}

function NodeDetail({
  node,
  graph,
  onChoose,
}: {
  node: ConnectionNode;
  graph: ConnectionGraph;
  onChoose: Props['onChoose'];
}) {
  const edges = graph.edges.filter(({ from, to }) => from === node.id || to === node.id);
  const place = placeOf(node);
  return (
    <>
      <DetailHeader
        title={
          <>
            <Icon name={nodeIcon(node)} /> {nodeTitle(node)}
          </>
        }
        subtitle={nodeSubtitle(node)}
      >
        {place && <Link to={place}>{place.tab === 'processes' ? t('Show the process') : t('Show the socket')}</Link>}
      </DetailHeader>
      <div class="detail-columns">
        {node.kind === 'processes' && <Members node={node} />}
        {edges.length > 0 && (
          <Section title={t('Lines')} count={edges.length}>
            <ul class="plain-list">
              {edges.map((edge) => (
                <li key={edgeId(edge)}>
                  <EdgeLine edge={edge} node={node} graph={graph} onChoose={onChoose} />
                </li>
              ))}
            </ul>
          </Section>
        )}
        {node.channels.length > 0 && (
          <Section title={channelsTitle(node)} count={node.channels.length}>
            <Channels channels={node.channels} />
          </Section>
        )}
      </div>
    </>
  );
}

function channelsTitle({ kind }: ConnectionNode): string {
  if (kind === 'process' || kind === 'processes') return t('Between its own descriptors');
  return t('What it is');
}

function Members({ node: { pids, count } }: { node: ConnectionNode }) {
  return (
    <Section title={t('Processes')} count={count}>
      <p class="member-list">
        {pids.map((pid) => (
          <>
            <Link key={pid} to={{ tab: 'processes', row: String(pid), pid }}>
              {String(pid)}
            </Link>{' '}
          </>
        ))}
        {count > pids.length && <span class="muted">{t('and {0} more', count - pids.length)}</span>}
      </p>
    </Section>
  );
}

/** A line as seen from one of its nodes. */
function EdgeLine({
  edge,
  node,
  graph,
  onChoose,
}: {
  edge: ConnectionEdge;
  node: ConnectionNode;
  graph: ConnectionGraph;
  onChoose: Props['onChoose'];
}) {
  const isFrom = edge.from === node.id;
  const other = graph.nodes.find(({ id }) => id === (isFrom ? edge.to : edge.from));
  if (!other) return null;
  const arrow = edge.direction === 'both' ? 'arrow-both' : isFrom ? 'arrow-right' : 'arrow-left';
  return (
    <>
      <Icon name={arrow} label={arrowText(arrow)} />{' '}
      <button type="button" class="link" onClick={() => onChoose(other.id)}>
        {nodeTitle(other)}
      </button>{' '}
      <button type="button" class="link quiet" onClick={() => onChoose(edgeId(edge))}>
        {edgeText(edge)}
      </button>
    </>
  );
}

function arrowText(arrow: 'arrow-both' | 'arrow-right' | 'arrow-left'): string {
  switch (arrow) {
    case 'arrow-both':
      return t('talks with');
    case 'arrow-right':
      return t('talks to');
    case 'arrow-left':
      return t('hears from');
  }
}

function EdgeDetail({
  edge,
  graph,
  onChoose,
}: {
  edge: ConnectionEdge;
  graph: ConnectionGraph;
  onChoose: Props['onChoose'];
}) {
  const from = graph.nodes.find(({ id }) => id === edge.from);
  const to = graph.nodes.find(({ id }) => id === edge.to);
  if (!from || !to) return null;
  const end = (node: ConnectionNode) => (
    <button type="button" class="link" onClick={() => onChoose(node.id)}>
      {nodeTitle(node)}
    </button>
  );
  return (
    <>
      <DetailHeader
        title={
          <>
            {end(from)} <Icon name={edge.direction === 'both' ? 'arrow-both' : 'arrow-right'} /> {end(to)}
          </>
        }
        subtitle={edgeText(edge)}
      />
      <Section title={t('What goes over it')} count={edge.count}>
        <Channels channels={edge.channels} />
        {edge.count > edge.channels.length && (
          <p class="muted">{t('and {0} more', edge.count - edge.channels.length)}</p>
        )}
      </Section>
    </>
  );
}

/** Its first descriptor, or where it has none its process. */
function endPlace({ pid, fds }: ChannelEnd): Place {
  const [fd] = fds;
  if (fd !== undefined) return { tab: 'files', row: `${String(pid)}/${String(fd)}` };
  return { tab: 'processes', row: String(pid), pid };
}

function Channels({ channels }: { channels: readonly Channel[] }) {
  return (
    <LongList items={channels}>
      {(shown) => (
        <ul class="plain-list channels">
          {shown.map((channel) => (
            <li key={channel.id}>
              <span class="muted">{kindText(channel.kind)} </span>
              {channel.socket === undefined ? (
                <Code>{channel.label}</Code>
              ) : (
                <Link to={{ tab: 'sockets', row: String(channel.socket) }} title={t('Show the socket')}>
                  <span class="code">{escapeText(channel.label)}</span>
                </Link>
              )}
              {channel.unread > 0 && <span class="unread-mark"> {t('{0} unread', formatSize(channel.unread))}</span>}
              <LongList items={channel.ends}>
                {(ends) => (
                  <>
                    {ends.map((end) => (
                      <div key={end.pid} class="indented">
                        <Link to={endPlace(end)}>{endText(end)}</Link>
                      </div>
                    ))}
                  </>
                )}
              </LongList>
            </li>
          ))}
        </ul>
      )}
    </LongList>
  );
}
