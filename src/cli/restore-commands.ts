import type { OptionSpec } from './arguments.ts';
import { CONTEXT, KUBECONFIG, REGISTRY } from './cluster-commands.ts';
import type { Command } from './commands.ts';

type Options = Readonly<Record<string, OptionSpec>>;

const TEXT_FORMAT: Options = {
  format: { kind: 'text', value: 'text|json', choices: ['text', 'json'], help: 'How to print (text if not given)' },
};

const CONTAINER_NAME: Options = {
  'container-name': {
    kind: 'text',
    value: 'NAME',
    help: 'What engines are to call the container; else as the checkpoint does',
  },
};

const PLACES = ['podman', 'crio', 'kubernetes'];

/** The commands that lead from an archive back to a container. */
export const RESTORE_COMMANDS: readonly Command[] = [
  {
    name: 'build',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Make a container image of a checkpoint, which CRI-O, containerd and Podman restore',
    details:
      'The archive is the only layer, byte for byte; the annotations that each engine looks for are all there. The same\narchive always gives the same image. TARGET is a folder that is not there yet (an OCI layout), oci-archive:FILE, or\ndocker://HOST/NAME:TAG, to which the archive is sent straight; what breaks off goes on from where it was.\n\n  checkpoint-explorer build web.tar -o oci-archive:web-image.tar\n  checkpoint-explorer build web.tar -o docker://registry.example:5000/checkpoints/web:1',
    options: {
      output: {
        kind: 'text',
        short: 'o',
        value: 'TARGET',
        help: 'Where to: DIR, oci-archive:FILE or docker://HOST/NAME:TAG',
      },
      tag: { kind: 'text', value: 'NAME', help: "The image's name in what is written (latest if not given)" },
      ...CONTAINER_NAME,
      'mount-from': {
        kind: 'texts',
        value: 'NAME',
        help: 'A repository of the same registry that may have the archive already (several times)',
      },
      chunk: { kind: 'text', value: 'MIB', help: 'Send as many MiB in one request (if not given, all at once)' },
      ...REGISTRY,
      ...TEXT_FORMAT,
    },
    load: () => import('./commands/restore/build.ts'),
  },
  {
    name: 'restore',
    operands: 'LOCATOR',
    min: 1,
    max: 1,
    summary: 'Restore a checkpoint to a sandbox, after telling whether it will work and what it would do',
    details:
      'podman: a container of a new name, in a network that leads nowhere; its ports are not published. kubernetes: an image\nis sent to a registry and a pod made of it, which a policy keeps from every network, without a token, with an end; its\nvolumes are empty. crio: a pod through crictl; the kubelet ends pods that it does not know, so stop it before.\nA restore runs what is in the archive, as root: do it only where it may. Blockers that are risks are agreed to by name.\nPrints the id of the sandbox, for sandboxes remove.\n\n  checkpoint-explorer restore web.tar --to podman --check\n  checkpoint-explorer restore web.tar --to podman --tcp close --prefix sudo\n  checkpoint-explorer restore web.tar --to kubernetes --image docker://registry.example/checkpoints/web:1 -n sandbox',
    options: {
      to: { kind: 'text', value: PLACES.join('|'), choices: PLACES, help: 'Where to' },
      check: { kind: 'flag', help: 'Only tell whether it will work; exit code 1 if something stands in the way' },
      'dry-run': { kind: 'flag', help: 'Only print what would be done' },
      agree: {
        kind: 'texts',
        value: 'ID',
        help: 'Do it in spite of this finding, if that is possible (several times)',
      },
      tcp: {
        kind: 'text',
        value: 'close|established',
        choices: ['close', 'established'],
        help: 'What becomes of established TCP connections',
      },
      network: {
        kind: 'text',
        value: 'nowhere|as-it-was',
        choices: ['nowhere', 'as-it-was'],
        help: 'The network of the sandbox (nowhere if not given)',
      },
      prefix: { kind: 'text', value: 'WORDS', help: 'Put before the commands of podman and crictl: sudo, or ssh HOST' },
      image: {
        kind: 'text',
        value: 'docker://…',
        help: 'With kubernetes: where the image is put, for nodes to pull it from',
      },
      operator: {
        kind: 'flag',
        help: 'With kubernetes, and an archive on a node: by a PodRestore of the checkpoint-restore-operator, without an image',
      },
      move: { kind: 'flag', help: 'With kubernetes: delete the original pod when what was restored of it runs' },
      confirm: { kind: 'text', value: 'NAMESPACE/POD', help: 'With --move: the pod that is to be deleted' },
      namespace: { kind: 'text', short: 'n', value: 'NAME', help: "The sandbox's namespace; else the context's" },
      'create-namespace': {
        kind: 'flag',
        help: 'Make the namespace if it is not there, and remove it with the sandbox',
      },
      node: { kind: 'text', value: 'NAME', help: 'The node; else the first whose runtime and architecture fit' },
      'pull-secret': { kind: 'text', value: 'NAME', help: 'With which the nodes pull the image' },
      lifetime: {
        kind: 'text',
        value: 'SECONDS',
        help: 'After which the cluster ends the sandbox (3600 if not given)',
      },
      ...CONTEXT,
      ...KUBECONFIG,
      ...REGISTRY,
      ...TEXT_FORMAT,
    },
    load: () => import('./commands/restore/restore.ts'),
  },
  {
    name: 'sandboxes',
    operands: '[list] | logs ID | checkpoint ID | remove ID…',
    min: 0,
    max: Infinity,
    summary:
      'List what was restored, print what it printed, checkpoint it again, or take it away with all that was made for it',
    options: {
      output: { kind: 'text', short: 'o', value: 'PATH', help: 'With checkpoint: the archive, which is not there yet' },
      format: {
        kind: 'text',
        value: 'table|json',
        choices: ['table', 'json'],
        help: 'How to print (table if not given)',
      },
    },
    load: () => import('./commands/restore/sandboxes.ts'),
  },
];
