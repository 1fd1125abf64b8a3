import { say, sentence } from '../../../protocol/sentence.ts';
import { asText, at } from '../../checkpoint/json.ts';
import { CheckpointError } from '../../errors.ts';
import type { RestoreChoices, TargetFacts } from '../compatibility/target-facts.ts';
import { archiveBytes, writeTo } from './archive-copy.ts';
import { lastLines, type Machine } from './command.ts';
import { crictl, criuLog, engineSettings, imageFacts, machineFacts, removePod } from './cri-place.ts';
import { containerConfig, podConfig, standIns, type CriWishes } from './cri-configs.ts';
import { printed } from './pod-manifests.ts';
import { newId, sandboxName, type SandboxJournal } from './journal.ts';
import type { Plan, RunOptions, Sandbox, SandboxRecord, SandboxState, Step, Subject, Thing } from './sandbox.ts';
import { requireSameArchive } from './subject.ts';
import { takeAway } from './take-away.ts';
import { findCauses, RestoreFailed } from './why-it-failed.ts';

export interface CrioOptions {
  readonly machine: Machine;
  readonly journal: SandboxJournal;
}

/** Where sandboxes keep what they need on the machine. */
const HOLDING_AREA = '/var/tmp';
/** What CRI ids look like: they come back as words of commands. */
const ID = /^[0-9a-f]{64}$/;

/** As people write them. */
const NAMES = { 'cri-o': 'CRI-O', containerd: 'containerd', podman: 'Podman' } as const;

interface CrioPlan extends Plan {
  readonly engine: string;
  readonly wishes: CriWishes;
  readonly copy: string | undefined;
  readonly files: readonly { readonly path: string; readonly content: string }[];
}

/** Restores archives of CRI-O's and containerd's through crictl, on this machine or one that a command prefix leads to. */
export class CrioSandbox implements Sandbox {
  readonly kind = 'crio';
  readonly #machine: Machine;
  readonly #journal: SandboxJournal;

  constructor({ machine, journal }: CrioOptions) {
    this.#machine = machine;
    this.#journal = journal;
  }

  async detect({ facts }: Subject, signal?: AbortSignal): Promise<TargetFacts> {
    const text = await this.#machine.expect(crictl('version'), { signal, timeout: 30_000 });
    const name = /^RuntimeName:\s*(\S+)/m.exec(text)?.[1];
    const version = /^RuntimeVersion:\s*(\S+)/m.exec(text)?.[1];
    const engine = name === 'cri-o' || name === 'containerd' ? name : undefined;
    return {
      kind: 'crio',
      ...(engine && { engine }),
      ...(version !== undefined && { engineVersion: version }),
      ...(await engineSettings(this.#machine, engine, signal)),
      ...(engine === 'cri-o' && (await imageFacts(this.#machine, facts.image?.id, signal))),
      ...(await machineFacts(this.#machine, signal)),
    };
  }

  plan({ facts, path }: Subject, { engine = 'cri-o' }: TargetFacts, _choices: RestoreChoices): CrioPlan {
    const id = newId();
    const name = sandboxName(facts.containerName, id);
    const folder = `${HOLDING_AREA}/${name}`;
    const copy = this.#machine.sharesFiles && path !== undefined ? undefined : `${folder}/archive.tar`;
    const wishes: CriWishes = { id, name, folder, image: copy ?? path ?? '' };
    const files = [
      { path: `${folder}/pod.json`, content: printed(podConfig(facts, wishes)) },
      { path: `${folder}/container.json`, content: printed(containerConfig(facts, wishes)) },
    ];
    const step = (what: Step['what'], command: readonly string[], manifest?: string): Step => ({
      what,
      command: this.#machine.words(command),
      ...(manifest !== undefined && { manifest }),
    });
    const steps: Step[] = [
      step(sentence('Make a folder for what the sandbox needs.'), makeFolder(folder)),
      ...standIns(facts, folder).map((one) =>
        step(sentence('Make something empty that stands for {0}.', one.containerPath), makeStandIn(one)),
      ),
      ...(copy === undefined ? [] : [step(sentence('Bring the archive to the machine.'), writeTo(copy))]),
      ...files.map((file) => step(sentence('Write {0}.', file.path), writeTo(file.path), file.content)),
      step(sentence('Make the pod {0}.', name), makePod(folder)),
      step(sentence('Restore the archive into it.'), createContainer('POD', folder)),
      step(sentence('Start it.'), startContainer('CONTAINER')),
    ];
    return { kind: 'crio', id, steps, engine: NAMES[engine], wishes, copy, files };
  }

  async run(plan: Plan, subject: Subject, { signal, onProgress }: RunOptions = {}): Promise<SandboxRecord> {
    const { wishes, copy, files } = plan as CrioPlan;
    const { folder, name, id } = wishes;
    const folderOnly: SandboxRecord = {
      id,
      kind: 'crio',
      name,
      locator: subject.locator,
      created: new Date().toISOString(),
      prefix: this.#machine.prefix,
      things: [{ kind: 'folder', name: folder }],
    };
    await requireSameArchive(subject);
    await this.#journal.put(folderOnly);
    try {
      const making = { signal, isMaking: true };
      await this.#machine.expect(makeFolder(folder), making);
      for (const one of standIns(subject.facts, folder)) await this.#machine.expect(makeStandIn(one), making);
      if (copy !== undefined) {
        onProgress?.(sentence('Bringing the archive to the machine'));
        await this.#machine.expect(writeTo(copy), { ...making, input: archiveBytes(subject, signal) });
      }
      for (const { path, content } of files) {
        await this.#machine.expect(writeTo(path), { ...making, input: [Buffer.from(content)] });
      }
      onProgress?.(sentence('Restoring'));
      await this.#make(makePod(folder), plan as CrioPlan, signal);
      const pod = await this.#podOf(folderOnly, signal);
      const container = await this.#make(createContainer(pod ?? '', folder), plan as CrioPlan, signal);
      await this.#make(startContainer(container), plan as CrioPlan, signal);
      return folderOnly;
    } catch (error) {
      await takeAway(this, folderOnly, this.#journal, error);
      throw error;
    }
  }

  async state(record: SandboxRecord, signal?: AbortSignal): Promise<SandboxState> {
    const pod = await this.#podOf(record, signal);
    if (pod === undefined) return 'gone';
    const all = await this.#machine.expect(crictl('ps', '--all', '--pod', pod, '--output', 'json'), { signal });
    const containers = at(parse(all), 'containers');
    const state = Array.isArray(containers) ? asText(at(containers[0], 'state')) : undefined;
    if (state === 'CONTAINER_RUNNING') return 'running';
    return state === undefined ? 'unknown' : 'ended';
  }

  async logs(record: SandboxRecord, signal?: AbortSignal): Promise<string> {
    const folder = record.things.find(({ kind }) => kind === 'folder')?.name ?? '';
    const pod = await this.#podOf(record, signal);
    const [container = ''] = pod === undefined ? [] : await this.#containersOf(pod, ['--all'], signal);
    // CRI-O calls the log of what it restores by the container's id, whatever it was told.
    const script = '[ -e "$1" ] || [ ! -e "$2" ] || shift; exec tail -n 200 -- "$1"';
    const command = ['sh', '-c', script, 'sh', `${folder}/restored.log`, `${folder}/${container}.log`];
    return this.#machine.expect(command, { signal, timeout: 30_000 });
  }

  async remove(record: SandboxRecord, signal?: AbortSignal): Promise<void> {
    const failures: string[] = [];
    const pod = await this.#podOf(record, signal);
    if (pod !== undefined) {
      await this.#kill(pod, signal);
      const { code, complaint } = await this.#machine.run(removePod(pod), { signal, timeout: 120_000 });
      if (code !== 0) failures.push(lastLines(complaint, 2));
    }
    for (const thing of record.things) {
      if (!isOwnFolder(thing)) continue;
      const { code, complaint } = await this.#machine.run(['rm', '-rf', '--', thing.name], {
        signal,
        timeout: 120_000,
      });
      if (code !== 0) failures.push(lastLines(complaint, 2));
    }
    if (failures.length > 0) {
      throw new CheckpointError(
        'unavailable',
        sentence('Not everything of {0} could be removed: {1}', record.name, failures.join(' ')),
      );
    }
    await this.#journal.remove(record.id);
  }

  /** Ends what runs in a pod at once: nothing of it is kept. What cannot be ended shows when the pod is removed. */
  async #kill(pod: string, signal: AbortSignal | undefined): Promise<void> {
    const containers = await this.#containersOf(pod, [], signal);
    if (containers.length === 0) return;
    await this.#machine.run(crictl('stop', '--timeout', '0', ...containers), { signal, timeout: 120_000 });
  }

  async #containersOf(
    pod: string,
    which: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<readonly string[]> {
    const command = crictl('ps', ...which, '--pod', pod, '--quiet');
    const { output } = await this.#machine.run(command, { signal, timeout: 30_000 });
    return output.split('\n').filter((line) => ID.test(line));
  }

  /** Found by its label, so that also a pod is found whose id nobody had the time to write down. */
  async #podOf({ id }: SandboxRecord, signal?: AbortSignal): Promise<string | undefined> {
    const command = crictl('pods', '--label', `checkpoint-explorer/sandbox=${id}`, '--quiet');
    const output = await this.#machine.expect(command, { signal, timeout: 30_000 });
    return output.split('\n').find((line) => ID.test(line));
  }

  /** @returns the id that crictl prints. @throws RestoreFailed */
  async #make(
    command: readonly string[],
    { engine, wishes: { folder } }: CrioPlan,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const { code, output, complaint } = await this.#machine.run(command, { signal, isMaking: true });
    const id = output.trim().split('\n').at(-1) ?? '';
    if (code === 0 && ID.test(id)) return id;
    const said = `${complaint}\n${output}`.trim();
    const log = await criuLog(this.#machine, said, `${folder}/container.json`);
    const causes = findCauses(log, said);
    const why = causes[0]?.meaning ? say(causes[0].meaning) : (causes[0]?.line ?? lastLines(said, 2));
    const text = sentence('{0} could not restore it: {1}', engine, why);
    throw new RestoreFailed(text, causes, [said, log].filter((part) => part !== '').join('\n\n'));
  }
}

function makeFolder(folder: string): readonly string[] {
  return ['mkdir', '-m', '700', '--', folder];
}

function makeStandIn({ hostPath, isFile }: { readonly hostPath: string; readonly isFile: boolean }): readonly string[] {
  return isFile ? ['touch', '--', hostPath] : ['mkdir', '-m', '777', '--', hostPath];
}

function makePod(folder: string): readonly string[] {
  return crictl('runp', `${folder}/pod.json`);
}

function createContainer(pod: string, folder: string): readonly string[] {
  return crictl('create', pod, `${folder}/container.json`, `${folder}/pod.json`);
}

function startContainer(container: string): readonly string[] {
  return crictl('start', container);
}

/** What is removed with all that is in it must be what was made here. */
function isOwnFolder({ kind, name }: Thing): boolean {
  return kind === 'folder' && /^\/var\/tmp\/checkpoint-[a-z0-9-]+$/.test(name);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
