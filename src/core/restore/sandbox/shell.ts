import { Machine } from './command.ts';
import { crictl } from './cri-place.ts';
import type { SandboxRecord } from './sandbox.ts';

/** Ids come back as words of commands. */
const ID = /^[0-9a-f]{64}$/;

/**
 * The words that start a shell in a sandbox of Podman's or crictl's, for a terminal. They are never put through a shell of
 * this machine.
 * @returns undefined where nothing of it runs, and of sandboxes in clusters
 */
export async function shellWords(record: SandboxRecord, signal?: AbortSignal): Promise<readonly string[] | undefined> {
  const { kind, name, prefix = [] } = record;
  const terminal = new Machine(withTerminal(prefix));
  if (kind === 'podman') {
    const network = await networkOf(new Machine(prefix), name, signal);
    return network && terminal.words([...network, 'podman', 'exec', '--interactive', '--tty', name, 'sh']);
  }
  if (kind !== 'crio') return undefined;
  const container = await criContainer(new Machine(prefix), record, signal);
  return container === undefined
    ? undefined
    : terminal.words(['crictl', 'exec', '--interactive', '--tty', container, 'sh']);
}

/**
 * The words that take a command into the network of a container that runs, if it does: runc starts what it is told to exec
 * in the network of whoever asks where the container was to have the machine's own, and the sandbox leads nowhere.
 */
async function networkOf(machine: Machine, name: string, signal?: AbortSignal): Promise<readonly string[] | undefined> {
  const inspect = ['podman', 'container', 'inspect', '--format', '{{.State.Pid}}', name];
  const { output } = await machine.run(inspect, { signal, timeout: 30_000 });
  const pid = /^[1-9]\d*$/.exec(output.trim())?.[0];
  return pid === undefined ? undefined : ['nsenter', `--net=/proc/${pid}/ns/net`, '--'];
}

/** The container in the sandbox's pod, which is found by its label. */
export async function criContainer(
  machine: Machine,
  { id }: SandboxRecord,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const first = async (command: readonly string[]): Promise<string | undefined> =>
    (await machine.expect(command, { signal, timeout: 30_000 })).split('\n').find((line) => ID.test(line));
  const pod = await first(crictl('pods', '--label', `checkpoint-explorer/sandbox=${id}`, '--quiet'));
  return pod === undefined ? undefined : first(crictl('ps', '--pod', pod, '--quiet'));
}

/** Ssh asks for a terminal there only where it is told to. */
function withTerminal(prefix: readonly string[]): readonly string[] {
  const [program = '', ...rest] = prefix;
  return /(?:^|[\\/])ssh(?:\.exe)?$/i.test(program) ? [program, '-t', ...rest] : prefix;
}
