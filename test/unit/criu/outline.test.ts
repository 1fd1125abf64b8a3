import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { decodeMessage, decodeOutline, type DecodedMessage } from '../../../src/core/criu/decode-message.ts';
import { bulk } from '../../../src/core/criu/outline.ts';
import { archiveOf } from '../support/fixtures.ts';
import { members } from '../support/repack.ts';

const without = bulk.core_entry as ReadonlySet<string>;
/** The length word of the entry and the two magic words before it. */
const HEAD = 12;

suite('the outline of a core image', async () => {
  const images = (await members(archiveOf('podman-webapp-host'))).filter(({ header }) =>
    /core-\d+\.img$/.test(header.name),
  );
  const messages = images.map(({ content }) => content.subarray(HEAD));

  test('is the whole without its bulk', () => {
    assert.ok(messages.length > 5);
    for (const bytes of messages) {
      const { message } = decodeMessage('core_entry', bytes);
      const outline = decodeOutline('core_entry', bytes, without);
      assert.deepEqual(stripped(outline.message), stripped(message));
      assert.equal(outline.message.thread_info, undefined);
      assert.deepEqual(outline.message.tc?.sigactions ?? [], []);
    }
  });

  test('tells of damage what the whole tells, wherever it is', () => {
    const bytes = new Uint8Array(messages[0] as Uint8Array);
    let told = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [0x01, 0x08, 0x80]) {
        bytes[at] = (bytes[at] as number) ^ flip;
        const whole = decodeMessage('core_entry', bytes);
        const outline = decodeOutline('core_entry', bytes, without);
        assert.deepEqual(wrong(outline), wrong(whole), `byte ${at} ^ ${flip}`);
        assert.deepEqual(stripped(outline.message), stripped(whole.message), `byte ${at} ^ ${flip}`);
        if (whole.damage || whole.missing.length > 0) told++;
        bytes[at] = (bytes[at] as number) ^ flip;
      }
    }
    assert.ok(told > 500);
  });

  test('ends where the bytes end', () => {
    const bytes = messages[0] as Uint8Array;
    for (let end = 0; end < bytes.length; end += 7) {
      const part = bytes.subarray(0, end);
      assert.deepEqual(wrong(decodeOutline('core_entry', part, without)), wrong(decodeMessage('core_entry', part)));
    }
  });
});

function wrong({ damage, missing }: DecodedMessage): object {
  return { damage, missing };
}

/** Without the bulk, at any depth; and what is inherited because it is missing made a member. */
function stripped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(stripped);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !without.has(name))
      .map(([name, item]) => [name, stripped(item)]),
  );
}
