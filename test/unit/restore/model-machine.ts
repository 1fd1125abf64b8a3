import { cancelled, throwIfCancelled } from '../../../src/core/bytes/cancel.ts';
import { CheckpointError } from '../../../src/core/errors.ts';
import {
  EndedHalfWay,
  Machine,
  type CommandOptions,
  type CommandResult,
} from '../../../src/core/restore/sandbox/command.ts';
import { sentence } from '../../../src/protocol/sentence.ts';

/** What goes wrong with one command. */
export const CUTS = [
  // It says that it failed, and did nothing.
  'fails',
  // It says that it failed, but did what it is for.
  'fails-late',
  // The person cancels before, or while it works.
  'cancelled-before',
  'cancelled-after',
  // It was ended here, and goes on there: what it makes comes after everything else.
  'half-way',
  // From it on nothing answers any more, as when this program dies or the machine cannot be reached.
  'dies',
] as const;
export type Cut = (typeof CUTS)[number];

/**
 * A machine in memory with as much of Podman, crictl and the usual tools as sandboxes need: it knows everything that was
 * made on it and is still there, and every command that it was given.
 */
export class ModelMachine extends Machine {
  readonly files = new Set<string>();
  readonly containers = new Set<string>();
  readonly volumes = new Set<string>();
  readonly pods = new Map<string, string>();
  readonly commands: (readonly string[])[] = [];
  /** What was written, by its path. */
  readonly contents = new Map<string, string>();
  /** Volumes that a restore brings. */
  broughtVolumes: readonly string[] = [];
  #cut: { readonly kind: Cut; left: number; readonly stop: AbortController } | undefined;
  #isDead = false;
  #late: (() => unknown) | undefined;
  #ids = 0;

  /** The command after so many others goes wrong. */
  cut(kind: Cut, after: number, stop: AbortController): void {
    this.#cut = { kind, left: after, stop };
  }

  /** Nothing goes wrong any more, and what went on unseen has come to its end. @returns whether anything went wrong */
  recover(): boolean {
    const happened = this.#cut === undefined;
    this.#cut = undefined;
    this.#isDead = false;
    this.#late?.();
    this.#late = undefined;
    return happened;
  }

  everything(): readonly string[] {
    return [...this.files, ...this.containers, ...this.volumes, ...this.pods.keys()];
  }

  override async run(command: readonly string[], { signal, input }: CommandOptions = {}): Promise<CommandResult> {
    const dead = (): CheckpointError => new CheckpointError('unavailable', sentence('Nothing answers.'));
    if (this.#isDead) throw dead();
    throwIfCancelled(signal);
    const cut = this.#cut && this.#cut.left-- === 0 ? this.#cut : undefined;
    if (cut) this.#cut = undefined;
    this.commands.push(command);
    let text = '';
    const work = (): CommandResult => this.#do(command, text);
    switch (cut?.kind) {
      case 'fails':
        return { code: 1, output: '', complaint: 'Error: cut' };
      case 'dies':
        this.#isDead = true;
        throw dead();
      case 'cancelled-before':
        cut.stop.abort();
        throw cancelled();
      case 'half-way':
        cut.stop.abort();
        this.#late = work;
        throw new EndedHalfWay('cancelled', sentence('It was ended half way.'));
      case undefined:
      case 'fails-late':
      case 'cancelled-after':
    }
    for await (const bytes of input ?? []) text += Buffer.from(bytes).toString('utf8');
    const result = work();
    if (cut?.kind === 'fails-late') return { code: 1, output: '', complaint: 'Error: cut' };
    if (cut) cut.stop.abort();
    throwIfCancelled(signal);
    return result;
  }

  #do(command: readonly string[], input: string): CommandResult {
    const words = command[0] === 'unshare' ? command.slice(command.indexOf('podman')) : command;
    const last = words.at(-1) ?? '';
    const ok = (output = ''): CommandResult => ({ code: 0, output, complaint: '' });
    const no = (complaint: string): CommandResult => ({ code: 1, output: '', complaint });
    switch (words[0]) {
      case 'mkdir':
      case 'touch':
        this.files.add(last);
        return ok();
      case 'sh':
        if (!words[2]?.includes('dd of=')) return no('');
        this.files.add(last);
        this.contents.set(last, input);
        return ok();
      case 'rm':
        for (const file of this.files) if (file === last || file.startsWith(`${last}/`)) this.files.delete(file);
        return ok();
      case 'crictl':
        return this.#crictl(words.slice(3), ok);
      case 'podman':
        return this.#podman(words.slice(1), ok, no);
      default:
        return no('');
    }
  }

  #crictl(words: readonly string[], ok: (output?: string) => CommandResult): CommandResult {
    const id = (): string => (++this.#ids).toString(16).padStart(64, '0');
    switch (words[0]) {
      case 'version':
        return ok('RuntimeName:  cri-o\nRuntimeVersion:  1.37.0\n');
      case 'runp': {
        const pod = id();
        const { labels } = JSON.parse(this.contents.get(words[1] ?? '') ?? '{}') as { labels: object };
        this.pods.set(pod, Object.entries(labels).flat().join('='));
        return ok(`${pod}\n`);
      }
      case 'pods':
        return ok([...this.pods].flatMap(([pod, label]) => (label === words[2] ? pod : [])).join('\n'));
      case 'rmp':
        this.pods.delete(words[2] ?? '');
        return ok();
      default:
        return ok(`${id()}\n`);
    }
  }

  #podman(
    words: readonly string[],
    ok: (output?: string) => CommandResult,
    no: (complaint: string) => CommandResult,
  ): CommandResult {
    const last = words.at(-1) ?? '';
    if (words[0] === 'info') return ok('{"host": {"arch": "amd64"}}');
    const at = words.indexOf('restore');
    if (at > 0) {
      const taken = this.broughtVolumes.find((volume) => this.volumes.has(volume));
      if (taken !== undefined) return no(`Error: volume with name ${taken} already exists. Use --ignore-volumes`);
      this.containers.add(words[words.indexOf('--name') + 1] ?? '');
      for (const volume of this.broughtVolumes) this.volumes.add(volume);
      return ok();
    }
    if (words[0] === 'rm') return this.containers.delete(last) ? ok() : no('Error: no such container');
    if (words[0] === 'volume' && words[1] === 'exists') return this.volumes.has(last) ? ok() : no('');
    if (words[0] === 'volume') return this.volumes.delete(last) ? ok() : no('Error: no such volume');
    return no('');
  }
}
