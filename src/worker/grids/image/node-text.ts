import type { FieldChildren, FieldMark, FieldNode } from '../../../core/checkpoint/raw/field-nodes.ts';
import { jsonText } from '../../../core/criu/json-text.ts';
import type { GridCell } from '../../../protocol/grid.ts';

/** What a folded node tells of what it holds. UTF-16 units. */
const MAX_PREVIEW = 160;
/** Bytes that are shown of a content. */
const MAX_BYTES = 32;

/** Types of what the schema does not know, as words of the interface. */
const MARKED: Readonly<Record<FieldMark, Readonly<Record<string, { readonly label: string }>>>> = {
  'unknown-field': {
    varint: { label: 'varint, not in the schema' },
    '64-bit': { label: '64-bit, not in the schema' },
    '32-bit': { label: '32-bit, not in the schema' },
    bytes: { label: 'bytes, not in the schema' },
    list: { label: 'list, not in the schema' },
    string: { label: 'bytes, not in the schema' },
  },
  'unknown-value': { enum: { label: 'enum, a value without a name' } },
  'not-text': { bytes: { label: 'bytes of a text that is not UTF-8' } },
};

/** The name of a field; a member of a list has what its place says beside its number. */
export function nameCell(node: FieldNode): GridCell {
  const value = isMember(node) && node.hint !== undefined ? `${node.name} ${node.hint}` : node.name;
  return { value, ...(node.mark && { icon: 'question', tone: 'warning' }) };
}

export function valueCell(node: FieldNode): GridCell {
  const value = valueText(node);
  return { value, ...(node.children && { tone: 'muted' }) };
}

export function typeCell(node: FieldNode): GridCell {
  return { value: typeText(node), tone: node.mark ? 'warning' : 'muted' };
}

export function typeText({ mark, type }: FieldNode): string {
  return (mark && MARKED[mark][type]?.label) ?? type;
}

/** What a field holds, in one line. */
export function valueText(node: FieldNode): string {
  const text = node.children ? contentText(node, node.children) : node.bytes ? bytesText(node.bytes) : scalarText(node);
  return node.hint === undefined || isMember(node) ? text : `${text} (${node.hint})`;
}

function contentText({ key, type }: FieldNode, children: FieldChildren): string {
  // A range of a long list says all by its name.
  if (key.startsWith('~')) return '';
  return children.count > 0 ? preview(children) : isList(type) ? '[]' : '{}';
}

function isList(type: string): boolean {
  return type.endsWith('[]') || type === 'list';
}

function isMember({ name }: FieldNode): boolean {
  return name.startsWith('[');
}

function scalarText(node: FieldNode): string {
  const value = node.json();
  if (value === '') return '""';
  return typeof value === 'string' ? value.replace(/\n$/, '') : jsonText(value);
}

/** Text where all of it is printable ASCII, else hexadecimal. */
function bytesText({ start, length }: NonNullable<FieldNode['bytes']>): string {
  if (length === 0) return '""';
  const shown = Buffer.from(start.subarray(0, MAX_BYTES));
  const isText = shown.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x09);
  const text = isText ? JSON.stringify(shown.toString('latin1')) : shown.toString('hex').replace(/..(?!$)/g, '$& ');
  return length > shown.length ? `${text} …` : text;
}

/** The first members of a message or list, in one line. @param room for so many UTF-16 units */
function preview(children: FieldChildren, room = MAX_PREVIEW): string {
  const first = children.count > 0 ? children.at(0) : undefined;
  // Members that hold others say little in one line.
  if (first && isMember(first) && first.children) return `[${children.count}]`;
  const parts: string[] = [];
  let left = room;
  for (let index = 0; index < children.count; index++) {
    const child = children.at(index);
    // A word of flags of which none is set says nothing here.
    if (!isMember(child) && !child.children && leafText(child) === '""') continue;
    const label = isMember(child) ? '' : `${child.name} `;
    const part = label + (child.children ? inBrackets(child, child.children, left - label.length) : leafText(child));
    left -= part.length + 2;
    if (left < 0) return [...parts, '…'].join(', ');
    parts.push(part);
  }
  return parts.join(', ');
}

function inBrackets({ type }: FieldNode, children: FieldChildren, room: number): string {
  const list = isList(type);
  if (list && children.count > 8) return `[${children.count}]`;
  if (room < 24) return list ? '[…]' : '{…}';
  const inner = preview(children, room - 4);
  if (!list) return `{${inner}}`;
  return inner.startsWith('[') ? inner : `[${inner}]`;
}

function leafText(node: FieldNode): string {
  return node.bytes ? bytesText(node.bytes) : scalarText(node);
}
