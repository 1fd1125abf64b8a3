import { useEffect, useRef } from 'preact/hooks';
import { useSession } from '../session.ts';
import { Icon } from '../parts/icon.tsx';
import { t } from '../text.ts';
import { BOX, nextBox, type Box, type Drawing, type Line } from './layout.ts';
import { edgeText, nodeIcon, nodeSubtitle, nodeTitle, placeOf } from './words.ts';

/** Labels of more lines would hide each other: then only those of the chosen node have theirs. */
const MAX_LABELS = 40;

/** The picture itself: nodes are buttons that arrow keys move between, lines lie beneath them. */
export function GraphView({
  drawing,
  chosen,
  onChoose,
}: {
  drawing: Drawing;
  /** Id of a node or {@link lineId} of a line. */
  chosen: string | undefined;
  onChoose: (id: string | undefined) => void;
}) {
  const session = useSession();
  const canvas = useRef<HTMLDivElement>(null);
  const { boxes, lines, width, height } = drawing;
  const few = lines.length <= MAX_LABELS;
  const current = boxes.some(({ node }) => node.id === chosen) ? chosen : boxes[0]?.node.id;
  const focus = (id: string) => canvas.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`)?.focus();

  const key = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || current === undefined) return;
    const ends = { Home: boxes[0], End: boxes.at(-1) }[event.key];
    const to = ends ?? nextBox(boxes, current, event.key);
    if (to) {
      event.preventDefault();
      focus(to.node.id);
    } else if (event.key === 'Escape' && chosen !== undefined) {
      event.preventDefault();
      onChoose(undefined);
    }
  };
  const open = ({ node }: Box) => {
    const place = placeOf(node);
    if (place) session.go(place);
  };
  return (
    <div class="picture" role="group" aria-label={t('Who talks to whom')} onKeyDown={key}>
      <div class="picture-canvas" ref={canvas} style={{ width: `${String(width)}px`, height: `${String(height)}px` }}>
        <svg class="picture-lines" width={width} height={height} aria-hidden="true">
          <defs>
            <Arrow id="arrow" />
            <Arrow id="arrow-chosen" />
          </defs>
          {lines.map((line) => (
            <LineView
              key={lineId(line)}
              line={line}
              isChosen={touches(line, chosen)}
              isDimmed={chosen !== undefined && !touches(line, chosen)}
              hasLabel={touches(line, chosen) || (chosen === undefined && says(line, few))}
              onChoose={() => onChoose(lineId(line))}
            />
          ))}
        </svg>
        {boxes.map((box) => (
          <NodeView
            key={box.node.id}
            box={box}
            isChosen={box.node.id === chosen}
            isCurrent={box.node.id === current}
            onChoose={() => onChoose(box.node.id)}
            onOpen={() => open(box)}
          />
        ))}
      </div>
    </div>
  );
}

export function lineId({ edge }: Line): string {
  return edgeId(edge);
}

export function edgeId({ from, to }: { readonly from: string; readonly to: string }): string {
  return `${from}\n${to}`;
}

function touches({ edge }: Line, chosen: string | undefined): boolean {
  return chosen !== undefined && (edge.from === chosen || edge.to === chosen || edgeId(edge) === chosen);
}

/** Whether a label tells more than the nodes at its ends. */
function says({ edge: { from, to, unread } }: Line, few: boolean): boolean {
  return unread > 0 || (few && from.startsWith('process') && to.startsWith('process'));
}

function Arrow({ id }: { id: string }) {
  return (
    <marker
      id={id}
      class={id}
      viewBox="0 0 8 8"
      refX="7"
      refY="4"
      markerWidth="9"
      markerHeight="9"
      markerUnits="userSpaceOnUse"
      orient="auto"
    >
      <path d="M 0 0.5 L 7.5 4 L 0 7.5 z" />
    </marker>
  );
}

function LineView(props: {
  line: Line;
  isChosen: boolean;
  isDimmed: boolean;
  hasLabel: boolean;
  onChoose: () => void;
}) {
  const { line, isChosen, isDimmed, hasLabel, onChoose } = props;
  const { edge, path, label } = line;
  const text = edgeText(edge);
  const marker = isChosen ? 'url(#arrow-chosen)' : 'url(#arrow)';
  const classes = ['line', isChosen ? 'chosen' : '', isDimmed ? 'dimmed' : '', edge.unread > 0 ? 'unread' : ''];
  return (
    <g class={classes.join(' ')} onClick={onChoose}>
      <title>{text}</title>
      <path class="hit" d={path} />
      <path class="stroke" d={path} {...(edge.direction === 'forward' && { 'marker-end': marker })} />
      {hasLabel && (
        <text x={label.x} y={label.y - 3} text-anchor="middle">
          {text}
        </text>
      )}
    </g>
  );
}

function NodeView(props: {
  box: Box;
  isChosen: boolean;
  isCurrent: boolean;
  onChoose: () => void;
  onOpen: () => void;
}) {
  const { box, isChosen, isCurrent, onChoose, onOpen } = props;
  const { node, x, y } = box;
  const ref = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (isChosen) ref.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [isChosen]);
  const title = nodeTitle(node);
  const subtitle = nodeSubtitle(node);
  return (
    <button
      ref={ref}
      type="button"
      class={`node ${node.kind}${isChosen ? ' chosen' : ''}${node.unread > 0 ? ' unread' : ''}`}
      data-id={node.id}
      style={{
        left: `${String(x)}px`,
        top: `${String(y)}px`,
        width: `${String(BOX.width)}px`,
        height: `${String(BOX.height)}px`,
      }}
      tabIndex={isCurrent ? 0 : -1}
      aria-pressed={isChosen}
      title={`${title}\n${subtitle}`}
      onFocus={onChoose}
      onClick={onChoose}
      onDblClick={onOpen}
      onKeyDown={(event) => {
        if (event.key !== 'Enter') return;
        event.preventDefault();
        onOpen();
      }}
    >
      <Icon name={nodeIcon(node)} />
      <span class="title">{title}</span>
      <span class="subtitle">{subtitle}</span>
    </button>
  );
}
