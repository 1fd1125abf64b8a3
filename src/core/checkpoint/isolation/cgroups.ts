import type { CgroupFact, CgroupProperty } from '../../../protocol/isolation.ts';
import type { CgMemberEntry, CgroupDirEntry, CgroupEntry } from '../../criu/schema/generated/messages.ts';
import { describeProperty, isHousekeeping } from './cgroup-words.ts';

/** More than any container has; a hostile image claims anything. */
const MAX_DIRECTORIES = 20_000;

/** The properties of every directory of a hierarchy, by path. */
type Directories = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The control groups of a dump: who is in which, and what each allows. */
export class ControlGroups {
  readonly #entry: CgroupEntry | undefined;
  readonly #directories: readonly { readonly names: readonly string[]; readonly directories: Directories }[];

  constructor(entry: CgroupEntry | undefined) {
    this.#entry = entry;
    let left = MAX_DIRECTORIES;
    this.#directories = (entry?.controllers ?? []).map(({ cnames, dirs }) => {
      const directories = readDirectories(dirs, left);
      left -= directories.size;
      return { names: cnames, directories };
    });
  }

  /** Memberships of a set, as thread_core_entry.cg_set tells; in the order of /proc/PID/cgroup. */
  of(set: number | undefined): readonly CgroupFact[] {
    const members = this.#entry?.sets.find(({ id }) => id === set)?.ctls ?? [];
    return members.map((member) => this.#describe(member)).sort((one, other) => other.hierarchy - one.hierarchy);
  }

  #describe(member: CgMemberEntry): CgroupFact {
    const unified = member.name === '';
    const prefix = member.cgns_prefix ?? 0;
    return {
      hierarchy: unified ? 0 : this.#hierarchyOf(member.name),
      version: unified ? 2 : 1,
      controllers: member.name,
      path: member.path,
      ...(prefix > 0 && { pathInside: member.path.slice(prefix) || '/' }),
      properties: this.#properties(member),
    };
  }

  /**
   * The kernel lists hierarchies from the newest to the oldest, and so does CRIU, but for those without a controller,
   * which come last in the image and first in the kernel's list.
   */
  #hierarchyOf(name: string): number {
    const all = this.#directories.filter(({ names }) => names[0] !== '');
    const named = all.filter(({ names }) => names[0]?.startsWith('name=') === true);
    const ordered = [...named, ...all.filter((hierarchy) => !named.includes(hierarchy))];
    const index = ordered.findIndex(({ names }) => matches(names, name));
    return index < 0 ? ordered.length + 1 : ordered.length - index;
  }

  /** Its own, and those of the directories above it that were dumped: a limit up there holds below. */
  #properties(member: CgMemberEntry): readonly CgroupProperty[] {
    const directories = this.#directories.find(({ names }) => matches(names, member.name))?.directories;
    const properties: CgroupProperty[] = [];
    const seen = new Set<string>();
    for (let path: string | undefined = member.path; path !== undefined; path = parentOf(path)) {
      const values = directories?.get(path);
      for (const [name, value] of values ?? []) {
        const own = path === member.path;
        if (!own && (seen.has(name) || isHousekeeping(name))) continue;
        seen.add(name);
        const { words, unlimited = false } = describeProperty(name, value, values ?? new Map());
        properties.push({
          name,
          value,
          ...(words && { words }),
          unlimited,
          housekeeping: isHousekeeping(name),
          ...(!own && { inheritedFrom: path }),
        });
      }
    }
    return properties;
  }
}

/** Controllers that are mounted together stand in one word: `cpu,cpuacct`. */
function matches(controllers: readonly string[], name: string): boolean {
  if (name === '' || controllers[0] === '') return name === '' && controllers[0] === '';
  return controllers.length > 0 && controllers.join() === name;
}

/** Names are relative to the directory above; the root's is empty. A property that stands there twice is kept once. */
function readDirectories(roots: readonly CgroupDirEntry[], limit: number): Map<string, ReadonlyMap<string, string>> {
  const found = new Map<string, ReadonlyMap<string, string>>();
  const open = roots.map((directory) => ({ directory, above: '' }));
  for (let next = open.pop(); next && found.size < limit; next = open.pop()) {
    const { directory, above } = next;
    const path = directory.dir_name === '' ? above || '/' : `${above === '/' ? '' : above}/${directory.dir_name}`;
    found.set(path, new Map(directory.properties.map(({ name, value }) => [name, value])));
    for (const child of directory.children) open.push({ directory: child, above: path });
  }
  return found;
}

function parentOf(path: string): string | undefined {
  const slash = path.lastIndexOf('/');
  if (slash < 0 || path === '/') return undefined;
  return slash === 0 ? '/' : path.slice(0, slash);
}
