import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The process of what was restored, as Podman tells it. */
export const RUNS_AS = 4711;

/**
 * A folder of programs that stand for a machine with Podman: each writes down how it was called, and answers as the real
 * one does. A restore works unless {@link fail} was called.
 */
export class FakePodman {
  readonly #folder: string;

  /** @param archive what a checkpoint exports */
  constructor(folder: string, archive: string) {
    this.#folder = folder;
    const programs = {
      podman: podman(folder, archive),
      criu: 'echo "Version: 4.2"',
      crun: 'echo "crun version 1.21"',
      // As the real one, without the network and the right to make it.
      unshare: 'shift 2; exec "$@"',
      ip: 'exit 0',
    };
    const calls = join(folder, 'calls');
    mkdirSync(this.path, { recursive: true });
    for (const [name, body] of Object.entries(programs)) {
      const record = `{ printf '%s\\0' ${name} "$@"; printf '\\1'; } >> '${calls}'`;
      writeFileSync(join(this.path, name), `#!/bin/sh\n${record}\n${body}\n`);
      chmodSync(join(this.path, name), 0o755);
    }
  }

  /** For PATH. */
  get path(): string {
    return join(this.#folder, 'bin');
  }

  /** The words of each call, in order. */
  calls(): readonly (readonly string[])[] {
    const file = join(this.#folder, 'calls');
    if (!existsSync(file)) return [];
    return readFileSync(file, 'utf8')
      .split('\x01')
      .filter((call) => call !== '')
      .map((call) => call.split('\0').slice(0, -1));
  }

  /** From now on restores fail with what CRIU logs. */
  fail(log: string): void {
    writeFileSync(join(this.#folder, 'failure'), log);
  }

  succeed(): void {
    rmSync(join(this.#folder, 'failure'), { force: true });
  }

  /** The archive that was restored last. */
  get imported(): string {
    return join(this.#folder, 'imported');
  }

  /** The container goes away without anybody having asked for it here. */
  lose(): void {
    rmSync(join(this.#folder, 'there'), { force: true });
  }
}

const INFO = JSON.stringify({
  version: { Version: '5.8.6' },
  host: {
    arch: 'amd64',
    memFree: 8 * 1024 ** 3,
    ociRuntime: { name: 'crun' },
    security: { rootless: false, apparmorEnabled: false, selinuxEnabled: false },
  },
});

function podman(folder: string, archive: string): string {
  const state = join(folder, 'there');
  return `case "$1 $2" in
"info --format") echo '${INFO}' ;;
"volume exists") exit 1 ;;
esac
[ "$1" = --runtime ] && shift 2
case "$1 $2" in
"container restore")
  while [ $# -gt 1 ]; do [ "$1" = --import ] && cp "$2" '${folder}/imported'; shift; done
  if [ -e '${folder}/failure' ]; then cat '${folder}/failure' >&2; exit 125; fi
  touch '${state}'; echo 0123abcd ;;
"container inspect")
  if [ -e '${state}' ]; then
    case "$4" in *Pid*) echo ${String(RUNS_AS)} ;; *) echo running ;; esac
  else echo 'Error: no such container' >&2; exit 125; fi ;;
"container checkpoint")
  while [ $# -gt 1 ]; do [ "$1" = --export ] && cp '${archive}' "$2"; shift; done ;;
"logs --tail") printf 'tick 41\\n\\033[31mtick 42\\n' ;;
"rm --force") rm -f '${state}' ;;
esac`;
}
