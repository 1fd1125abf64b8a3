/**
 * One way to call across a boundary (page and host, host and worker): requests with ids, `{ok}` or `{err}` answers,
 * cancellation, and events. An interface whose methods return promises describes each direction.
 */

/** A failure on its way across: the class does not survive, its reason and sentence do. */
export interface WireError {
  readonly reason: string;
  readonly message: string;
  readonly template?: string;
  readonly args?: readonly (string | number)[];
  readonly where?: string;
  readonly offset?: number;
}

export type ChannelMessage =
  | { readonly type: 'request'; readonly id: number; readonly method: string; readonly args: readonly unknown[] }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'ok'; readonly id: number; readonly value: unknown }
  | { readonly type: 'err'; readonly id: number; readonly error: WireError }
  | { readonly type: 'event'; readonly name: string; readonly value: unknown };

/** What the channel needs of a MessagePort, a Worker or a webview. */
export interface Port {
  post(message: ChannelMessage, transfer?: readonly ArrayBuffer[]): void;
  /** Called once; returns how to stop listening. What is no message of the channel may be passed on: it is ignored. */
  listen(receive: (message: ChannelMessage) => void): () => void;
}

/** The caller's view of an interface: each method may be given an AbortSignal as one more argument. */
export type Remote<Api> = {
  readonly [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Result
    ? (...args: [...Args, signal?: AbortSignal]) => Promise<Awaited<Result>>
    : never;
};

/**
 * The implementer's view: the signal of the caller comes first, because behind the arguments its place would change
 * with how many of the optional ones were given.
 */
export type Handlers<Api> = {
  readonly [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Result
    ? (signal: AbortSignal, ...args: Args) => Awaited<Result> | Promise<Awaited<Result>>
    : never;
};

type Handler = (signal: AbortSignal, ...args: unknown[]) => unknown;

const handedOver = new WeakMap<Uint8Array, ArrayBuffer>();

/**
 * Marks bytes that a handler returns and will not look at again: they cross a thread's boundary without a copy.
 * They must fill their buffer, because the whole buffer goes along; others are copied first.
 */
export function handOver(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = bytes.buffer;
  const own = whole instanceof ArrayBuffer && whole.byteLength === bytes.byteLength;
  const exact =
    own && bytes.constructor === Uint8Array ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(own ? whole : bytes);
  handedOver.set(exact, exact.buffer);
  return exact;
}

export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  readonly reason: string;
  readonly template: string | undefined;
  readonly args: readonly (string | number)[];
  readonly where: string | undefined;
  readonly offset: number | undefined;

  constructor(error: WireError) {
    super(error.message);
    this.reason = error.reason;
    this.template = error.template;
    this.args = error.args ?? [];
    this.where = error.where;
    this.offset = error.offset;
  }
}

export interface Channel<Theirs, TheirEvents, MyEvents = object> {
  readonly remote: Remote<Theirs>;
  emit<Name extends keyof MyEvents & string>(name: Name, value: MyEvents[Name]): void;
  on<Name extends keyof TheirEvents & string>(name: Name, listener: (value: TheirEvents[Name]) => void): () => void;
  /** Rejects what is still under way, aborts what the other side asked for, and stops listening. */
  close(): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: RemoteError): void;
}

/**
 * Opens a channel over a port.
 * @param handlers what the other side may call.
 * @param describe turns what a handler threw into data; it must not throw.
 */
export function openChannel<Mine, MyEvents, Theirs, TheirEvents>(
  port: Port,
  handlers: Handlers<Mine>,
  describe: (error: unknown) => WireError = describeError,
): Channel<Theirs, TheirEvents, MyEvents> {
  const waiting = new Map<number, Waiting>();
  const running = new Map<number, AbortController>();
  const listeners = new Map<string, Set<(value: unknown) => void>>();
  const methods = handlers as Readonly<Record<string, Handler | undefined>>;
  // A page that is loaded anew must not take the answers to its predecessor for its own.
  let nextId = Math.floor(Math.random() * 2 ** 48);
  let closed = false;

  const stopListening = port.listen((message) => {
    if (closed || !isMessage(message)) return;
    switch (message.type) {
      case 'request':
        void answer(message.id, message.method, message.args);
        break;
      case 'cancel':
        running.get(message.id)?.abort();
        break;
      case 'ok':
        settle(message.id)?.resolve(message.value);
        break;
      case 'err':
        settle(message.id)?.reject(new RemoteError(message.error));
        break;
      case 'event':
        tell(message.name, message.value);
        break;
    }
  });

  function settle(id: number): Waiting | undefined {
    const call = waiting.get(id);
    waiting.delete(id);
    return call;
  }

  /** One listener's fault must not keep the event from the others. */
  function tell(name: string, value: unknown): void {
    const faults: unknown[] = [];
    for (const listener of [...(listeners.get(name) ?? [])]) {
      try {
        listener(value);
      } catch (error) {
        faults.push(error);
      }
    }
    if (faults.length > 0) throw faults[0];
  }

  async function answer(id: number, method: string, args: readonly unknown[]): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
      if (!handler) throw new Error(`There is no method "${method}" on this channel.`);
      const value = await handler(controller.signal, ...args);
      const buffer = value instanceof Uint8Array ? handedOver.get(value) : undefined;
      if (!closed) port.post({ type: 'ok', id, value }, buffer && [buffer]);
    } catch (error) {
      if (!closed) answerWithError(id, error);
    } finally {
      running.delete(id);
    }
  }

  function answerWithError(id: number, error: unknown): void {
    try {
      port.post({ type: 'err', id, error: describe(error) });
    } catch {
      // The port itself is gone, and with it whoever asked.
    }
  }

  function call(method: string, args: readonly unknown[]): Promise<unknown> {
    const last = args.at(-1);
    const signal = last instanceof AbortSignal ? last : undefined;
    return new Promise((resolve, reject) => {
      if (closed) return reject(closedError());
      if (signal?.aborted) return reject(cancelledError());
      const id = nextId++;
      const cancel = () => {
        settle(id)?.reject(cancelledError());
        port.post({ type: 'cancel', id });
      };
      waiting.set(id, {
        resolve: (value) => {
          signal?.removeEventListener('abort', cancel);
          resolve(value);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', cancel);
          reject(error);
        },
      });
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        port.post({ type: 'request', id, method, args: withoutEmptyEnd(signal ? args.slice(0, -1) : args) });
      } catch (error) {
        settle(id)?.reject(new RemoteError(describe(error)));
      }
    });
  }

  const remote = new Proxy({} as Remote<Theirs>, {
    // A promise would be asked for its `then`; symbols are asked for by whoever prints it.
    get: (_target, name) =>
      typeof name === 'symbol' || name === 'then' ? undefined : (...args: unknown[]) => call(name, args),
  });

  return {
    remote,
    emit: (name, value) => {
      if (!closed) port.post({ type: 'event', name, value });
    },
    on: (name, listener) => {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set);
      set.add(listener as (value: unknown) => void);
      return () => set.delete(listener as (value: unknown) => void);
    },
    close: () => {
      if (closed) return;
      closed = true;
      stopListening();
      running.forEach((controller) => controller.abort());
      const left = [...waiting.values()];
      waiting.clear();
      left.forEach((call) => call.reject(closedError()));
    },
  };
}

/** A port may carry what others post, too. */
function isMessage(message: unknown): message is ChannelMessage {
  return typeof message === 'object' && message !== null && 'type' in message;
}

/** Arguments that were not given are not sent: where messages become JSON, `undefined` would arrive as null. */
function withoutEmptyEnd(args: readonly unknown[]): readonly unknown[] {
  return args.slice(0, args.findLastIndex((value) => value !== undefined) + 1);
}

function closedError(): RemoteError {
  return new RemoteError({ reason: 'closed', message: 'The checkpoint was closed.' });
}

function cancelledError(): RemoteError {
  return new RemoteError({ reason: 'cancelled', message: 'Cancelled.' });
}

/** Data from any thrown value; a `reason` and a `sentence` are kept where the error has them. */
export function describeError(error: unknown): WireError {
  const facts = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: unknown;
    reason?: unknown;
    sentence?: { template?: unknown; args?: unknown };
    where?: unknown;
    offset?: unknown;
    template?: unknown;
    args?: unknown;
  };
  const message =
    error instanceof Error ? error.message : typeof error === 'string' ? error : 'Something unexpected happened.';
  const reason =
    typeof facts.reason === 'string' ? facts.reason : facts.name === 'AbortError' ? 'cancelled' : 'internal';
  const template = facts.sentence?.template ?? facts.template;
  const args = facts.sentence?.args ?? facts.args;
  return {
    reason,
    message,
    ...(typeof template === 'string' && { template }),
    ...(Array.isArray(args) && { args: args as (string | number)[] }),
    ...(typeof facts.where === 'string' && { where: facts.where }),
    ...(typeof facts.offset === 'number' && { offset: facts.offset }),
  };
}
