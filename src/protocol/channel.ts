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
  post(message: ChannelMessage, transfer?: readonly ArrayBufferLike[]): void;
  /** Called once; returns how to stop listening. */
  listen(receive: (message: ChannelMessage) => void): () => void;
}

type Method = (...args: never[]) => unknown;

/** The caller's view of an interface: each method may be given an AbortSignal as one more argument. */
export type Remote<Api> = {
  [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Result
    ? (...args: [...DropSignal<Args>, signal?: AbortSignal]) => Promise<Awaited<Result>>
    : never;
};

/** The implementer's view: the last argument is always an AbortSignal. */
export type Handlers<Api> = {
  [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Result
    ? (...args: [...DropSignal<Args>, signal: AbortSignal]) => Result | Promise<Awaited<Result>>
    : never;
};

type DropSignal<Args extends unknown[]> = Args extends [...infer Rest, AbortSignal?]
  ? Rest extends unknown[]
    ? Rest
    : Args
  : Args;

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

export interface Channel<Theirs, TheirEvents> {
  readonly remote: Remote<Theirs>;
  emit(name: string, value: unknown): void;
  on<Name extends keyof TheirEvents & string>(name: Name, listener: (value: TheirEvents[Name]) => void): () => void;
  /** Rejects what is still under way and stops listening. */
  close(): void;
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
): Channel<Theirs, TheirEvents> & { emit<Name extends keyof MyEvents & string>(name: Name, value: MyEvents[Name]): void } {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  const running = new Map<number, AbortController>();
  const listeners = new Map<string, Set<(value: unknown) => void>>();
  const methods = handlers as Record<string, Method | undefined>;
  let nextId = 1;
  let closed = false;

  const stopListening = port.listen((message) => {
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
        listeners.get(message.name)?.forEach((listener) => listener(message.value));
        break;
    }
  });

  function settle(id: number) {
    const call = waiting.get(id);
    waiting.delete(id);
    return call;
  }

  async function answer(id: number, method: string, args: readonly unknown[]): Promise<void> {
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
      if (!handler) throw new Error(`There is no method "${method}" on this channel.`);
      const value: unknown = await handler(...([...args, controller.signal] as never[]));
      if (!closed) port.post({ type: 'ok', id, value });
    } catch (error) {
      if (!closed) port.post({ type: 'err', id, error: describe(error) });
    } finally {
      running.delete(id);
    }
  }

  function call(method: string, args: unknown[]): Promise<unknown> {
    const last = args.at(-1);
    const signal = last instanceof AbortSignal ? last : undefined;
    const sent = last === undefined || signal ? args.slice(0, -1) : args;
    return new Promise((resolve, reject) => {
      if (closed) return reject(closedError());
      if (signal?.aborted) return reject(cancelledError());
      const id = nextId++;
      const cancel = () => {
        port.post({ type: 'cancel', id });
        settle(id)?.reject(cancelledError());
      };
      waiting.set(id, {
        resolve: (value) => {
          signal?.removeEventListener('abort', cancel);
          resolve(value);
        },
        reject: (error) => {
          signal?.removeEventListener('abort', cancel);
          reject(error as Error);
        },
      });
      signal?.addEventListener('abort', cancel, { once: true });
      port.post({ type: 'request', id, method, args: sent });
    });
  }

  const remote = new Proxy({} as Remote<Theirs>, {
    get: (_target, name) => (name === 'then' ? undefined : (...args: unknown[]) => call(String(name), args)),
  });

  return {
    remote,
    emit: (name: string, value: unknown) => {
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
      waiting.forEach((pending) => pending.reject(closedError()));
      waiting.clear();
    },
  };
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
  const message = error instanceof Error ? error.message : String(error);
  const reason = typeof facts.reason === 'string' ? facts.reason : facts.name === 'AbortError' ? 'cancelled' : 'internal';
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
