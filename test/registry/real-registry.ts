import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Authority } from '../cluster/certificates.ts';
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
  const real = await startRealRegistry();
  if (real) return real;
  const server = await new RegistryServer().start();
  return {
    host: server.host,
    what: 'the registry of these tests (docker-registry is not installed)',
    blob: (digest) => server.blobs.get(digest),
    stop: () => server.stop(),
  };
}

export interface RealOptions {
  /** Gives it a certificate. */
  readonly authority?: Authority;
  /** Lines of a password file: whom it lets in. */
  readonly passwords?: string;
}

/** The distribution's own registry; undefined where the machine does not have it. */
export async function startRealRegistry(options: RealOptions = {}): Promise<TestRegistry | undefined> {
  const program = process.env['DOCKER_REGISTRY'] ?? 'docker-registry';
  const version = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return version.status === 0 ? startReal(program, version.stdout.trim(), options) : undefined;
}

async function startReal(program: string, what: string, { authority, passwords }: RealOptions): Promise<TestRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'docker-registry-'));
  const host = `127.0.0.1:${String(await freePort())}`;
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  const issued = authority?.issue({ name: 'registry', hosts: ['127.0.0.1'] });
  const config = join(folder, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(folder, 'data') } },
      http: {
        addr: host,
        ...(issued && { tls: { certificate: file('certificate', issued.certificate), key: file('key', issued.key) } }),
      },
      ...(passwords !== undefined && { auth: { htpasswd: { realm: 'test', path: file('passwords', passwords) } } }),
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
    if (await listens(host)) return { host, what, stop, blob: (digest) => blobIn(folder, digest) };
    await sleep(100);
  }
  await stop();
  throw new Error(`${program} does not answer at ${host}.`);
}

function listens(host: string): Promise<boolean> {
  const [name = '', port] = host.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), name, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
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
