import { Machine } from './command.ts';
import type { SandboxRecord } from './sandbox.ts';

/**
 * The words that start a shell in a sandbox, for a terminal; undefined where there is no way to one. They are never put
 * through a shell of this machine.
 */
export function shellWords({ kind, name, prefix = [] }: SandboxRecord): readonly string[] | undefined {
  if (kind !== 'podman') return undefined;
  return new Machine(withTerminal(prefix)).words(['podman', 'exec', '--interactive', '--tty', name, 'sh']);
}

/** Ssh asks for a terminal there only where it is told to. */
function withTerminal(prefix: readonly string[]): readonly string[] {
  const [program = '', ...rest] = prefix;
  return /(?:^|[\\/])ssh(?:\.exe)?$/i.test(program) ? [program, '-t', ...rest] : prefix;
}
