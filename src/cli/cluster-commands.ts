import type { OptionSpec } from './arguments.ts';
import type { Command } from './commands.ts';

type Options = Readonly<Record<string, OptionSpec>>;

/** How one comes into a registry. */
export const REGISTRY: Options = {
  ca: { kind: 'text', value: 'FILE', help: "Certificates of a registry's own authority, PEM" },
  'plain-http': { kind: 'flag', help: 'Allow HTTP without TLS (to this machine it always is)' },
  authfile: { kind: 'text', value: 'FILE', help: 'Credentials of registries; else those of podman and docker login' },
};

export const KUBECONFIG: Options = {
  kubeconfig: { kind: 'text', value: 'FILE', help: 'The kubeconfig to use; else KUBECONFIG, else ~/.kube/config' },
};

export const CONTEXT: Options = {
  context: { kind: 'text', value: 'NAME', help: "The context; else the kubeconfig's current one" },
};

const TIMEOUT: Options = {
  timeout: { kind: 'text', value: 'SECONDS', help: 'Give up after so long' },
};

const HELPER: Options = {
  namespace: {
    kind: 'text',
    short: 'n',
    value: 'NAME',
    help: "Where the helper pod is made that reads the node's files; else the context's namespace",
  },
  image: { kind: 'text', value: 'IMAGE', help: 'The image of the helper pod (busybox if not given)' },
};

const FORMAT: Options = {
  format: { kind: 'text', value: 'table|json', choices: ['table', 'json'], help: 'How to print (table if not given)' },
};

const TEXT_FORMAT: Options = {
  format: { kind: 'text', value: 'text|json', choices: ['text', 'json'], help: 'How to print (text if not given)' },
};

/** The commands that speak to a cluster. */
export const CLUSTER_COMMANDS: readonly Command[] = [
  {
    name: 'cluster contexts',
    operands: '',
    min: 0,
    max: 0,
    summary: 'List the contexts of the kubeconfig; nothing is asked of any cluster',
    options: { ...FORMAT, ...KUBECONFIG },
    load: () => import('./commands/cluster/contexts.ts'),
  },
  {
    name: 'cluster pods',
    operands: '',
    min: 0,
    max: 0,
    summary: 'List pods with their containers, and whether they run',
    options: {
      ...FORMAT,
      namespace: { kind: 'text', short: 'n', value: 'NAME', help: "The namespace; else the context's" },
      'all-namespaces': { kind: 'flag', short: 'A', help: 'Of all namespaces' },
      selector: { kind: 'text', short: 'l', value: 'LABELS', help: 'Only those with these labels, as for kubectl' },
      ...CONTEXT,
      ...KUBECONFIG,
      ...TIMEOUT,
    },
    load: () => import('./commands/cluster/pods.ts'),
  },
  {
    name: 'cluster nodes',
    operands: '',
    min: 0,
    max: 0,
    summary: 'List nodes with their container runtimes',
    options: { ...FORMAT, ...CONTEXT, ...KUBECONFIG, ...TIMEOUT },
    load: () => import('./commands/cluster/nodes.ts'),
  },
  {
    name: 'cluster archives',
    operands: '[NODE…]',
    min: 0,
    max: Infinity,
    summary: 'List the checkpoint archives on nodes',
    details:
      'Without NODE: of all nodes that are ready. Each is a locator that every other command takes, too: the archive is then\nread where it is.\n\n  checkpoint-explorer inspect --ps-tree node://kind-dev/node-1/var/lib/kubelet/checkpoints/checkpoint-….tar',
    options: {
      ...FORMAT,
      directory: {
        kind: 'text',
        value: 'DIR',
        help: 'Where they are on the nodes (/var/lib/kubelet/checkpoints if not given)',
      },
      ...HELPER,
      ...CONTEXT,
      ...KUBECONFIG,
      ...TIMEOUT,
    },
    load: () => import('./commands/cluster/archives.ts'),
  },
  {
    name: 'cluster check',
    operands: '[NODE…]',
    min: 0,
    max: Infinity,
    summary: 'Tell what stands between you and a checkpoint on nodes, point by point, and what would mend it',
    details:
      'Without NODE: of all nodes. Nothing is changed, and no container is touched.\n\n  ✓  it is as it has to be        !  it works, but\n  ✗  it keeps checkpoints away    ?  nobody could tell\n\nThe exit code is 1 where a point is ✗.',
    options: {
      ...TEXT_FORMAT,
      archives: { kind: 'flag', help: 'Look at the folder of the archives, too, by way of a helper pod' },
      directory: {
        kind: 'text',
        value: 'DIR',
        help: 'Where archives are on the nodes (/var/lib/kubelet/checkpoints if not given)',
      },
      ...HELPER,
      ...CONTEXT,
      ...KUBECONFIG,
      ...TIMEOUT,
    },
    load: () => import('./commands/cluster/check.ts'),
  },
  {
    name: 'checkpoint',
    operands: 'NAMESPACE/POD[/CONTAINER]…',
    min: 1,
    max: Infinity,
    summary: 'Checkpoint a container of a cluster, or all that run in a pod; they run on',
    details:
      'Prints the locator of each archive. A container is frozen while it is checkpointed.\n\n  checkpoint-explorer checkpoint shop/webapp-7d4b9c6f5-x2x7q/web',
    options: {
      ...TEXT_FORMAT,
      ...HELPER,
      ...CONTEXT,
      ...KUBECONFIG,
      timeout: {
        kind: 'text',
        value: 'SECONDS',
        help: 'How long the node may take; below its own limit (2 minutes unless configured) it has no effect',
      },
    },
    load: () => import('./commands/cluster/checkpoint.ts'),
  },
  {
    name: 'download',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Fetch an archive from a node or a registry, verified; from a node with a record of how it was acquired',
    details:
      'LOCATOR is node://CONTEXT/NODE/absolute/path.tar. Until it is whole and its SHA-256 sum is the one on the node it is\nPATH.partial, which the same command goes on with. The record is PATH.acquisition.json.\nFrom docker://HOST/NAME:TAG comes the archive that is the layer of a checkpoint image.',
    options: {
      output: {
        kind: 'text',
        short: 'o',
        value: 'PATH',
        help: 'Where to: a folder, which is made if it ends with /, or a file that is not there yet',
      },
      ...REGISTRY,
      ...TEXT_FORMAT,
      ...HELPER,
      ...KUBECONFIG,
      ...TIMEOUT,
    },
    load: () => import('./commands/cluster/download.ts'),
  },
  {
    name: 'delete',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Delete an archive on a node',
    details: 'LOCATOR is node://CONTEXT/NODE/absolute/path.tar.',
    options: {
      yes: { kind: 'flag', help: 'Yes, for good' },
      ...HELPER,
      ...KUBECONFIG,
      ...TIMEOUT,
    },
    load: () => import('./commands/cluster/delete.ts'),
  },
];
