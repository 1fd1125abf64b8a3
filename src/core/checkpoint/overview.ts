import type { Compression, CriuFacts, DumpStatistics, Engine, Overview, Wrapping } from '../../protocol/overview.ts';
import type { Note } from '../../protocol/note.ts';
import type { FileSet } from '../archive/file-set.ts';
import { decodeText } from '../bytes/text.ts';
import { architectureName } from '../criu/architectures.ts';
import type { ImageDirectory } from '../criu/image-directory.ts';
import { readAcquisition } from './acquisition.ts';
import { formatTimestamp } from './changes.ts';
import { judgeCompleteness } from './completeness.ts';
import { readIdentity } from './identity.ts';
import { asText, at } from './json.ts';
import type { Metadata } from './metadata.ts';
import type { Processes } from './processes.ts';
import { measureSizes } from './sizes.ts';
import { known } from './known-images.ts';

interface Parts {
  readonly files: FileSet;
  readonly images: ImageDirectory;
  /** Where stats-dump lies. */
  readonly statistics: ImageDirectory;
  readonly imagesPrefix: string;
  readonly engine: Engine;
  readonly wrapping: Wrapping;
  readonly compression: Compression;
  readonly archiveSize?: number;
  readonly archivePath?: string;
  readonly metadata: Metadata;
  readonly processes: Processes;
  readonly notes: () => readonly Note[];
}

const LSM: readonly (string | undefined)[] = [undefined, 'SELinux', 'AppArmor'];

/** Joins what the engine's files, the inventory and the entries themselves say. */
export async function describeOverview(parts: Parts, signal?: AbortSignal): Promise<Overview> {
  const { files, engine, archiveSize } = parts;
  const identity = await readIdentity(parts.metadata, parts, signal);
  const [root] = await parts.processes.tree(signal);
  const host = await readHost(parts, root?.pid, signal);
  const statistics = await readStatistics(parts.statistics, signal);
  const criu = await readCriu(parts, root?.pid, signal);
  const acquisition = parts.archivePath === undefined ? undefined : await readAcquisition(parts.archivePath);
  const docker = engine === 'docker' ? await parts.metadata.docker(parts.imagesPrefix, signal) : undefined;
  const checkpointed = identity.checkpointed ?? youngestImage(files, parts.imagesPrefix);
  return {
    engine,
    wrapping: parts.wrapping,
    compression: parts.compression,
    complete: files.complete,
    ...identity,
    ...(checkpointed !== undefined && {
      checkpointed,
      checkpointedFrom: identity.checkpointed === undefined ? 'entries' : 'engine',
    }),
    ...host,
    criu,
    sizes: measureSizes(files, parts.imagesPrefix, archiveSize),
    ...(statistics && { statistics }),
    ...(acquisition && { acquisition }),
    completeness: judgeCompleteness({
      files,
      imagesPrefix: parts.imagesPrefix,
      engine,
      dockerName: asText(at(docker, 'name')),
      notes: parts.notes(),
      usesParent: criu.hasParent === true,
    }),
  };
}

/** The UTS namespace's own names win over what the spec asked for. */
async function readHost(
  { images, processes }: Parts,
  root: number | undefined,
  signal?: AbortSignal,
): Promise<{ hostName?: string; domainName?: string }> {
  const namespace = root === undefined ? undefined : (await processes.ids(root, signal))?.uts_ns_id;
  const name =
    namespace === undefined
      ? images.names().find((candidate) => /^utsns-\d+\.img$/.test(candidate))
      : `utsns-${String(namespace)}.img`;
  if (name === undefined) return {};
  const [uts] = await known(images, 'UTSNS', name, signal);
  return {
    ...(uts?.nodename && { hostName: uts.nodename }),
    ...(uts?.domainname && uts.domainname !== '(none)' && { domainName: uts.domainname }),
  };
}

async function readCriu(parts: Parts, root: number | undefined, signal?: AbortSignal): Promise<CriuFacts> {
  const { images, files, imagesPrefix } = parts;
  const [inventory] = await known(images, 'INVENTORY', 'inventory.img', signal);
  const machine = root === undefined ? undefined : await parts.processes.machine(root, signal);
  const architecture = machine === undefined ? undefined : architectureName(machine);
  const lsm = inventory?.lsmtype === undefined ? undefined : LSM[inventory.lsmtype];
  const log = await readLogHead(parts, signal);
  const pageSize = await parts.processes.pageSize(signal);
  const plugins = inventory?.plugins_entry?.plugins;
  return {
    ...(inventory && { imageVersion: inventory.img_version }),
    ...(architecture !== undefined && { architecture }),
    ...(lsm !== undefined && { lsm }),
    ...(pageSize !== undefined && { pageSize }),
    ...(files.entries.has(`${imagesPrefix}parent`) && { hasParent: true }),
    ...((inventory?.compress ?? 0) !== 0 && { compressedPages: true }),
    ...(images.names().some((name) => name.startsWith('tcp-stream-')) && { tcpEstablished: true }),
    ...(plugins && plugins.length > 0 && { plugins }),
    ...(inventory?.dump_uptime !== undefined && { dumpUptime: inventory.dump_uptime }),
    ...(inventory?.dump_criu_run_id && { dumpCriuRunId: inventory.dump_criu_run_id }),
    ...log,
  };
}

/** CRIU names its version and the kernel's in the first lines of dump.log, where the engine kept it. */
async function readLogHead(
  { files, imagesPrefix }: Parts,
  signal?: AbortSignal,
): Promise<{ version?: string; kernel?: string }> {
  const entry = files.entries.get('dump.log') ?? files.entries.get(`${imagesPrefix}dump.log`);
  if (entry?.type !== 'file') return {};
  const source = files.open(entry);
  try {
    const head = decodeText(await source.read(0, Math.min(entry.size, 4096), signal));
    const version = /Version: (\S+)/.exec(head)?.[1];
    const kernel = /Running on \S+ Linux (\S+)/.exec(head)?.[1];
    return { ...(version !== undefined && { version }), ...(kernel !== undefined && { kernel }) };
  } finally {
    await source.close();
  }
}

/** stats-dump lies beside the image directory (Podman, CRI-O, containerd) or in it. */
async function readStatistics(directory: ImageDirectory, signal?: AbortSignal): Promise<DumpStatistics | undefined> {
  const [stats] = await known(directory, 'STATS', 'stats-dump', signal);
  const dump = stats?.dump;
  if (!dump) return undefined;
  const facts = {
    freezingTime: dump.freezing_time,
    frozenTime: dump.frozen_time,
    memdumpTime: dump.memdump_time,
    memwriteTime: dump.memwrite_time,
    irmapResolve: dump.irmap_resolve,
    pagesScanned: dump.pages_scanned,
    pagesSkippedParent: dump.pages_skipped_parent,
    pagesWritten: dump.pages_written,
    pagesLazy: dump.pages_lazy,
    pagePipes: dump.page_pipes,
    pagePipeBufs: dump.page_pipe_bufs,
    shpagesScanned: dump.shpages_scanned,
    shpagesSkippedParent: dump.shpages_skipped_parent,
    shpagesWritten: dump.shpages_written,
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

/** Podman does not record when it took the checkpoint: the youngest image says it to the second. */
function youngestImage(files: FileSet, imagesPrefix: string): string | undefined {
  let youngest = 0n;
  for (const entry of files.entries.values()) {
    if (entry.path.startsWith(imagesPrefix) && entry.path.endsWith('.img') && entry.mtime > youngest)
      youngest = entry.mtime;
  }
  return youngest === 0n ? undefined : formatTimestamp(youngest);
}
