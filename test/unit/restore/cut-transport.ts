import { cancelled } from '../../../src/core/bytes/cancel.ts';
import { ClusterError } from '../../../src/core/cluster/cluster-error.ts';
import type { Answer, Call, Transport } from '../../../src/core/cluster/connection/transport.ts';
import { sentence } from '../../../src/protocol/sentence.ts';

/** What goes wrong with one request. */
export const REQUEST_CUTS = [
  // The request never leaves, or its answer never comes.
  'refused',
  'answer-lost',
  'cancelled-before',
  'cancelled-after',
  // It is carried out long after everything else.
  'late',
  // From it on nothing answers any more.
  'dies',
] as const;
export type RequestCut = (typeof REQUEST_CUTS)[number];

/** A connection of which one request goes wrong. */
export class CutTransport implements Transport {
  readonly #inner: Transport;
  #cut: { readonly kind: RequestCut; left: number; readonly stop: AbortController } | undefined;
  #isDead = false;
  #late: Call | undefined;

  constructor(inner: Transport) {
    this.#inner = inner;
  }

  get peer(): Transport['peer'] {
    return this.#inner.peer;
  }

  get secrets(): Transport['secrets'] {
    return this.#inner.secrets;
  }

  cut(kind: RequestCut, after: number, stop: AbortController): void {
    this.#cut = { kind, left: after, stop };
  }

  /** @returns whether anything went wrong */
  async recover(): Promise<boolean> {
    const happened = this.#cut === undefined;
    this.#cut = undefined;
    this.#isDead = false;
    if (this.#late) (await this.#inner.send({ ...this.#late, signal: undefined })).discard();
    this.#late = undefined;
    return happened;
  }

  async send(call: Call): Promise<Answer> {
    const unreachable = (): ClusterError => new ClusterError('unreachable', sentence('Nothing answers.'));
    if (this.#isDead) throw unreachable();
    const cut = this.#cut && this.#cut.left-- === 0 ? this.#cut : undefined;
    if (!cut) return this.#inner.send(call);
    this.#cut = undefined;
    switch (cut.kind) {
      case 'dies':
        this.#isDead = true;
        throw unreachable();
      case 'refused':
        throw unreachable();
      case 'late':
        this.#late = call;
        throw unreachable();
      case 'cancelled-before':
        cut.stop.abort();
        if (call.signal) throw cancelled();
        return this.#inner.send(call);
      case 'answer-lost':
        (await this.#inner.send(call)).discard();
        throw unreachable();
      case 'cancelled-after': {
        const answer = await this.#inner.send(call);
        cut.stop.abort();
        return answer;
      }
    }
  }

  upgrade(...words: Parameters<Transport['upgrade']>): ReturnType<Transport['upgrade']> {
    return this.#inner.upgrade(...words);
  }

  close(): void {
    this.#inner.close();
  }
}
