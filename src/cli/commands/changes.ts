import type { ChangeFacts, ChangeKind } from '../../protocol/changes.ts';
import { formatMode, formatSize, formatTime } from '../../protocol/format.ts';
import { say } from '../../protocol/sentence.ts';
import type { Arguments } from '../arguments.ts';
import { notesJson } from '../inspect-json.ts';
import { jsonPieces, LazyList, snakeCase, type Json } from '../json.ts';
import { tableLines, treeLines, type TreeNode } from '../layout.ts';
import type { ExitCode, Session } from '../session.ts';
import { collectInSmallSteps } from '../small-steps.ts';

const LETTERS: Readonly<Record<ChangeKind, string>> = {
  added: 'A',
  modified: 'M',
  'added-or-modified': 'A/M',
  deleted: 'D',
  mounted: 'V',
};

export function run(args: Arguments, session: Session): Promise<ExitCode> {
  collectInSmallSteps();
  return session.each(args.operands, async (checkpoint, locator) => {
    const { changes, remark } = await checkpoint.eachChange(session.signal);
    const format = args.text('format');
    if (format === 'json') {
      const notes = notesJson(await checkpoint.notes(session.signal));
      const list = new LazyList(Iterator.from(changes).map(changeJson));
      await session.output.writeAll(jsonPieces({ locator, changes: list, remark: remark && say(remark), notes }));
      await session.output.write('\n');
      return;
    }
    if (format === 'tree') await session.output.writeAll(treeLines({ label: locator, children: changeTree(changes) }));
    else
      await session.output.writeAll(
        tableLines(['Change', 'Mode', 'Owner', 'Size', 'Modified', 'Marks', 'Path'], Iterator.from(changes).map(row)),
      );
    if (remark) session.output.error(say(remark));
  });
}

/** The mode is octal, as chmod takes it. */
function changeJson(change: ChangeFacts): Json {
  const { mode, ...facts } = change;
  return snakeCase({ ...facts, ...(mode !== undefined && { mode: mode.toString(8).padStart(4, '0') }) }) ?? null;
}

function row(change: ChangeFacts): string[] {
  const { kind, mode, type, uid, gid, userName, groupName, size, mtime, path, marks, linkTarget, capabilities } =
    change;
  if (kind === 'deleted') return [LETTERS[kind], '', '', '', '', '', path];
  return [
    LETTERS[kind],
    mode === undefined ? '' : formatMode(mode, type),
    `${userName ?? String(uid ?? '')}:${groupName ?? String(gid ?? '')}`,
    size === undefined || type !== 'file' ? '' : formatSize(size),
    mtime === undefined ? '' : formatTime(mtime, { utc: true }),
    [...marks, capabilities ?? ''].filter((mark) => mark !== '').join(', '),
    linkTarget === undefined ? path : `${path} -> ${linkTarget}`,
  ];
}

/** Most have no children, and there may be hundreds of thousands. */
class Growing implements TreeNode {
  label: string;
  byName: Map<string, Growing> | undefined;

  constructor(label: string) {
    this.label = label;
  }

  get children(): readonly Growing[] {
    return this.byName ? [...this.byName.values()] : [];
  }
}

/** Changes below the folders that they are in; a folder that did not change itself is shown without a letter. */
function changeTree(changes: Iterable<ChangeFacts>): readonly TreeNode[] {
  const root = new Growing('');
  for (const change of changes) {
    let at = root;
    for (const name of change.path.split('/').filter((part) => part !== '')) at = childOf(at, name);
    // Joined, because a text that was put together by + keeps its parts.
    at.label = [at.label, treeLabel(change)].join('  ');
  }
  return root.children;
}

function childOf(parent: Growing, name: string): Growing {
  const known = parent.byName?.get(name);
  if (known) return known;
  const child = new Growing(name);
  (parent.byName ??= new Map()).set(name, child);
  return child;
}

function treeLabel({ kind, mode, type, size, linkTarget, marks }: ChangeFacts): string {
  const parts = [
    LETTERS[kind],
    mode === undefined ? '' : formatMode(mode, type),
    size === undefined || type !== 'file' ? '' : formatSize(size),
    linkTarget === undefined ? '' : `-> ${linkTarget}`,
    marks.length > 0 ? `(${marks.join(', ')})` : '',
  ];
  return parts.filter((part) => part !== '').join('  ');
}
