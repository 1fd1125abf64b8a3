import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openChannel, type ChannelMessage, type Port } from '../../../src/protocol/channel.ts';

interface Api {
  question(name: string): Promise<string>;
}

describe('the channel to a page', () => {
  it('keeps answers for a page that is gone from its successor', async () => {
    // A webview: whichever page is loaded hears what the host posts.
    let page: (message: ChannelMessage) => void = () => undefined;
    let host: (message: ChannelMessage) => void = () => undefined;
    const toPage: Port = {
      post: (message) => page(message),
      listen: (receive) => {
        host = receive;
        return () => undefined;
      },
    };
    const toHost: Port = {
      post: (message) => host(message),
      listen: (receive) => {
        page = receive;
        return () => undefined;
      },
    };
    const answers: ((text: string) => void)[] = [];
    openChannel<Api, object, object, object>(toPage, {
      question: () => new Promise((resolve) => answers.push(resolve)),
    });

    const first = openChannel<object, object, Api, object>(toHost, {});
    void first.remote.question('of the first page');
    const second = openChannel<object, object, Api, object>(toHost, {});
    const asked = second.remote.question('of the second page');
    answers[0]?.('for the first page');
    await new Promise(setImmediate);
    answers[1]?.('for the second page');
    assert.equal(await asked, 'for the second page');
  });
});
