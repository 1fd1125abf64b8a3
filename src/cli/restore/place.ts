import { Machine } from '../../core/restore/sandbox/command.ts';
import { SandboxJournal } from '../../core/restore/sandbox/journal.ts';
import { journalFolder, uploadsFile } from '../../core/restore/sandbox/journal-folder.ts';
import { CrioSandbox } from '../../core/restore/sandbox/crio.ts';
import { PodmanSandbox } from '../../core/restore/sandbox/podman.ts';
import type { MadeSandbox, Sandbox, SandboxRecord } from '../../core/restore/sandbox/sandbox.ts';
import type { TargetKind } from '../../core/restore/compatibility/target-facts.ts';
import type { Cluster } from '../../core/cluster/cluster.ts';
import { usage, type Arguments } from '../arguments.ts';
import type { Session } from '../session.ts';

export function sandboxJournal(): SandboxJournal {
  return new SandboxJournal(journalFolder());
}

/** Where a checkpoint is to be restored, from the options. @throws CheckpointError `usage` */
export async function placeOf(kind: TargetKind, args: Arguments, session: Session): Promise<Sandbox> {
  const journal = sandboxJournal();
  switch (kind) {
    case 'podman':
      return new PodmanSandbox({ machine: machineOf(args), journal, network: networkOf(args) });
    case 'kubernetes':
      return kubernetes(args, session, journal);
    case 'crio':
      return new CrioSandbox({ machine: machineOf(args), journal });
  }
}

/** The cluster that the options name, or else the one whose node has the archive. */
export async function clusterOf(args: Arguments, session: Session): Promise<Cluster> {
  const { connect, choiceOf } = await import('../cluster/connect.ts');
  const { isNodeLocator, parseNodeLocator } = await import('../../core/cluster/node-files/node-locator.ts');
  const [locator = ''] = args.operands;
  const context = args.text('context') ?? (isNodeLocator(locator) ? parseNodeLocator(locator).context : undefined);
  return connect({ ...choiceOf(args), context, image: undefined }, session);
}

/** By the checkpoint-restore-operator, from where the archive lies. */
async function operator(args: Arguments, session: Session, journal: SandboxJournal): Promise<Sandbox> {
  const { isNodeLocator, parseNodeLocator } = await import('../../core/cluster/node-files/node-locator.ts');
  const { OperatorSandbox } = await import('../../core/restore/sandbox/operator.ts');
  const { nodeFiles } = await import('../cluster/connect.ts');
  const [locator = ''] = args.operands;
  if (!isNodeLocator(locator)) throw usage('--operator needs an archive on a node: node://CONTEXT/NODE/PATH.');
  const { node, path } = parseNodeLocator(locator);
  const lifetime = lifetimeOf(args);
  const cluster = await clusterOf(args, session);
  return new OperatorSandbox({
    cluster,
    journal,
    node,
    path,
    namespace: args.text('namespace') ?? cluster.namespace,
    network: networkOf(args),
    lifetime,
    files: await nodeFiles(cluster, {}, session),
  });
}

async function kubernetes(args: Arguments, session: Session, journal: SandboxJournal): Promise<Sandbox> {
  if (args.flag('operator')) return operator(args, session, journal);
  const locator = args.text('image');
  if (locator === undefined) {
    throw usage(
      'restore --to kubernetes needs --image docker://HOST/NAME:TAG, from which the nodes can pull, or --operator.',
    );
  }
  const { nodeFiles } = await import('../cluster/connect.ts');
  const { KubernetesSandbox } = await import('../../core/restore/sandbox/kubernetes.ts');
  const { parseReference } = await import('../../core/restore/registry/reference.ts');
  const { registrySettings } = await import('./registry.ts');
  const { UploadPlaces } = await import('../../core/restore/registry/upload-places.ts');
  const image = parseReference(locator);
  const lifetime = lifetimeOf(args);
  const cluster = await clusterOf(args, session);
  return new KubernetesSandbox({
    cluster,
    journal,
    image,
    registry: registrySettings(args),
    uploads: new UploadPlaces(uploadsFile(journalFolder())),
    measure: async ({ checkpoint }, options) => {
      const { measureImage } = await import('../../core/restore/image/write-image.ts');
      return measureImage(checkpoint, { ...options, spill: session.spill });
    },
    namespace: args.text('namespace') ?? cluster.namespace,
    createNamespace: args.flag('create-namespace'),
    node: args.text('node'),
    network: networkOf(args),
    pullSecret: args.text('pull-secret'),
    lifetime,
    files: await nodeFiles(cluster, {}, session),
  });
}

/** Seconds. @throws CheckpointError `usage` */
function lifetimeOf(args: Arguments): number {
  const text = args.text('lifetime') ?? '3600';
  const seconds = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (seconds < 1) throw usage('{0} is not how long a sandbox may live: give whole seconds from 1 on.', text);
  return seconds;
}

/** Where a sandbox is that was written down. */
export async function placeOfRecord(record: SandboxRecord, session: Session): Promise<MadeSandbox> {
  if (record.kind === 'kubernetes') {
    const { connect } = await import('../cluster/connect.ts');
    const { PodSandbox } = await import('../../core/restore/sandbox/pod-sandbox.ts');
    return new PodSandbox({ cluster: await connect({ context: record.context }, session), journal: sandboxJournal() });
  }
  const options = { machine: new Machine(record.prefix), journal: sandboxJournal() };
  return record.kind === 'crio' ? new CrioSandbox(options) : new PodmanSandbox(options);
}

/** Words, parted by spaces: no shell looks at them. */
function machineOf(args: Arguments): Machine {
  return new Machine((args.text('prefix') ?? '').split(/\s+/).filter((word) => word !== ''));
}

function networkOf(args: Arguments): 'nowhere' | 'as-it-was' {
  return args.text('network') === 'as-it-was' ? 'as-it-was' : 'nowhere';
}
