import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BOX, layOut, nextBox, type Box } from '../../../media/graph/layout.ts';
import { partOf } from '../../../media/graph/part.ts';
import type { Channel, ConnectionEdge, ConnectionGraph, ConnectionNode } from '../../../src/protocol/connections.ts';

function node(id: string, parts: Partial<ConnectionNode> = {}): ConnectionNode {
  return { id, kind: 'process', label: id, count: 1, pids: [], depth: 0, channels: [], unread: 0, ...parts };
}

function edge(from: string, to: string, parts: Partial<ConnectionEdge> = {}): ConnectionEdge {
  return { from, to, direction: 'forward', count: 1, kinds: ['pipe'], unread: 0, channels: [], ...parts };
}

const at = (boxes: readonly Box[], id: string): Box => {
  const box = boxes.find((candidate) => candidate.node.id === id);
  assert.ok(box, id);
  return box;
};

describe('the picture', () => {
  test('has who comes from outside on the left and who is outside on the right', () => {
    const nodes = [
      node('outside', { kind: 'outside' }),
      node('child', { depth: 1 }),
      node('root'),
      node('port', { kind: 'listener' }),
      node('clients', { kind: 'clients' }),
      node('shared', { kind: 'shared' }),
      node('group', { kind: 'processes', depth: 9 }),
    ];
    const { boxes, width } = layOut(nodes, []);
    const order = boxes.toSorted((one, other) => one.x - other.x).map(({ node: { id } }) => id);
    assert.deepEqual(order, ['clients', 'port', 'root', 'child', 'group', 'shared', 'outside']);
    assert.ok(Math.max(...boxes.map(({ x }) => x + BOX.width)) < width);
  });

  test('never puts one node on another, and is the same every time', () => {
    const nodes = Array.from({ length: 60 }, (_, index) => node(`n${String(index)}`, { depth: index % 4 }));
    const edges = Array.from({ length: 90 }, (_, index) =>
      edge(`n${String((index * 7) % 60)}`, `n${String((index * 13 + 5) % 60)}`),
    );
    const drawing = layOut(nodes, edges);
    for (const one of drawing.boxes) {
      for (const other of drawing.boxes) {
        if (one === other || one.column !== other.column) continue;
        assert.ok(Math.abs(one.y - other.y) >= BOX.height, `${one.node.id} on ${other.node.id}`);
      }
      assert.ok(one.x >= 0 && one.y >= 0 && one.y + BOX.height <= drawing.height);
    }
    assert.deepEqual(layOut(nodes, edges), drawing);
  });

  test('orders what is connected so that lines need not cross', () => {
    const left = ['a', 'b', 'c'].map((id) => node(id));
    const right = ['x', 'y', 'z'].map((id) => node(id, { depth: 1 }));
    const { boxes } = layOut([...left, ...right], [edge('a', 'z'), edge('b', 'y'), edge('c', 'x')]);
    const rows = (ids: readonly string[]) =>
      ids.toSorted((one, other) => at(boxes, one).y - at(boxes, other).y).join('');
    assert.equal(
      rows(['x', 'y', 'z']),
      [...rows(['a', 'b', 'c'])].map((id) => ({ a: 'z', b: 'y', c: 'x' })[id]).join(''),
    );
  });

  test('lets a line pass a column between its nodes', () => {
    const nodes = [node('from'), node('between', { depth: 1 }), node('to', { depth: 2 })];
    const edges = [edge('from', 'between'), edge('between', 'to'), edge('from', 'to')];
    const { boxes, lines } = layOut(nodes, edges);
    const line = lines.find((candidate) => candidate.edge === edges[2]);
    const between = at(boxes, 'between');
    const passed = [...(line?.path.matchAll(/L ([\d.]+) ([\d.]+)/g) ?? [])].map(([, , y]) => Number(y));
    assert.equal(passed.length, 1);
    for (const y of passed)
      assert.ok(y < between.y || y > between.y + BOX.height, `${String(y)} at ${String(between.y)}`);
  });

  test('leaves out lines to what is not there', () => {
    assert.deepEqual(layOut([node('a')], [edge('a', 'gone')]).lines, []);
    assert.deepEqual(layOut([], []).boxes, []);
  });

  test('arrow keys lead to the next node that way', () => {
    const nodes = [node('a'), node('b'), node('far', { depth: 1 })];
    const { boxes } = layOut(nodes, [edge('a', 'far')]);
    const upper = at(boxes, 'a').y < at(boxes, 'b').y ? 'a' : 'b';
    const lower = upper === 'a' ? 'b' : 'a';
    assert.equal(nextBox(boxes, upper, 'ArrowDown')?.node.id, lower);
    assert.equal(nextBox(boxes, lower, 'ArrowUp')?.node.id, upper);
    assert.equal(nextBox(boxes, 'a', 'ArrowRight')?.node.id, 'far');
    assert.equal(nextBox(boxes, 'a', 'ArrowLeft'), undefined);
    assert.equal(nextBox(boxes, 'far', 'ArrowDown'), undefined);
    assert.equal(nextBox(boxes, 'a', 'Enter'), undefined);
  });
});

describe('the part of the picture that somebody looks for', () => {
  const pipe: Channel = { id: 'pipe 7', kind: 'pipe', label: 'pipe:[7]', unread: 0, ends: [] };
  const graph: ConnectionGraph = {
    nodes: [
      node('master', { pids: [1] }),
      node('worker', { pids: [2] }),
      node('other', { pids: [3] }),
      node('port', { kind: 'listener', label: '0.0.0.0:80' }),
    ],
    edges: [edge('master', 'worker', { channels: [pipe] }), edge('port', 'master'), edge('other', 'other')],
    silent: 0,
    leftOut: { nodes: 0, channels: 0 },
  };
  const shown = (words: string, subject?: number) => partOf(graph, words, subject).nodes.map(({ id }) => id);

  test('is all of it where nobody looks for anything', () => {
    assert.equal(partOf(graph, ' ', undefined), graph);
  });

  test('is what fits, with what it is connected to', () => {
    assert.deepEqual(shown('worker'), ['master', 'worker']);
    assert.deepEqual(shown(':80'), ['master', 'port']);
    assert.deepEqual(shown('kind:listener'), ['master', 'port']);
    assert.deepEqual(shown('PIPE:[7]'), ['master', 'worker', 'port']);
    assert.deepEqual(shown('worker -pipe'), []);
    assert.deepEqual(shown('nobody'), []);
  });

  test('is the subject with whom it talks to', () => {
    assert.deepEqual(shown('', 2), ['master', 'worker']);
    assert.deepEqual(shown('', 3), ['other']);
    assert.deepEqual(shown('', 99), []);
  });
});
