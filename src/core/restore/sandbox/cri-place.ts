import { asText, asTexts, at } from '../../checkpoint/json.ts';
import type { TargetFacts } from '../compatibility/target-facts.ts';
import { isMissing } from './archive-copy.ts';
import type { Machine } from './command.ts';
import { LOG_OF_CRIO } from './why-it-failed.ts';

type Known = Partial<TargetFacts>;

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };
const RUNTIMES: ReadonlySet<string> = new Set(['runc', 'crun']);

/**
 * The words of a crictl command. Without a limit of its own crictl gives up each request after two seconds, a restore with
 * the pull of an image among them.
 */
export function crictl(...words: readonly string[]): readonly string[] {
  return ['crictl', '--timeout', '600s', ...words];
}

/**
 * The words that remove a pod. Its limit is short, because CRI-O waits for as long as a request may take until it kills
 * what does not end by itself. Source: cri-o server/utils.go, stopTimeoutFromContext, and runs with 1.37.
 */
export function removePod(pod: string): readonly string[] {
  return ['crictl', '--timeout', '30s', 'rmp', '--force', pod];
}

/** Whether an engine has an image, and whether that says what is run of it. @param id of the image */
export async function imageFacts(
  machine: Machine,
  id: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Pick<Known, 'hasImage' | 'imageHasCommand'>> {
  const name = /^(?:sha256:)?([0-9a-f]{64})$/.exec(id ?? '')?.[1];
  if (name === undefined) return {};
  const command = crictl('inspecti', '--output', 'json', name);
  const result = await machine.run(command, { signal, timeout: 30_000 }).catch(isMissing);
  if (result?.code !== 0) return (result?.complaint ?? '').includes('no such image') ? { hasImage: false } : {};
  const config = at(parse(result.output), 'info', 'imageSpec', 'config');
  const words = ['Entrypoint', 'Cmd'].flatMap((key) => asTexts(at(config, key)));
  return { hasImage: true, ...(config !== undefined && { imageHasCommand: words.length > 0 }) };
}

/** How an engine is configured, as far as that decides about a restore and it tells. */
export function engineSettings(
  machine: Machine,
  engine: TargetFacts['engine'],
  signal: AbortSignal | undefined,
): Promise<Known> {
  return engine === 'containerd' ? containerdSettings(machine, signal) : crioSettings(machine, signal);
}

/** Sources: CRI-O, crio.conf.d(5). */
async function crioSettings(machine: Machine, signal: AbortSignal | undefined): Promise<Known> {
  const text = await output(machine, ['crio', 'status', 'config'], signal);
  const level = /^\s*container_level_enabled\s*=\s*"(none|checkpoint_only|checkpoint_restore)"/m.exec(text);
  const runtime = /^\s*default_runtime\s*=\s*"(runc|crun)"/m.exec(text)?.[1];
  return {
    ...(level && { containerLevel: level[1] as NonNullable<TargetFacts['containerLevel']> }),
    ...(runtime !== undefined && { runtime }),
  };
}

/** Source: containerd, internal/cri/config/config.go; it gives its configuration with its status. */
async function containerdSettings(machine: Machine, signal: AbortSignal | undefined): Promise<Known> {
  const config = at(parse(await output(machine, crictl('info'), signal)), 'config');
  const restoreViaCreate = at(config, 'enableExperimentalRestoreViaCreate');
  const name = asText(at(config, 'containerd', 'defaultRuntimeName'));
  const runtime = name === undefined ? undefined : at(config, 'containerd', 'runtimes', name);
  // Of its shim for OCI runtimes, which is runc unless another program is named.
  const isOci = asText(at(runtime, 'runtimeType')) === 'io.containerd.runc.v2';
  const program = asText(at(runtime, 'options', 'BinaryName')) ?? '';
  const binary = program === '' ? 'runc' : (program.split('/').at(-1) ?? '');
  return {
    ...(typeof restoreViaCreate === 'boolean' && { restoreViaCreate }),
    ...(isOci && RUNTIMES.has(binary) && { runtime: binary }),
  };
}

/** What is known of the machine that would restore. */
export async function machineFacts(machine: Machine, signal: AbortSignal | undefined): Promise<Known> {
  const processor = (await output(machine, ['uname', '-m'], signal)).trim();
  const architecture = ARCHITECTURES[processor] ?? processor;
  const criuVersion = /Version: (\S+)/.exec(await output(machine, ['criu', '--version'], signal))?.[1];
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(await output(machine, ['cat', '/proc/meminfo'], signal))?.[1];
  return {
    ...(architecture !== '' && { architecture }),
    ...(await cpuFlags(machine, signal)),
    ...(criuVersion !== undefined && { criuVersion }),
    ...(kibibytes !== undefined && { memory: Number(kibibytes) * 1024 }),
  };
}

/** What the processor of the machine has. */
export async function cpuFlags(machine: Machine, signal: AbortSignal | undefined): Promise<Pick<Known, 'cpuFlags'>> {
  const line = await output(machine, ['grep', '-m', '1', '^flags', '/proc/cpuinfo'], signal);
  const flags = /^flags\s*:\s*(.+)$/m.exec(line)?.[1]?.trim().split(/\s+/);
  return flags ? { cpuFlags: flags } : {};
}

/**
 * CRIU's log of a restore that just failed, as far as anything of it is kept: CRI-O keeps it with the container; containerd
 * throws it away with the container, unless CRIU's configuration for the runtime names a file. Source: runs.
 * @param said by whom restored
 * @param before a file that was written just before: an older log is another restore's
 */
export async function criuLog(machine: Machine, said: string, before: string): Promise<string> {
  const configured = await output(machine, ['cat', '/etc/criu/runc.conf', '/etc/criu/crun.conf'], undefined, true);
  const paths = [LOG_OF_CRIO.exec(said)?.[0], /^\s*log-file[\s=]+(\/\S+)/m.exec(configured)?.[1]];
  for (const path of paths) {
    if (path === undefined) continue;
    const script = '[ "$1" -nt "$2" ] && exec tail -c 1000000 -- "$1"';
    const text = await output(machine, ['sh', '-c', script, 'sh', path, before], undefined);
    if (text !== '') return text;
  }
  return '';
}

/** What a command prints; nothing where it is not there or fails. */
async function output(
  machine: Machine,
  command: readonly string[],
  signal: AbortSignal | undefined,
  isPartGoodEnough = false,
): Promise<string> {
  const result = await machine.run(command, { signal, timeout: 30_000 }).catch(isMissing);
  return result?.code === 0 || isPartGoodEnough ? (result?.output ?? '') : '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
