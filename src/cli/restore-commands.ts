import type { OptionSpec } from './arguments.ts';
import { REGISTRY } from './cluster-commands.ts';
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
];
