import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { capture, CommandFailed, execute, type ExecSession } from '../../../src/core/cluster/exec/exec.ts';
import { PODS } from '../../cluster/pod-life.ts';
import { addPod } from '../../cluster/workloads.ts';
import { noise } from '../bytes/support.ts';
import { connect, failureOf, serviceAccount, startCluster } from './support.ts';

const cluster = await startCluster({ nodes: [{ name: 'node-1' }, { name: 'node-2', runtime: 'containerd' }] });
const pod = addPod(cluster, { name: 'box', containers: ['box', 'other'] });
addPod(cluster, { name: 'done', state: { terminated: { exitCode: 0, reason: 'Completed' } } });
addPod(cluster, { name: 'moby', node: 'node-2' });
cluster.store.create(PODS, 'lab', {
  metadata: { name: 'nowhere' },
  spec: { containers: [{ name: 'nowhere', image: 'box' }] },
  status: { phase: 'Pending' },
});
const TARGET = { namespace: 'lab', pod: 'box', container: 'box' };
const { transport } = (await connect(cluster)).api;

async function output(session: ExecSession): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of session.stdout as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts);
}

describe('a command in a container', () => {
  for (const version of ['v5.channel.k8s.io', 'v4.channel.k8s.io']) {
    test(`prints, complains and ends, over ${version}`, async () => {
      cluster.exec.versions = [version];
      const session = await execute(transport, TARGET, { command: ['sh', '-c', 'echo out; echo err >&2; exit 3'] });
      assert.equal((await output(session)).toString(), 'out\n');
      assert.equal(await session.exit, 3);
      assert.equal(session.stderr, 'err\n');
    });
  }

  test('arguments arrive as they are', async () => {
    const odd = ['a b', '', "it's", '$HOME', 'ü&=?+%20', '\n'];
    const printed = await capture(transport, TARGET, { command: ['printf', '[%s]', ...odd] });
    assert.equal(printed.toString(), odd.map((one) => `[${one}]`).join(''));
  });

  test('reads what is written to it', async () => {
    const session = await execute(transport, TARGET, {
      command: ['sh', '-c', 'read a; read b; echo "$b$a"'],
      stdin: true,
    });
    await session.write(Buffer.from('one\n'));
    await session.write(Buffer.from('two\n'));
    assert.equal((await output(session)).toString(), 'twoone\n');
    assert.equal(await session.exit, 0);
  });

  test('every byte comes, and in order', async () => {
    const bytes = noise(20_000_000);
    writeFileSync(join(cluster.containerFolder(pod, 'box'), 'big'), bytes);
    const printed = await output(await execute(transport, TARGET, { command: ['cat', 'big'] }));
    assert.equal(sha256(printed), sha256(bytes));
  });

  test('no more is sent than its reader takes', async () => {
    const command = ['sh', '-c', 'head -c 100000000 /dev/zero'];
    const session = await execute(transport, TARGET, { command });
    const before = process.memoryUsage().arrayBuffers;
    const { sent } = cluster.exec;
    let taken = 0;
    for await (const part of session.stdout as AsyncIterable<Buffer>) {
      taken += part.length;
      if (taken < 1_000_000 && taken > 900_000) {
        await sleep(20);
        // What the two systems keep of the connection is a few megabytes.
        const waiting = cluster.exec.sent - sent - taken;
        assert.ok(waiting < 24 * 1024 * 1024, String(waiting));
      }
    }
    assert.equal(taken, 100_000_000);
    assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024);
  });
});

describe('a command that goes wrong', () => {
  test('fails', async () => {
    const error = await failureOf(
      capture(transport, TARGET, { command: ['sh', '-c', 'echo no such thing >&2; exit 7'] }),
    );
    assert.ok(error instanceof CommandFailed);
    assert.deepEqual([error.code, error.message], [7, 'A command on the node failed (7): no such thing']);
  });

  test('does not end in the time that it has', async () => {
    const error = await failureOf(capture(transport, TARGET, { command: ['sleep', '600'], patience: 200 }));
    assert.equal(error.reason, 'timeout');
    assert.match(error.message, /^A command on the node did not end within 1 seconds: the node is very busy, or/);
    assert.equal((await capture(transport, TARGET, { command: ['echo'], patience: 30_000 })).toString(), '\n');
  });

  test('is not there', async () => {
    // Runtimes differ in whether that is a command that failed, or one that was none.
    for (const [pod, words] of [
      ['box', /^A command on the node failed \(255\): .*no-such-program.*: executable file not found in \$PATH/],
      ['moby', /could not be run in the container: .*"no-such-program": executable file not found in \$PATH/],
    ] as const) {
      const target = { ...TARGET, pod, container: pod };
      const error = await failureOf(capture(transport, target, { command: ['no-such-program'] }));
      assert.equal(error.reason, 'unavailable');
      assert.match(error.message, words);
    }
  });

  test('has no container to run in', async () => {
    for (const [target, words] of [
      [{ ...TARGET, pod: 'gone' }, /There is no pod lab\/gone any more/],
      [
        { ...TARGET, pod: 'done', container: 'done' },
        /Container done of lab\/done does not run: .*, or was not started yet/,
      ],
      [{ ...TARGET, container: 'gone' }, /The pod lab\/box has no container gone/],
      [{ ...TARGET, pod: 'nowhere', container: 'nowhere' }, /The pod lab\/nowhere is on no node yet/],
    ] as const) {
      const error = await failureOf(capture(transport, target, { command: ['true'] }));
      assert.equal(error.reason, 'not-found');
      assert.match(error.message, words);
    }
  });

  test('may not be run: over WebSocket it takes two rights', async () => {
    const rule = (verb: string) => ({ verbs: [verb], resources: ['pods/exec'], namespace: 'lab' });
    for (const verb of ['get', 'create']) {
      const { api } = await connect(cluster, serviceAccount(cluster, rule(verb)));
      const error = await failureOf(capture(api.transport, TARGET, { command: ['true'] }));
      assert.equal(error.reason, 'forbidden');
      assert.match(error.message, /You \(system:serviceaccount:lab:account-\d+\) may not run commands in pods of lab/);
    }
    const { api } = await connect(cluster, serviceAccount(cluster, rule('get'), rule('create')));
    assert.equal((await capture(api.transport, TARGET, { command: ['echo', 'hi'] })).toString(), 'hi\n');
  });

  test('is cut off', async () => {
    cluster.server.faults.add({ match: ({ path }) => path.endsWith('/exec'), cutAfter: () => 100_000, times: 1 });
    const session = await execute(transport, TARGET, { command: ['sh', '-c', 'head -c 1000000 /dev/zero'] });
    // What had come is not lost, and only the exit tells that it was not all.
    const { length } = await output(session);
    assert.ok(length > 0 && length < 100_000, String(length));
    assert.equal((await failureOf(session.exit)).reason, 'unreachable');
  });

  test('is given up, before it starts and while it runs', async () => {
    const command = ['sh', '-c', 'echo here; sleep 600'];
    assert.equal(
      (await failureOf(execute(transport, TARGET, { command, signal: AbortSignal.abort() }))).reason,
      'cancelled',
    );
    const controller = new AbortController();
    const session = await execute(transport, TARGET, { command, signal: controller.signal });
    const work = failureOf(
      (async () => {
        for await (const part of session.stdout as AsyncIterable<Buffer>) {
          assert.equal(part.toString(), 'here\n');
          controller.abort();
        }
      })(),
    );
    assert.equal((await work).reason, 'cancelled');
  });

  test('is left by its reader: nothing stays open', async () => {
    const session = await execute(transport, TARGET, { command: ['yes'] });
    for await (const part of session.stdout as AsyncIterable<Buffer>) {
      assert.equal(part[0], 0x79);
      break;
    }
    await failureOf(session.exit);
    while (cluster.exec.open > 0) await sleep(5);
  });
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
