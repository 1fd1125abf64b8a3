import type { MessagePort } from 'node:worker_threads';
import type { ChannelMessage, Port } from '../protocol/channel.ts';

/** The channel's view of the port between this thread and the host. */
export function threadPort(port: MessagePort): Port {
  return {
    post: (message, transfer) => port.postMessage(message, transfer),
    listen: (receive) => {
      const listener = (message: ChannelMessage) => receive(message);
      port.on('message', listener);
      return () => port.off('message', listener);
    },
  };
}
