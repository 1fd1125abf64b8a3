import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { CheckpointError } from '../../../src/core/errors.ts';
import {
  describeError,
  handOver,
  openChannel,
  RemoteError,
  type Channel,
  type ChannelMessage,
  type Handlers,
  type Port,
} from '../../../src/protocol/channel.ts';
import { sentence } from '../../../src/protocol/sentence.ts';

interface Api {
  add(a: number, b?: number): Promise<number>;
  echo(value: unknown): Promise<unknown>;
  wait(): Promise<string>;
  bytes(length: number): Promise<Uint8Array>;
  fail(): Promise<never>;
}

interface Events {
  grew: { readonly by: number };
}

/** Two ends in one thread. `json`: messages cross as a webview's do. */
function pair(
  handlers: Partial<Handlers<Api>>,
  json = false,
): { caller: Channel<Api, Events>; served: Channel<object, object, Events> } {
  const sides: ((message: ChannelMessage) => void)[] = [];
  const port = (own: number): Port => ({
    post: (message) => {
      const copy = (json ? JSON.parse(JSON.stringify(message)) : structuredClone(message)) as ChannelMessage;
      setImmediate(() => sides[1 - own]?.(copy));
    },
    listen: (receive) => {
      sides[own] = receive;
      return () => {
        sides[own] = () => undefined;
      };
    },
  });
  return {
    served: openChannel<Api, Events, object, object>(port(1), handlers as Handlers<Api>),
    caller: openChannel<object, object, Api, Events>(port(0), {}),
  };
}

/** Each message takes one turn of the event loop, however busy the machine is. */
const later = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test('a call returns what the handler returns, also at once', async () => {
  const { caller } = pair({ add: (_signal, a, b) => a + (b ?? 10), echo: (_signal, value) => Promise.resolve(value) });
  assert.equal(await caller.remote.add(1, 2), 3);
  assert.equal(await caller.remote.echo('text'), 'text');
});

for (const json of [false, true]) {
  test(`an argument that is left out is undefined, whether a signal follows or not (${json ? 'JSON' : 'clone'})`, async () => {
    const seen: unknown[][] = [];
    const { caller } = pair(
      { add: (signal, ...args) => (seen.push([signal instanceof AbortSignal, ...args]), 0) },
      json,
    );
    const { signal } = new AbortController();
    await caller.remote.add(1);
    await caller.remote.add(1, undefined);
    await caller.remote.add(1, undefined, signal);
    await caller.remote.add(1, undefined, undefined);
    await caller.remote.add(1, 2, signal);
    assert.deepEqual(seen, [
      [true, 1],
      [true, 1],
      [true, 1],
      [true, 1],
      [true, 1, 2],
    ]);
  });
}

test('a last argument of undefined, null, false or 0 arrives as it is', async () => {
  const { caller } = pair({ echo: (_signal, value) => value });
  for (const value of [undefined, null, false, 0, '']) assert.equal(await caller.remote.echo(value), value);
});

test('aborting rejects the caller at once and aborts the handler', async () => {
  let inner: AbortSignal | undefined;
  const { caller } = pair({
    wait: (signal) => {
      inner = signal;
      return new Promise(() => undefined);
    },
  });
  const controller = new AbortController();
  const call = caller.remote.wait(controller.signal);
  await later();
  controller.abort();
  await assert.rejects(call, { reason: 'cancelled' });
  await later();
  assert.equal(inner?.aborted, true);
  await assert.rejects(caller.remote.wait(controller.signal), { reason: 'cancelled' });
});

test('an answer that comes after the call was cancelled is dropped', async () => {
  let finish: (value: string) => void = () => undefined;
  const { caller } = pair({ wait: () => new Promise((resolve) => (finish = resolve)) });
  const controller = new AbortController();
  const call = caller.remote.wait(controller.signal);
  await later();
  controller.abort();
  finish('too late');
  await assert.rejects(call, { reason: 'cancelled' });
  await later();
});

test('an error keeps its reason, sentence and place, over two boundaries too', async () => {
  const error = new CheckpointError('truncated', sentence('{0} ends after {1} bytes.', 'a.img', 7), {
    where: 'a.img',
    offset: 7,
  });
  const inner = pair({ fail: () => Promise.reject(error) });
  const outer = pair({ fail: (signal) => inner.caller.remote.fail(signal) }, true);
  const caught: unknown = await outer.caller.remote.fail().catch((reason: unknown) => reason);
  assert.ok(caught instanceof RemoteError);
  assert.deepEqual(
    Object.fromEntries(
      ['reason', 'template', 'args', 'where', 'offset', 'message'].map((key) => [key, Reflect.get(caught, key)]),
    ),
    {
      reason: 'truncated',
      template: '{0} ends after {1} bytes.',
      args: ['a.img', 7],
      where: 'a.img',
      offset: 7,
      message: 'a.img ends after 7 bytes.',
    },
  );
});

test('whatever is thrown is described', () => {
  assert.equal(describeError(new DOMException('x', 'AbortError')).reason, 'cancelled');
  assert.deepEqual(describeError('text'), { reason: 'internal', message: 'text' });
  for (const odd of [undefined, null, 7, Object.create(null), Symbol('s')]) {
    assert.equal(describeError(odd).reason, 'internal');
    assert.ok(describeError(odd).message);
  }
});

test('a method that does not exist is an error, also one that every object inherits', async () => {
  const { caller } = pair({});
  const remote = caller.remote as unknown as Record<string, (() => Promise<unknown>) | undefined>;
  for (const name of ['toString', 'constructor', 'wait']) {
    await assert.rejects(async () => remote[name]?.(), new RegExp(`no method "${name}"`));
  }
});

test('the remote itself may be awaited and printed', async () => {
  const { caller } = pair({});
  assert.equal(await Promise.resolve(caller.remote), caller.remote);
  assert.equal(Object.prototype.toString.call(caller.remote), '[object Object]');
});

test('closing rejects what is under way, aborts what the other side asked for, and silences both', async () => {
  let inner: AbortSignal | undefined;
  const { caller, served } = pair({
    wait: (signal) => {
      inner = signal;
      return new Promise(() => undefined);
    },
  });
  const call = caller.remote.wait();
  await later();
  served.close();
  assert.equal(inner?.aborted, true);
  caller.close();
  await assert.rejects(call, { reason: 'closed' });
  await assert.rejects(caller.remote.wait(), { reason: 'closed' });
});

test('events reach their listeners until they stop', async () => {
  const { caller, served } = pair({});
  const seen: number[] = [];
  const stop = caller.on('grew', ({ by }) => seen.push(by));
  served.emit('grew', { by: 1 });
  await later();
  stop();
  served.emit('grew', { by: 2 });
  await later();
  assert.deepEqual(seen, [1]);
});

test('a listener that throws does not keep the event from the others', () => {
  let receive: (message: ChannelMessage) => void = () => undefined;
  const channel = openChannel<object, object, Api, Events>(
    { post: () => undefined, listen: (listener) => ((receive = listener), () => undefined) },
    {},
  );
  const seen: number[] = [];
  channel.on('grew', () => {
    throw new Error('a fault');
  });
  channel.on('grew', ({ by }) => seen.push(by));
  assert.throws(() => receive({ type: 'event', name: 'grew', value: { by: 1 } }), /a fault/);
  assert.deepEqual(seen, [1]);
});

test('what cannot be sent rejects the call, and leaves nothing waiting', async () => {
  const { caller } = pair({ echo: () => () => 'a function' });
  await assert.rejects(
    caller.remote.echo(() => undefined),
    RemoteError,
  );
  await assert.rejects(caller.remote.echo(1), RemoteError);
});

test('foreign messages are ignored', async () => {
  let receive: (message: ChannelMessage) => void = () => undefined;
  const channel = openChannel<object, object, Api, Events>(
    { post: () => undefined, listen: (listener) => ((receive = listener), () => undefined) },
    {},
  );
  for (const odd of [null, undefined, 1, 'ready', {}, { type: 'other' }, { type: 'ok', id: 99, value: 1 }]) {
    receive(odd as ChannelMessage);
  }
  channel.close();
  await later();
});

test('bytes handed over leave the thread without a copy, others are copied', async () => {
  const { port1, port2 } = new MessageChannel();
  const kept = new Uint8Array(8).fill(1);
  const given = handOver(new Uint8Array(8).fill(2));
  const part = handOver(new Uint8Array(64).fill(3).subarray(8, 16));
  const served = openChannel<Pick<Api, 'bytes'>, object, object, object>(portOf(port1), {
    bytes: (_signal, length) => (length === 1 ? kept : length === 2 ? given : part),
  });
  const caller = openChannel<object, object, Api, object>(portOf(port2), {});
  assert.deepEqual(await caller.remote.bytes(1), new Uint8Array(8).fill(1));
  assert.deepEqual(await caller.remote.bytes(2), new Uint8Array(8).fill(2));
  const received = await caller.remote.bytes(3);
  assert.deepEqual(received, new Uint8Array(8).fill(3));
  assert.equal(received.buffer.byteLength, 8);
  assert.equal(kept.length, 8);
  assert.equal(given.length, 0);
  served.close();
  caller.close();
  port1.close();
  await once(port2, 'close');
});

test('a view of a pooled Buffer is handed over as plain bytes of its own', () => {
  const bytes = handOver(Buffer.from('pooled'));
  assert.equal(bytes.constructor, Uint8Array);
  assert.equal(bytes.buffer.byteLength, 6);
});

function portOf(port: MessagePort): Port {
  return {
    post: (message, transfer) => port.postMessage(message, [...(transfer ?? [])]),
    listen: (receive) => {
      port.on('message', receive);
      return () => port.off('message', receive);
    },
  };
}
