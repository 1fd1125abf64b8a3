import * as vscode from 'vscode';
import type { Pod } from '../../core/cluster/api/objects.ts';
import { PODS } from '../../core/cluster/api/resources.ts';
import { execute, type ExecSession } from '../../core/cluster/exec/exec.ts';
import { requireSameCluster } from '../../core/restore/sandbox/pod-sandbox.ts';
import type { SandboxRecord } from '../../core/restore/sandbox/sandbox.ts';
import { describeError } from '../../protocol/channel.ts';
import { words } from '../errors.ts';
import type { Clusters } from './cluster-place.ts';

/** A shell in a sandbox's pod, over the connection that the extension has: no other program is needed. */
export async function openPodShell(record: SandboxRecord, clusters: Clusters, name: string): Promise<void> {
  const { cluster } = await clusters.connect(record.context ?? '');
  requireSameCluster(record, cluster);
  const namespace = record.namespace ?? cluster.namespace;
  const { spec } = await cluster.api.read<Pod>(PODS, record.name, { namespace });
  const container = spec.containers[0]?.name ?? '';
  const giveUp = new AbortController();
  const session = await execute(
    cluster.api.transport,
    { namespace, pod: record.name, container },
    {
      command: ['sh'],
      stdin: true,
      tty: true,
      signal: giveUp.signal,
    },
  );
  vscode.window
    .createTerminal({
      name,
      pty: new PodTerminal(session, () => giveUp.abort()),
      iconPath: new vscode.ThemeIcon('vm-running'),
    })
    .show();
}

/** Carries keys to a shell in a pod, and back what it prints. */
class PodTerminal implements vscode.Pseudoterminal {
  readonly #session: ExecSession;
  readonly #giveUp: () => void;
  readonly #written = new vscode.EventEmitter<string>();
  readonly #closed = new vscode.EventEmitter<number | undefined>();
  readonly onDidWrite = this.#written.event;
  readonly onDidClose = this.#closed.event;

  constructor(session: ExecSession, giveUp: () => void) {
    this.#session = session;
    this.#giveUp = giveUp;
  }

  open(size: vscode.TerminalDimensions | undefined): void {
    if (size) this.setDimensions(size);
    void this.#carry();
  }

  close(): void {
    this.#giveUp();
    this.#written.dispose();
    this.#closed.dispose();
  }

  handleInput(keys: string): void {
    void this.#session.write(Buffer.from(keys)).catch(() => undefined);
  }

  setDimensions({ columns, rows }: vscode.TerminalDimensions): void {
    void this.#session.resize(columns, rows).catch(() => undefined);
  }

  async #carry(): Promise<void> {
    // Letters may come in two pieces.
    const decoder = new TextDecoder();
    try {
      for await (const part of this.#session.stdout as AsyncIterable<Buffer>) {
        this.#written.fire(decoder.decode(part, { stream: true }));
      }
      const code = await this.#session.exit;
      this.#closed.fire(code === 0 ? undefined : code);
    } catch (error) {
      const { reason, template, args = [], message } = describeError(error);
      if (reason === 'cancelled') return;
      this.#written.fire(`\r\n${template === undefined ? message : words({ template, args })}\r\n`);
      this.#closed.fire(1);
    }
  }
}
