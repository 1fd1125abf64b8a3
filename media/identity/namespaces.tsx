import { escapeText } from '../../src/protocol/format.ts';
import type {
  NamespaceFact,
  NamespaceKind,
  SharedKind,
  SharedSpace,
  SharingMatrix,
} from '../../src/protocol/isolation.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { Block } from '../parts/facts.tsx';
import { LongList } from '../parts/long-list.tsx';
import { errorText } from '../parts/states.tsx';
import { Link } from '../parts/values.tsx';
import { useSession } from '../session.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { sentenceText, t, tn } from '../text.ts';

const KINDS: readonly NamespaceKind[] = ['user', 'pid', 'net', 'mnt', 'ipc', 'uts', 'cgroup', 'time'];
const SHARED: readonly SharedKind[] = ['memory', 'files', 'fs', 'handlers'];
/** Pids that are named; the rest is counted. */
const MAX_NAMED = 12;

/** Which namespaces there are and who shares them: processes that share all stand in one row. */
export function Namespaces({ pid, own }: { pid: number; own: readonly Wire<NamespaceFact>[] }) {
  const session = useSession();
  const version = useStore(session.version, (count) => count);
  const sharing = useResource((signal) => session.host.sharing(signal), 'sharing', version);
  return (
    <Block title={t('Namespaces')}>
      {sharing.value ? <Matrix pid={pid} matrix={sharing.value} /> : <OwnOnly own={own} />}
      {sharing.error !== undefined && <p class="muted">{errorText(sharing.error)}</p>}
    </Block>
  );
}

/** Until it is known who else is in them. */
function OwnOnly({ own }: { own: readonly Wire<NamespaceFact>[] }) {
  return <p class="muted">{own.map(({ kind, id }) => `${kind}:[${String(id)}]`).join('  ')}</p>;
}

interface Group {
  readonly pids: readonly number[];
  /** Undefined where the process has none of that kind. */
  readonly spaces: readonly (Wire<SharedSpace> | undefined)[];
}

function Matrix({ pid, matrix }: { pid: number; matrix: Wire<SharingMatrix> }) {
  const kinds = KINDS.filter((kind) => matrix.kinds.some((candidate) => candidate.kind === kind));
  const groups = groupsOf(matrix, kinds);
  return (
    <>
      <LongList items={groups}>
        {(shown) => (
          <div class="wide">
            <table class="plain-table namespaces">
              <thead>
                <tr>
                  <th>{t('Processes')}</th>
                  {kinds.map((kind) => (
                    <th key={kind} title={kindTitle(kind)}>
                      {kind}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {shown.map(({ pids, spaces }, index) => (
                  <tr key={index} class={pids.includes(pid) ? 'current' : ''}>
                    <td>
                      <Pids pids={pids} />
                    </td>
                    {spaces.map((space, column) => (
                      <td key={kinds[column]}>{space && <Space space={space} />}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </LongList>
      <p class="muted">
        {t(
          'Numbers are those of the dump, not of the kernel: equal ones are the same namespace. “node” marks the namespaces in which CRIU itself ran.',
        )}
      </p>
      <ul class="plain-list">
        {matrix.kinds.flatMap(({ kind, spaces }) =>
          spaces.flatMap((space) => details(kind, space)).map((text, index) => <li key={`${kind}${index}`}>{text}</li>),
        )}
      </ul>
    </>
  );
}

function Space({ space }: { space: Wire<SharedSpace> }) {
  return (
    <>
      <span class="code">{space.id}</span>
      {space.ofHost && <span class="mark-word warning"> {t('node')}</span>}
      {space.external !== undefined && (
        <span class="mark-word" title={escapeText(space.external)}>
          {' '}
          {t('external')}
        </span>
      )}
    </>
  );
}

function Pids({ pids }: { pids: readonly number[] }) {
  return (
    <>
      {pids.slice(0, MAX_NAMED).map((pid, index) => (
        <>
          {index > 0 && ', '}
          <Link key={pid} to={{ tab: 'identity', pid }} title={t('Show what this process may do')}>
            {String(pid)}
          </Link>
        </>
      ))}
      {pids.length > MAX_NAMED && (
        <span class="muted">{tn(pids.length - MAX_NAMED, ' and {0} more', ' and {0} more')}</span>
      )}
    </>
  );
}

/** Processes whose namespaces are all the same, in the order of their first ones. */
function groupsOf(matrix: Wire<SharingMatrix>, kinds: readonly NamespaceKind[]): readonly Group[] {
  const spacesOf = new Map<number, (Wire<SharedSpace> | undefined)[]>();
  kinds.forEach((kind, column) => {
    for (const space of matrix.kinds.find((candidate) => candidate.kind === kind)?.spaces ?? []) {
      for (const pid of space.pids) {
        const row = spacesOf.get(pid) ?? new Array<undefined>(kinds.length).fill(undefined);
        row[column] = space;
        spacesOf.set(pid, row);
      }
    }
  });
  const groups = new Map<string, { pids: number[]; spaces: readonly (Wire<SharedSpace> | undefined)[] }>();
  for (const [pid, spaces] of spacesOf) {
    const key = spaces.map((space) => space?.id ?? '').join();
    const group = groups.get(key);
    if (group) group.pids.push(pid);
    else groups.set(key, { pids: [pid], spaces });
  }
  return [...groups.values()];
}

/** What is known of a namespace beside its number, a line each. */
function details(kind: NamespaceKind | SharedKind, space: Wire<SharedSpace>): readonly string[] {
  const { id, facts, external, uidMap = [], gidMap = [], pids } = space;
  if ((SHARED as readonly string[]).includes(kind)) {
    return pids.length < 2 ? [] : [t('{0} share {1}.', pidList(pids), sharedName(kind as SharedKind))];
  }
  const name = `${kind}:[${id}]`;
  const maps = [...uidMap.map((range) => ['uid', range] as const), ...gidMap.map((range) => ['gid', range] as const)];
  return [
    ...facts.map((fact) => `${name}: ${sentenceText(fact)}`),
    ...(external === undefined
      ? []
      : [t('{0} is kept by somebody else, under the key {1}.', name, escapeText(external))]),
    ...maps.map(([what, { inside, outside, count }]) =>
      t(
        '{0}: {1} {2} to {3} are {4} to {5} outside.',
        name,
        what,
        inside,
        inside + count - 1,
        outside,
        outside + count - 1,
      ),
    ),
  ];
}

function pidList(pids: readonly number[]): string {
  const named = pids.slice(0, MAX_NAMED).join(', ');
  return pids.length > MAX_NAMED ? `${named} …` : named;
}

function sharedName(kind: SharedKind): string {
  switch (kind) {
    case 'memory':
      return t('their memory');
    case 'files':
      return t('their table of open files');
    case 'fs':
      return t('their working directory and umask');
    case 'handlers':
      return t('their signal handlers');
  }
}

function kindTitle(kind: NamespaceKind): string {
  switch (kind) {
    case 'user':
      return t('Users and groups, and what root may do');
    case 'pid':
      return t('Numbers of processes');
    case 'net':
      return t('Interfaces, addresses, routes and sockets');
    case 'mnt':
      return t('Mounts');
    case 'ipc':
      return t('System V shared memory, queues and semaphores, and POSIX message queues');
    case 'uts':
      return t('Host name and domain name');
    case 'cgroup':
      return t('What is seen as the root of the control groups');
    case 'time':
      return t('Clocks that count since the start of the machine');
  }
}
