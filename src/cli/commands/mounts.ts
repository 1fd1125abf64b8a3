import type { MountFacts } from '../../protocol/mounts.ts';
import type { Arguments } from '../arguments.ts';
import { notesJson } from '../inspect-json.ts';
import { formatJson, snakeCase } from '../json.ts';
import { drawTable, drawTree, type TreeNode } from '../layout.ts';
import type { ExitCode, Session } from '../session.ts';

export function run(args: Arguments, session: Session): Promise<ExitCode> {
  return session.each(args.operands, async (checkpoint, locator) => {
    const mounts = await checkpoint.mounts(session.signal);
    switch (args.text('format')) {
      case 'json': {
        const notes = await checkpoint.notes(session.signal);
        return session.output.write(`${formatJson({ locator, mounts: snakeCase(mounts), notes: notesJson(notes) })}\n`);
      }
      case 'tree':
        return session.output.write(drawTree({ label: locator, children: mountTree(mounts) }));
      default:
        return session.output.write(
          drawTable(['Destination', 'Type', 'Source', 'Options', 'Origin', 'Spec'], mounts.map(row)),
        );
    }
  });
}

function row({ destination, type, source, options, origin, seenIn }: MountFacts): string[] {
  const asked = { both: 'asked for', image: '', spec: 'asked for, not there', unknown: 'asked for' }[seenIn];
  return [destination, type, source, options.join(','), origin, asked];
}

interface Growing {
  readonly label: string;
  readonly children: Growing[];
}

/** Mounts below the mount that they were made on. */
function mountTree(mounts: readonly MountFacts[]): readonly TreeNode[] {
  const nodes = new Map(mounts.map((mount) => [mount.id, { label: label(mount), children: [] as Growing[] }]));
  const roots: TreeNode[] = [];
  const placed = new Set<number>();
  // They come in depth-first order, so a parent that has not been placed yet is one of a damaged ring.
  for (const { id, parentId } of mounts) {
    const node = nodes.get(id);
    const parent = parentId !== undefined && parentId !== id && placed.has(parentId) ? nodes.get(parentId) : undefined;
    if (node && !placed.has(id)) (parent?.children ?? (roots as Growing[])).push(node);
    placed.add(id);
  }
  return roots;
}

function label({ destination, type, source, options, origin, seenIn }: MountFacts): string {
  const remark = seenIn === 'spec' ? ', asked for but not there' : '';
  return `${destination}  ${type}  ${source}  ${options.join(',')}  (${origin}${remark})`;
}
