import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RegistryServer } from './registry-server.ts';

/** A registry for tests, on loopback without TLS. */
export interface TestRegistry {
  readonly host: string;
  /** What it is, for the test's output. */
  readonly what: string;
  /** The bytes of a blob, if it has them. */
  blob(digest: string): Buffer | undefined;
  stop(): Promise<void>;
}

/**
 * The distribution's own registry (`docker-registry` of Debian) where it is installed or named in `DOCKER_REGISTRY`; else
 * the one of these tests.
 */
export async function startRegistry(): Promise<TestRegistry> {
  const program = process.env['DOCKER_REGISTRY'] ?? 'docker-registry';
  const version = spawnSync(program, ['--version'], { encoding: 'utf8' });
  if (version.status === 0) return startReal(program, version.stdout.trim());
  const server = await new RegistryServer().start();
  return {
    host: server.host,
    what: 'the registry of these tests (docker-registry is not installed)',
    blob: (digest) => server.blobs.get(digest),
    stop: () => server.stop(),
  };
}

async function startReal(program: string, what: string): Promise<TestRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'docker-registry-'));
  const host = `127.0.0.1:${String(await freePort())}`;
  const config = join(folder, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'data') } },
      http: { addr: host },
    }),
  );
  const child = spawn(program, ['serve', config], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const stop = async (): Promise<void> => {
    process.off('exit', end);
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (answer?.ok === true) return { host, what, stop, blob: (digest) => blobIn(folder, digest) };
    await sleep(100);
  }
  await stop();
  throw new Error(`${program} does not answer at ${host}.`);
}

function blobIn(folder: string, digest: string): Buffer | undefined {
  const hex = digest.replace(/^sha256:/, '');
  const path = join(folder, 'data/docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
  return existsSync(path) ? readFileSync(path) : undefined;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
