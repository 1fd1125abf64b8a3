import type {
  CgroupFact,
  IsolationFacts,
  LsmPolicy,
  SharingMatrix,
  ThreadIsolation,
} from '../../../protocol/isolation.ts';
import type { SeccompListing, SeccompState, SeccompSummary } from '../../../protocol/seccomp.ts';
import { Breather } from '../../bytes/cancel.ts';
import type { AaNamespace, InventoryEntry, PstreeEntry } from '../../criu/schema/generated/messages.ts';
import { FileTable } from '../descriptors/file-table.ts';
import { known } from '../known-images.ts';
import { AddressNames } from './address-names.ts';
import { readProgram } from './bpf/program.ts';
import { describeCapabilities } from './capability-table.ts';
import { ControlGroups } from './cgroups.ts';
import { describeCredentials, describeLsm } from './credentials.ts';
import type { Isolation, IsolationSources } from './isolation.ts';
import { describeLimits } from './limits.ts';
import { describeNamespaces, describeSharing } from './namespaces.ts';
import { readQueuedSignal } from './queued-signals.ts';
import { describeSeccomp, listFilter } from './seccomp-state.ts';
import { SeccompFilters } from './seccomp-filters.ts';
import { summarize } from './seccomp-summary.ts';
import { describeResources } from './resources.ts';
import { describeTask, describeThread } from './settings.ts';
import { describeSignals } from './signals.ts';
import { signalTable } from './signal-names.ts';
import { isBigEndian } from './syscalls/names.ts';
import { callsArchitecture, readTask, readThread, type ThreadImages } from './task-images.ts';
import { describeTimers } from './timers.ts';

/** The kernel takes no more for one thread, all its filters together. Source: kernel/seccomp.c, MAX_INSNS_PER_PATH. */
const MAX_CHAIN_INSTRUCTIONS = 32_768;
/** Namespaces of AppArmor may lie in each other; an image that claims more is hostile. */
const MAX_POLICIES = 10_000;

/** Reads nothing before it is asked for. */
export class DumpedIsolation implements Isolation {
  readonly #sources: IsolationSources;
  #filters: SeccompFilters | undefined;
  #controlGroups: ControlGroups | undefined;

  constructor(sources: IsolationSources) {
    this.#sources = sources;
  }

  async process(pid: number, signal?: AbortSignal): Promise<IsolationFacts | undefined> {
    const entry = await this.#entry(pid, signal);
    if (!entry) return undefined;
    const { images, processes, metadata, engine } = this.#sources;
    const task = await readTask(images, pid, signal);
    const { architecture, credentials } = task;
    const spec = await metadata.spec(signal);
    const inventory = await this.#inventory(signal);
    const mm = await processes.memoryLayout(pid, signal);
    const table = signalTable(architecture);
    const addresses = new AddressNames(mm, mm && (await FileTable.load(images, signal)));
    const thread = describeThread(task, task.task);
    const shared = task.shared.map((queued) => readQueuedSignal(queued, table, architecture));
    const [fs] = await known(images, 'FS', `fs-${pid}.img`, signal);
    const seccomp = await this.#seccomp(task, task, signal);
    return {
      pid,
      ...(task.task && { comm: task.task.comm }),
      images: task.images,
      threads: entry.threads.length,
      ...(credentials && {
        credentials: describeCredentials(credentials, spec),
        capabilities: describeCapabilities(credentials, engine, spec),
        lsm: describeLsm(credentials, inventory, spec),
      }),
      ...(seccomp && { seccomp }),
      namespaces: describeNamespaces(task.ids, inventory?.root_ids),
      cgroups: (await this.#groups(signal)).of(setOf(task, task)),
      resources: describeResources(spec),
      limits: describeLimits(task.limits, architecture, spec),
      ...(task.actions.length > 0 && {
        signals: describeSignals(
          task.actions,
          thread.blocked,
          { shared, leader: thread.pending },
          architecture,
          addresses,
        ),
      }),
      ...(task.intervalTimers.length > 0 && {
        timers: describeTimers(task.intervalTimers, task.posixTimers, table, new Set(entry.threads)),
      }),
      ...(task.task && { settings: describeTask(task, mm, fs?.umask, spec) }),
      ...(task.thread && { thread }),
    };
  }

  async threads(pid: number, signal?: AbortSignal): Promise<readonly ThreadIsolation[]> {
    const entry = await this.#entry(pid, signal);
    if (!entry) return [];
    const leader = await readThread(this.#sources.images, pid, signal);
    const breather = new Breather();
    const threads: ThreadIsolation[] = [];
    for (const tid of entry.threads) {
      if (breather.isDue) await breather.breathe(signal);
      const images = tid === pid ? leader : await readThread(this.#sources.images, tid, signal);
      threads.push(await this.#thread(images, leader, signal));
    }
    return threads;
  }

  async #thread(images: ThreadImages, leader: ThreadImages, signal?: AbortSignal): Promise<ThreadIsolation> {
    const { tid, image, core, credentials, thread } = images;
    const comm = thread?.comm ?? core?.tc?.comm;
    const named = { tid, image, ...(comm !== undefined && { comm }) };
    if (!core) return { ...named, missing: true, differs: [] };
    const { engine, metadata } = this.#sources;
    const spec = await metadata.spec(signal);
    const inventory = await this.#inventory(signal);
    const groups = await this.#groups(signal);
    const describe = async (of: ThreadImages) => ({
      ...(of.credentials && {
        credentials: describeCredentials(of.credentials, spec),
        capabilities: describeCapabilities(of.credentials, engine, spec),
        lsm: describeLsm(of.credentials, inventory, spec),
      }),
      seccomp: await this.#seccomp(of, leader, signal),
      cgroups: groups.of(setOf(of, leader)),
    });
    const settings = { ...(thread && { thread: describeThread(images, leader.core?.tc) }) };
    if (images === leader || !credentials) return { ...named, ...settings, differs: [] };
    const own = await describe(images);
    const its = await describe(leader);
    const facets = ['credentials', 'capabilities', 'lsm', 'seccomp', 'cgroups'] as const;
    const differs = facets.filter((facet) => JSON.stringify(own[facet]) !== JSON.stringify(its[facet]));
    return { ...named, ...settings, differs, ...Object.fromEntries(differs.map((facet) => [facet, own[facet]])) };
  }

  async threadGroups(pid: number, tid: number, signal?: AbortSignal): Promise<readonly CgroupFact[]> {
    const leader = await readThread(this.#sources.images, pid, signal);
    const thread = tid === pid ? leader : await readThread(this.#sources.images, tid, signal);
    return (await this.#groups(signal)).of(setOf(thread, leader));
  }

  async sharing(signal?: AbortSignal): Promise<SharingMatrix> {
    const { images, processes } = this.#sources;
    const breather = new Breather();
    const all = [];
    for (const { pid } of await processes.tree(signal)) {
      if (breather.isDue) await breather.breathe(signal);
      all.push({ pid, ids: await processes.ids(pid, signal) });
    }
    return describeSharing(all, (await this.#inventory(signal))?.root_ids, images, signal);
  }

  async seccomp(pid: number, tid: number, signal?: AbortSignal): Promise<SeccompState | undefined> {
    const leader = await readThread(this.#sources.images, pid, signal);
    const thread = tid === pid ? leader : await readThread(this.#sources.images, tid, signal);
    return this.#seccomp(thread, leader, signal);
  }

  async seccompListing(index: number, pid: number, signal?: AbortSignal): Promise<SeccompListing | undefined> {
    const filters = await this.#seccompFilters(signal);
    const filter = filters.get(index);
    const bytes = await filters.program(this.#sources.images, index, signal);
    if (!filter || !bytes) return undefined;
    return listFilter(filter, bytes, callsArchitecture(await readThread(this.#sources.images, pid, signal)));
  }

  async seccompSummary(pid: number, tid: number, signal?: AbortSignal): Promise<SeccompSummary | undefined> {
    const state = await this.seccomp(pid, tid, signal);
    if (state?.mode !== 'filter') return undefined;
    const filters = await this.#seccompFilters(signal);
    const architecture = callsArchitecture(await readThread(this.#sources.images, pid, signal));
    const programs = [];
    let left = MAX_CHAIN_INSTRUCTIONS;
    for (const { index, instructions } of state.filters) {
      left -= instructions;
      const bytes = left < 0 ? undefined : await filters.program(this.#sources.images, index, signal);
      if (bytes) programs.push(readProgram(bytes, isBigEndian(architecture)));
    }
    // What no filter here decides on is not known, and not allowed either.
    if (programs.length === 0) return undefined;
    const summary = await summarize(programs, architecture, signal);
    return programs.length === state.filters.length ? summary : { ...summary, complete: false };
  }

  async policies(signal?: AbortSignal): Promise<readonly LsmPolicy[]> {
    const [entry] = await known(this.#sources.images, 'APPARMOR', 'apparmor.img', signal);
    const found: LsmPolicy[] = [];
    const open = (entry?.namespaces ?? []).map((namespace) => ({ namespace, above: '' }));
    for (let next = open.pop(); next; next = open.pop()) addPolicies(next, found, open);
    return found;
  }

  async #entry(pid: number, signal?: AbortSignal): Promise<PstreeEntry | undefined> {
    return (await this.#sources.processes.tree(signal)).find((entry) => entry.pid === pid);
  }

  async #inventory(signal?: AbortSignal): Promise<InventoryEntry | undefined> {
    return (await known(this.#sources.images, 'INVENTORY', 'inventory.img', signal))[0];
  }

  async #seccomp(thread: ThreadImages, leader: ThreadImages, signal?: AbortSignal): Promise<SeccompState | undefined> {
    return describeSeccomp(thread, leader, () => this.#seccompFilters(signal));
  }

  /** Kept once the archive is read to its end. */
  async #seccompFilters(signal?: AbortSignal): Promise<SeccompFilters> {
    if (this.#filters) return this.#filters;
    const { images, notebook } = this.#sources;
    const filters = await SeccompFilters.load(images, notebook, signal);
    if (images.complete) this.#filters = filters;
    return filters;
  }

  async #groups(signal?: AbortSignal): Promise<ControlGroups> {
    if (this.#controlGroups) return this.#controlGroups;
    const { images } = this.#sources;
    const groups = new ControlGroups((await known(images, 'CGROUP', 'cgroup.img', signal))[0]);
    if (images.complete) this.#controlGroups = groups;
    return groups;
  }
}

/** The control groups of a thread as cgroup.img numbers them; older dumps tell only of the whole process. */
function setOf({ thread }: ThreadImages, leader: ThreadImages): number | undefined {
  return thread?.cg_set ?? leader.thread?.cg_set ?? leader.core?.tc?.cg_set;
}

interface OpenNamespace {
  readonly namespace: AaNamespace;
  readonly above: string;
}

function addPolicies({ namespace, above }: OpenNamespace, found: LsmPolicy[], open: OpenNamespace[]): void {
  const name = above === '' ? namespace.name : `${above}//${namespace.name}`;
  for (const policy of namespace.policies) {
    if (found.length >= MAX_POLICIES) return;
    found.push({ namespace: name, name: policy.name, size: policy.blob.length });
  }
  for (const inner of namespace.namespaces) open.push({ namespace: inner, above: name });
}
