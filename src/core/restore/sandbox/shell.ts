import { Machine } from './command.ts';
import type { SandboxRecord } from './sandbox.ts';

/** Ids come back as words of commands. */
const ID = /^[0-9a-f]{64}$/;

/**
 * The words that start a shell in a sandbox, for a terminal; undefined where there is no way to one. They are never put
 * through a shell of this machine.
 */
export async function shellWords(record: SandboxRecord, signal?: AbortSignal): Promise<readonly string[] | undefined> {
  const { kind, name, prefix = [] } = record;
  const terminal = new Machine(withTerminal(prefix));
  if (kind === 'podman') return terminal.words(['podman', 'exec', '--interactive', '--tty', name, 'sh']);
  if (kind !== 'crio') return undefined;
  const container = await criContainer(new Machine(prefix), record, signal);
  return container === undefined
    ? undefined
    : terminal.words(['crictl', 'exec', '--interactive', '--tty', container, 'sh']);
}

/** The container in the sandbox's pod, which is found by its label. */
export async function criContainer(
  machine: Machine,
  { id }: SandboxRecord,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const first = async (command: readonly string[]): Promise<string | undefined> =>
    (await machine.expect(command, { signal, timeout: 30_000 })).split('\n').find((line) => ID.test(line));
  const pod = await first(['crictl', 'pods', '--label', `checkpoint-explorer/sandbox=${id}`, '--quiet']);
  return pod === undefined ? undefined : first(['crictl', 'ps', '--pod', pod, '--quiet']);
}

/** Ssh asks for a terminal there only where it is told to. */
function withTerminal(prefix: readonly string[]): readonly string[] {
  const [program = '', ...rest] = prefix;
  return /(?:^|[\\/])ssh(?:\.exe)?$/i.test(program) ? [program, '-t', ...rest] : prefix;
}
