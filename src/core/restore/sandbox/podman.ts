import { say, sentence } from '../../../protocol/sentence.ts';
import { asNumber, asText, at } from '../../checkpoint/json.ts';
import { CheckpointError, isCancelled } from '../../errors.ts';
import type { RestoreChoices, TargetFacts } from '../compatibility/target-facts.ts';
import { IMAGE_NAME } from '../registry/reference.ts';
import { archiveBytes, isMissing, writeTo } from './archive-copy.ts';
import { lastLines, type Machine } from './command.ts';
import { cpuFlags } from './cri-place.ts';
import { newId, sandboxName, type SandboxJournal } from './journal.ts';
import type { Plan, RunOptions, Sandbox, SandboxRecord, SandboxState, Step, Subject, Thing } from './sandbox.ts';
import { requireSameArchive } from './subject.ts';
import { takeAway } from './take-away.ts';
import { findCauses, RestoreFailed } from './why-it-failed.ts';

export interface PodmanOptions {
  readonly machine: Machine;
  readonly journal: SandboxJournal;
  /** `nowhere`: a network namespace of its own with nothing but loopback; `as-it-was`: what the archive asks for. */
  readonly network?: 'nowhere' | 'as-it-was';
}

const RUNTIMES: ReadonlySet<string> = new Set(['runc', 'crun']);
/** As Podman takes them; anything else could be an option. */
const VOLUME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
/** Brings loopback up in a new network namespace and becomes the command. Arguments are not looked at by the shell. */
const NOWHERE = ['unshare', '--net', '--', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
const HOLDING_AREA = '/var/tmp';
/** Source: podman, pkg/checkpoint/checkpoint_restore.go. */
const ANOTHERS_VOLUME = /volume with name .* already exists/;

interface PodmanPlan extends Plan {
  readonly name: string;
  readonly volumes: readonly string[];
  /** The archive's copy on the other machine, where this machine's files are not there. */
  readonly copy: string | undefined;
  readonly restore: readonly string[];
}

/** Restores archives of Podman's with Podman, on this machine or one that a command prefix leads to. */
export class PodmanSandbox implements Sandbox {
  readonly kind = 'podman';
  readonly #machine: Machine;
  readonly #journal: SandboxJournal;
  readonly #network: 'nowhere' | 'as-it-was';

  constructor({ machine, journal, network = 'nowhere' }: PodmanOptions) {
    this.#machine = machine;
    this.#journal = journal;
    this.#network = network;
  }

  async detect({ facts }: Subject, signal?: AbortSignal): Promise<TargetFacts> {
    const info = parse(await this.#machine.expect(['podman', 'info', '--format', 'json'], { signal, timeout: 60_000 }));
    const criu = await this.#machine.run(['criu', '--version'], { signal, timeout: 30_000 }).catch(isMissing);
    const criuVersion = /Version: (\S+)/.exec(criu?.output ?? '')?.[1];
    const runtime = await this.#runtime(facts.runtime, asText(at(info, 'host', 'ociRuntime', 'name')), signal);
    const image = facts.image?.name;
    const hasImage =
      image === undefined || !IMAGE_NAME.test(image)
        ? undefined
        : await this.#machine.succeeds(['podman', 'image', 'exists', '--', image], signal);
    const takenVolumes: string[] = [];
    for (const volume of volumesOf(facts)) {
      if (await this.#machine.succeeds(['podman', 'volume', 'exists', volume], signal)) takenVolumes.push(volume);
    }
    const security = at(info, 'host', 'security');
    const lsms = ['apparmor', 'selinux'].filter((name) => at(security, `${name}Enabled`) === true);
    const version = asText(at(info, 'version', 'Version'));
    const architecture = asText(at(info, 'host', 'arch'));
    const memory = asNumber(at(info, 'host', 'memFree'));
    return {
      kind: 'podman',
      engine: 'podman',
      ...(version !== undefined && { engineVersion: version }),
      ...(runtime !== undefined && { runtime }),
      ...(criuVersion !== undefined && { criuVersion }),
      ...(architecture !== undefined && { architecture }),
      ...(await cpuFlags(this.#machine, signal)),
      ...(memory !== undefined && { memory: await this.#availableMemory(memory, signal) }),
      ...(hasImage !== undefined && { hasImage }),
      lsms,
      isRoot: at(security, 'rootless') !== true,
      takenVolumes,
    };
  }

  /** The archive's runtime where the machine has it, else Podman's own. */
  async #runtime(
    wanted: string | undefined,
    own: string | undefined,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    if (wanted === undefined || wanted === own || !RUNTIMES.has(wanted)) return own;
    return (await this.#machine.succeeds([wanted, '--version'], signal)) ? wanted : own;
  }

  /** What Linux could give, which is more than what is free. */
  async #availableMemory(free: number, signal?: AbortSignal): Promise<number> {
    const info = await this.#machine.run(['cat', '/proc/meminfo'], { signal, timeout: 30_000 }).catch(isMissing);
    const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(info?.output ?? '')?.[1];
    return kibibytes === undefined ? free : Math.max(free, Number(kibibytes) * 1024);
  }

  plan(subject: Subject, target: TargetFacts, choices: RestoreChoices): PodmanPlan {
    const { facts, path } = subject;
    const id = newId();
    const name = sandboxName(facts.containerName, id);
    const volumes = volumesOf(facts);
    const odd = facts.mounts.find(({ volume }) => volume !== undefined && !VOLUME.test(volume));
    if (odd) {
      throw new CheckpointError('unsupported', sentence('{0} cannot be the name of a volume.', odd.volume ?? ''));
    }
    const isHere = this.#machine.sharesFiles && path !== undefined;
    const copy = isHere ? undefined : `${HOLDING_AREA}/${name}.tar`;
    const restore = [
      ...(this.#network === 'nowhere' ? NOWHERE : []),
      'podman',
      ...(target.runtime !== undefined && RUNTIMES.has(target.runtime) ? ['--runtime', target.runtime] : []),
      'container',
      'restore',
      '--import',
      copy ?? path ?? '',
      '--name',
      name,
      '--keep',
      '--ignore-static-ip',
      '--ignore-static-mac',
      ...(facts.connections.length > 0 && choices.tcp !== undefined ? [`--tcp-${choices.tcp}`] : []),
      ...(facts.hasFileLocks ? ['--file-locks'] : []),
    ];
    const steps: Step[] = [];
    if (copy !== undefined) {
      steps.push({ what: sentence('Bring the archive to the machine.'), command: this.#machine.words(writeTo(copy)) });
    }
    steps.push({ what: sentence('Restore it as the container {0}.', name), command: this.#machine.words(restore) });
    if (copy !== undefined) {
      steps.push({
        what: sentence('Remove the copy of the archive.'),
        command: this.#machine.words(['rm', '-f', '--', copy]),
      });
    }
    return { kind: 'podman', id, steps, name, volumes, copy, restore };
  }

  async run(plan: Plan, subject: Subject, { signal, onProgress }: RunOptions = {}): Promise<SandboxRecord> {
    const { id, name, volumes, copy, restore } = plan as PodmanPlan;
    const things: readonly Thing[] = [
      ...volumes.map((volume) => ({ kind: 'volume' as const, name: volume })),
      ...(copy === undefined ? [] : [{ kind: 'file' as const, name: copy }]),
    ];
    const record: SandboxRecord = {
      id,
      kind: 'podman',
      name,
      locator: subject.locator,
      created: new Date().toISOString(),
      prefix: this.#machine.prefix,
      things,
    };
    await requireSameArchive(subject);
    // Looked at again: what appeared since the plan was made is not ours to remove.
    for (const volume of volumes) {
      if (await this.#machine.succeeds(['podman', 'volume', 'exists', volume], signal)) {
        throw new CheckpointError(
          'exists',
          sentence('A volume {0} is there already, and Podman does not restore into it.', volume),
        );
      }
    }
    await this.#journal.put(record);
    let made = record;
    try {
      if (copy !== undefined) {
        onProgress?.(sentence('Bringing the archive to the machine'));
        await this.#machine.expect(writeTo(copy), { signal, isMaking: true, input: archiveBytes(subject, signal) });
      }
      onProgress?.(sentence('Restoring'));
      const { code, output, complaint } = await this.#machine.run(restore, { signal, isMaking: true });
      if (code !== 0) {
        // Podman looks for them before it makes any: one that appeared meanwhile is not ours.
        if (ANOTHERS_VOLUME.test(complaint))
          made = { ...record, things: things.filter(({ kind }) => kind !== 'volume') };
        throw await this.#failed(name, `${complaint}\n${output}`);
      }
      if (copy === undefined) return record;
      // One that stays goes with the sandbox.
      if ((await this.#machine.run(['rm', '-f', '--', copy])).code !== 0) return record;
      const left: SandboxRecord = { ...record, things: things.filter(({ kind }) => kind !== 'file') };
      await this.#journal.put(left);
      return left;
    } catch (error) {
      await takeAway(this, made, this.#journal, error);
      throw error;
    }
  }

  async state({ name }: SandboxRecord, signal?: AbortSignal): Promise<SandboxState> {
    const { code, output, complaint } = await this.#machine.run(
      ['podman', 'container', 'inspect', '--format', '{{.State.Status}}', name],
      { signal, timeout: 30_000 },
    );
    if (code !== 0) return /no such container/i.test(complaint) ? 'gone' : 'unknown';
    return output.trim() === 'running' ? 'running' : 'ended';
  }

  async logs({ name }: SandboxRecord, signal?: AbortSignal): Promise<string> {
    const { output, complaint } = await this.#machine.run(['podman', 'logs', '--tail', '200', name], {
      signal,
      timeout: 30_000,
    });
    return output + complaint;
  }

  async remove({ id, name, things }: SandboxRecord, signal?: AbortSignal): Promise<void> {
    const failures: string[] = [];
    const take = async (command: readonly string[], isGone: RegExp): Promise<void> => {
      const { code, complaint } = await this.#machine.run(command, { signal, timeout: 120_000 });
      if (code !== 0 && !isGone.test(complaint)) failures.push(lastLines(complaint, 2));
    };
    await take(['podman', 'rm', '--force', '--time', '0', name], /no such container|no container with name/i);
    for (const thing of things) {
      if (thing.kind === 'volume') await take(['podman', 'volume', 'rm', thing.name], /no such volume/i);
      if (thing.kind === 'file') await take(['rm', '-f', '--', thing.name], /No such file/);
    }
    if (failures.length > 0) {
      throw new CheckpointError(
        'unavailable',
        sentence('Not everything of {0} could be removed: {1}', name, failures.join(' ')),
      );
    }
    await this.#journal.remove(id);
  }

  /** With CRIU's own log, which Podman keeps when it is told to. */
  async #failed(name: string, said: string): Promise<RestoreFailed> {
    const log = await this.#criuLog(name, said);
    const causes = findCauses(log, said);
    const [first] = causes;
    const text = first?.meaning
      ? sentence('Podman could not restore it: {0}', say(first.meaning))
      : sentence('Podman could not restore it: {0}', first?.line ?? lastLines(said, 2));
    return new RestoreFailed(text, causes, [said.trim(), log].filter((part) => part !== '').join('\n\n'));
  }

  async #criuLog(name: string, said: string): Promise<string> {
    try {
      const named = /(\/\S*\/userdata\/restore\.log)/.exec(said)?.[1];
      const folder = await this.#machine.run(['podman', 'container', 'inspect', '--format', '{{.StaticDir}}', name], {
        timeout: 30_000,
      });
      const paths = [named, folder.code === 0 ? `${folder.output.trim()}/restore.log` : undefined];
      for (const path of paths) {
        if (path?.startsWith('/') !== true) continue;
        const { code, output } = await this.#machine.run(['tail', '-c', '1000000', '--', path], { timeout: 30_000 });
        if (code === 0) return output;
      }
    } catch (error) {
      if (isCancelled(error)) throw error;
    }
    return '';
  }
}

function volumesOf({ mounts }: Subject['facts']): readonly string[] {
  return mounts.flatMap(({ volume }) => (volume !== undefined && VOLUME.test(volume) ? [volume] : []));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new CheckpointError('unavailable', sentence('Podman does not say what it is in a form that is known.'));
  }
}
