import type * as vscode from 'vscode';
import type { ChannelMessage, Port } from '../../protocol/channel.ts';

/** The way to a page in a webview, for a channel. */
export function portOf(webview: vscode.Webview): Port {
  return {
    post: (message) => void webview.postMessage(message),
    listen: (receive) => {
      const listening = webview.onDidReceiveMessage((message: ChannelMessage) => receive(message));
      return () => void listening.dispose();
    },
  };
}
