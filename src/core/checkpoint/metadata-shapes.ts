import type { Note } from '../../protocol/note.ts';
import { sentence } from '../../protocol/sentence.ts';
import type { Json } from './json.ts';

/** What should stand somewhere: in a list each item is the same; in an object `*` stands for every other member. */
type Shape = 'string' | 'number' | 'boolean' | readonly [Shape] | { readonly [member: string]: Shape };

const TEXTS: Shape = ['string'];
const TEXT_MAP: Shape = { '*': 'string' };

/**
 * Members that are read somewhere in this program, by file. Others may hold whatever they like.
 * Sources: OCI runtime-spec (config.md, config-linux.md); libpod's ContainerConfig; checkpointctl's ContainerConfig, which
 * CRI-O and containerd write; CRI's ContainerStatus; containerd's container status; Podman's network status; the
 * Checkpoint of Docker's first containerd.
 */
const SHAPES: Readonly<Record<string, Shape>> = {
  'spec.dump': {
    hostname: 'string',
    annotations: TEXT_MAP,
    process: {
      args: TEXTS,
      cwd: 'string',
      terminal: 'boolean',
      user: { uid: 'number', gid: 'number', additionalGids: ['number'] },
      capabilities: { '*': TEXTS },
      rlimits: [{ type: 'string', soft: 'number', hard: 'number' }],
      noNewPrivileges: 'boolean',
      oomScoreAdj: 'number',
      apparmorProfile: 'string',
      selinuxLabel: 'string',
    },
    mounts: [{ destination: 'string', type: 'string', source: 'string', options: TEXTS }],
    linux: {
      maskedPaths: TEXTS,
      readonlyPaths: TEXTS,
      timeOffsets: { '*': { secs: 'number', nanosecs: 'number' } },
      resources: {
        memory: { limit: 'number', swap: 'number', reservation: 'number', swappiness: 'number' },
        cpu: { shares: 'number', quota: 'number', period: 'number', idle: 'number', cpus: 'string', mems: 'string' },
        pids: { limit: 'number' },
        hugepageLimits: [{ pageSize: 'string', limit: 'number' }],
        devices: [{ allow: 'boolean', type: 'string', access: 'string', major: 'number', minor: 'number' }],
        unified: TEXT_MAP,
      },
    },
  },
  'config.dump': {
    id: 'string',
    name: 'string',
    pod: 'string',
    runtime: 'string',
    ociRuntime: 'string',
    rootfsImage: 'string',
    rootfsImageID: 'string',
    rootfsImageName: 'string',
    rootfsImageRef: 'string',
    createdTime: 'string',
    checkpointedTime: 'string',
    restoredTime: 'string',
    logPath: 'string',
    labels: TEXT_MAP,
    namedVolumes: [{ volumeName: 'string', dest: 'string' }],
  },
  'status.dump': {
    id: 'string',
    created_at: 'number',
    image_ref: 'string',
    log_path: 'string',
    metadata: { name: 'string' },
    image: { image: 'string' },
    labels: TEXT_MAP,
    annotations: TEXT_MAP,
  },
  status: { CreatedAt: 'number' },
  'network.status': {
    '*': { interfaces: { '*': { mac_address: 'string', subnets: [{ ipnet: 'string', gateway: 'string' }] } } },
  },
  'config.json': { created: 'string', name: 'string' },
  'bind.mounts': [{ source: 'string', destination: 'string' }],
  'deleted.files': TEXTS,
};

/** Notes of one file: of what goes wrong everywhere a few say enough. */
const MAX_NOTES = 20;
/** Of a key in a note, letters. */
const MAX_KEY = 80;

/**
 * What in an engine's file is of another type than engines write, each with its place: it is taken for missing.
 * `null` stands for nothing everywhere, as Go writes it.
 * @param name of the file in the archive. One that is not known here may hold anything
 */
export function checkShape(name: string, value: Json): readonly Note[] {
  const file = name.slice(name.lastIndexOf('/') + 1);
  const shape = Object.hasOwn(SHAPES, file) ? SHAPES[file] : undefined;
  if (shape === undefined) return [];
  const notes: Note[] = [];
  for (const { path, found, wanted } of mismatches(value, shape)) {
    const isOneMore = notes.length === MAX_NOTES;
    const text = isOneMore
      ? sentence('{0} has more members of a wrong type than are listed here.', name)
      : path === ''
        ? sentence(
            '{0} is of the JSON type {1} where engines write {2}. What it says is not shown.',
            name,
            found,
            wanted,
          )
        : sentence(
            '{0} in {1} is of the JSON type {2} where engines write {3}. It is not shown.',
            path,
            name,
            found,
            wanted,
          );
    notes.push({ kind: 'damaged', where: name, text });
  }
  return notes;
}

interface Mismatch {
  /** As JavaScript writes it; empty for the file as a whole. */
  readonly path: string;
  readonly found: string;
  readonly wanted: string;
}

/** One more than are listed, if there are as many. */
function mismatches(value: Json, shape: Shape): readonly Mismatch[] {
  const all: Mismatch[] = [];
  const way: (string | number)[] = [];
  const compare = (member: Json | undefined, own: Shape): void => {
    if (member === undefined || member === null || all.length > MAX_NOTES) return;
    const [found, wanted] = [typeOf(member), wantedType(own)];
    if (found !== wanted) {
      all.push({ path: way.reduce<string>(join, ''), found, wanted });
    } else if (Array.isArray(member)) {
      const [item] = own as readonly [Shape];
      (member as readonly Json[]).forEach((one, index) => {
        way.push(index);
        compare(one, item);
        way.pop();
      });
    } else if (typeof member === 'object') {
      const members = own as Readonly<Record<string, Shape>>;
      for (const key of Object.keys(member)) {
        const inner = Object.hasOwn(members, key) ? members[key] : members['*'];
        if (inner === undefined) continue;
        way.push(key);
        compare((member as Readonly<Record<string, Json>>)[key], inner);
        way.pop();
      }
    }
  };
  compare(value, shape);
  return all;
}

function typeOf(value: Json): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

function wantedType(shape: Shape): string {
  return typeof shape === 'string' ? shape : Array.isArray(shape) ? 'array' : 'object';
}

function join(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${String(key)}]`;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key) || key.length > MAX_KEY)
    return `${path}[${JSON.stringify(key.length > MAX_KEY ? `${key.slice(0, MAX_KEY)}…` : key)}]`;
  return path === '' ? key : `${path}.${key}`;
}
