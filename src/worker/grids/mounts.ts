import type { GridCell } from '../../protocol/grid.ts';
import type { MountFacts, MountOrigin } from '../../protocol/mounts.ts';
import type { ProcessFacts } from '../../protocol/processes.ts';
import { Table, TOP, uniqueIds, type TableKind } from './table.ts';

const ORIGINS: Readonly<Record<MountOrigin, { readonly label: string; readonly icon: string }>> = {
  rootfs: { label: 'rootfs', icon: 'root-folder' },
  bind: { label: 'bind', icon: 'file-symlink-directory' },
  volume: { label: 'volume', icon: 'database' },
  tmpfs: { label: 'tmpfs', icon: 'chip' },
  pseudo: { label: 'pseudo', icon: 'gear' },
  masked: { label: 'masked', icon: 'eye-closed' },
  'read-only': { label: 'read-only', icon: 'shield' },
  external: { label: 'external', icon: 'plug' },
  other: { label: 'other', icon: 'folder' },
};

/** What the OCI spec has to do with it: mounts that nobody asked for, and those that are not there, deserve the eye. */
const SPEC: Readonly<
  Record<MountFacts['seenIn'], { readonly label: string; readonly tone?: NonNullable<GridCell['tone']> }>
> = {
  both: { label: 'asked for' },
  image: { label: 'not asked for', tone: 'added' },
  spec: { label: 'asked for, not there', tone: 'deleted' },
  unknown: { label: 'asked for' },
};

/** The columns of mount(8), where each mount comes from, and last what is nearly always the same. */
const MOUNTS: TableKind<MountFacts> = {
  columns: [
    {
      id: 'destination',
      label: 'Destination',
      kind: 'code',
      flex: 2,
      width: 220,
      tree: true,
      value: ({ destination }) => destination,
      cell: ({ destination, origin }) => ({
        value: destination,
        icon: ORIGINS[origin].icon,
        ...((origin === 'masked' || origin === 'read-only') && { tone: 'muted' }),
      }),
    },
    { id: 'type', label: 'Type', kind: 'text', width: 84, value: ({ type }) => type },
    {
      id: 'source',
      label: 'Source',
      kind: 'code',
      flex: 2,
      width: 250,
      value: ({ source }) => source,
      cell: ({ source, root }) => ({
        value: source,
        ...(root !== undefined && root !== '/' && { title: `${source} [${root}]` }),
      }),
    },
    {
      id: 'options',
      label: 'Options',
      kind: 'code',
      flex: 1,
      value: ({ options }) => options.join(','),
      cell: ({ options, superOptions }) => ({
        value: options.join(','),
        ...(superOptions !== undefined && { title: `${options.join(',')} - ${superOptions}` }),
      }),
    },
    { id: 'origin', label: 'Origin', kind: 'word', width: 90, value: ({ origin }) => ORIGINS[origin].label },
    {
      id: 'spec',
      label: 'Spec',
      kind: 'word',
      width: 110,
      value: ({ seenIn }) => SPEC[seenIn].label,
      cell: ({ seenIn }) => {
        const { label, tone } = SPEC[seenIn];
        return { value: label, ...(tone && { tone }) };
      },
    },
    {
      id: 'propagation',
      label: 'Propagation',
      kind: 'text',
      width: 100,
      value: ({ propagation }) => propagation ?? null,
    },
  ],
  hidden: [
    { id: 'id', kind: 'number', value: ({ id }) => id },
    { id: 'namespace', kind: 'number', value: ({ namespace }) => namespace ?? null },
    { id: 'root', kind: 'code', value: ({ root }) => root ?? null },
    { id: 'super', kind: 'code', value: ({ superOptions }) => superOptions ?? null },
    { id: 'external', kind: 'code', value: ({ external }) => external ?? null },
  ],
  file: ({ contents }) => (contents === undefined ? {} : { path: contents }),
};

/**
 * @param mounts the trees in depth-first order, then what only the spec has
 * @param processes those that see the mounts of their namespace
 */
export function mountTable(
  mounts: readonly MountFacts[],
  processes: readonly Pick<ProcessFacts, 'pid' | 'mountNamespace'>[] = [],
): Table<MountFacts> {
  const namespaces = new Map(processes.map(({ pid, mountNamespace }) => [pid, mountNamespace]));
  const kind: TableKind<MountFacts> = {
    ...MOUNTS,
    // A mount that is not there is missing to all; a process whose namespace is not known may see any.
    concerns: ({ namespace }, pid) => namespace === undefined || namespace === (namespaces.get(pid) ?? namespace),
  };
  const byId = new Map<number, number>();
  const byPath = new Map<string, number>();
  mounts.forEach(({ id, destination, seenIn }, number) => {
    if (!byId.has(id)) byId.set(id, number);
    if (seenIn !== 'spec') byPath.set(destination, number);
  });
  const ids = uniqueIds(mounts.map(({ id }) => String(id)));
  return new Table(kind, mounts, ids, ({ parentId, seenIn, destination }) =>
    seenIn === 'spec' ? nearestAbove(destination, byPath) : (byId.get(parentId ?? 0) ?? TOP),
  );
}

/** A mount that is not there hangs where it would have been. */
function nearestAbove(destination: string, byPath: ReadonlyMap<string, number>): number {
  for (let path = destination; path !== '/' && path !== '';) {
    path = path.slice(0, Math.max(0, path.lastIndexOf('/'))) || '/';
    const number = byPath.get(path);
    if (number !== undefined) return number;
  }
  return TOP;
}
