import { openChannel, type Channel, type ChannelMessage, type Port, type Remote } from '../src/protocol/channel.ts';
import type { PageApi, PageEvents } from '../src/protocol/page-api.ts';

interface VsCodeApi {
  postMessage(message: unknown, transfer?: readonly ArrayBufferLike[]): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export type Host = Remote<PageApi>;

/** The other side of a page: the extension host. */
export interface Connection<Api, Events> {
  readonly host: Remote<Api>;
  readonly on: Channel<Api, Events>['on'];
}

/** As {@link Connection}, with what VS Code remembers for the page. */
export interface HostConnection extends Connection<PageApi, PageEvents> {
  readonly remembered: unknown;
  remember(state: unknown): void;
}

export function connect(): HostConnection {
  const vscode = acquireVsCodeApi();
  return {
    ...overChannel<PageApi, PageEvents>(vscode),
    remembered: vscode.getState(),
    remember: (state) => vscode.setState(state),
  };
}

/** For a page of which nothing needs to be remembered. */
export function connectTo<Api, Events>(): Connection<Api, Events> {
  return overChannel(acquireVsCodeApi());
}

function overChannel<Api, Events>(vscode: VsCodeApi): Connection<Api, Events> {
  const channel = openChannel<object, object, Api, Events>(portOf(vscode), {});
  return { host: channel.remote, on: (name, listener) => channel.on(name, listener) };
}

function portOf(vscode: VsCodeApi): Port {
  return {
    post: (message, transfer) => vscode.postMessage(message, transfer),
    listen: (receive) => {
      const listener = (event: MessageEvent<unknown>) => {
        if (isMessage(event.data)) receive(event.data);
      };
      window.addEventListener('message', listener);
      return () => window.removeEventListener('message', listener);
    },
  };
}

/** VS Code itself and other scripts of a browser post messages too; the channel's have a type. */
function isMessage(data: unknown): data is ChannelMessage {
  return typeof data === 'object' && data !== null && 'type' in data && typeof data.type === 'string';
}
