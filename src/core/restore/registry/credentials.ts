import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { cancelled, throwIfCancelled } from '../../bytes/cancel.ts';
import { errorCode } from '../../bytes/file-source.ts';
import { CheckpointError } from '../../errors.ts';
import type { Secrets } from '../../secrets.ts';

/** Who one is to a registry. */
export interface Login {
  readonly username: string;
  readonly password: string;
  /** Stands for both: to be exchanged for a token. */
  readonly identityToken?: string;
  /** The file or the helper that has it. */
  readonly from: string;
}

const LONGEST_FILE = 4 * 1024 * 1024;
const LONGEST_OUTPUT = 1024 * 1024;
const HELPER_TIMEOUT = 60_000;
/** What Docker Hub's credentials are kept under. Source: docker/cli, registry.IndexServer. */
const HUB = 'https://index.docker.io/v1/';

export interface CredentialOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** Learns what is found, so that it can be kept out of messages. */
  readonly secrets: Secrets;
  /** A file to look into, and no other. */
  readonly file?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that a helper has to answer. */
  readonly patience?: number | undefined;
}

/**
 * Finds how one logs in to a registry: in the files of `podman login`, `skopeo login` and `docker login`, or through the
 * credential helpers that these name. Sources: containers-auth.json(5); docker/cli, "Credential helpers".
 * @returns undefined where nobody has logged in
 * @throws CheckpointError `credentials` for a helper that fails, or a file that cannot be read
 */
export async function findLogin(host: string, name: string, options: CredentialOptions): Promise<Login | undefined> {
  for (const path of filesOf(options)) {
    const config = await readConfig(path, options.file !== undefined);
    if (!config) continue;
    const login = await loginIn(config, host, name, options);
    if (!login) continue;
    options.secrets.add(login.password, login.identityToken);
    options.secrets.add(Buffer.from(`${login.username}:${login.password}`).toString('base64'));
    return login;
  }
  return undefined;
}

function filesOf({ environment, file }: CredentialOptions): readonly string[] {
  if (file !== undefined) return [file];
  const given = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const chosen = given('REGISTRY_AUTH_FILE');
  if (chosen !== undefined) return [chosen];
  const home = given('HOME') ?? homedir();
  const runtime = given('XDG_RUNTIME_DIR');
  return [
    ...(runtime === undefined ? [] : [join(runtime, 'containers', 'auth.json')]),
    join(given('XDG_CONFIG_HOME') ?? join(home, '.config'), 'containers', 'auth.json'),
    join(given('DOCKER_CONFIG') ?? join(home, '.docker'), 'config.json'),
  ];
}

interface Config {
  readonly path: string;
  readonly auths: Readonly<Record<string, unknown>>;
  readonly credHelpers: Readonly<Record<string, unknown>>;
  readonly credsStore: unknown;
}

async function readConfig(path: string, isAskedFor: boolean): Promise<Config | undefined> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > LONGEST_FILE) throw new Error('it is too long');
    const content: unknown = JSON.parse(bytes.toString('utf8'));
    const { auths, credHelpers, credsStore } = asObject(content);
    return { path, auths: asObject(auths), credHelpers: asObject(credHelpers), credsStore };
  } catch (error) {
    const code = errorCode(error);
    if (!isAskedFor && (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES')) return undefined;
    // The parser's message would quote the file.
    if (code === 'ENOENT') throw failed(sentence('There is no file {0} with the credentials of registries.', path));
    const why = error instanceof SyntaxError ? 'it is not valid JSON' : (code ?? 'it cannot be used');
    throw failed(sentence('The file {0} with the credentials of registries cannot be read: {1}.', path, why));
  }
}

async function loginIn(
  config: Config,
  host: string,
  name: string,
  options: CredentialOptions,
): Promise<Login | undefined> {
  const keys = keysOf(host, name);
  for (const key of keys) {
    const helper = config.credHelpers[key];
    if (typeof helper === 'string') return askHelper(helper, key, options);
  }
  for (const key of keys) {
    const login = entryOf(config.auths[key], config.path);
    if (login) return login;
  }
  // A store lists in `auths`, without anything in it, what it has.
  if (typeof config.credsStore !== 'string' || config.credsStore === '') return undefined;
  const known = keys.find((key) => key in config.auths) ?? (host === 'docker.io' ? HUB : host);
  return askHelper(config.credsStore, known, options);
}

/** The most particular first: `host/team/app`, `host/team`, `host`. */
function keysOf(host: string, name: string): readonly string[] {
  const parts = name.split('/');
  const paths = parts.map((_, index) => `${host}/${parts.slice(0, parts.length - index).join('/')}`);
  const hub = host === 'docker.io' ? [HUB, 'index.docker.io'] : [];
  return [...paths, host, ...hub, `https://${host}`, `https://${host}/`, `https://${host}/v1/`, `https://${host}/v2/`];
}

function entryOf(entry: unknown, from: string): Login | undefined {
  const { auth, identitytoken, username, password } = asObject(entry);
  const [, user = '', secret = ''] =
    typeof auth === 'string' ? (/^([^:]*):(.*)$/s.exec(Buffer.from(auth, 'base64').toString('utf8')) ?? []) : [];
  const login = {
    username: typeof username === 'string' && username !== '' ? username : user,
    from,
    // Docker pads what it keeps with NULs.
    password: (typeof password === 'string' && password !== '' ? password : secret).replace(/\0+$/, ''),
  };
  if (typeof identitytoken === 'string' && identitytoken !== '') return { ...login, identityToken: identitytoken };
  return login.username === '' ? undefined : login;
}

/** Source: docker/docker-credential-helpers, "Development": the server on stdin, JSON on stdout. */
async function askHelper(helper: string, server: string, options: CredentialOptions): Promise<Login | undefined> {
  // It becomes part of a program's name.
  if (!/^[\w.-]+$/.test(helper)) throw failed(sentence('{0} cannot be the name of a credential helper.', helper));
  const program = `docker-credential-${helper}`;
  const { output, code } = await runHelper(program, server, options);
  if (code === 'late') {
    const seconds = (options.patience ?? HELPER_TIMEOUT) / 1000;
    throw failed(sentence('The credential helper {0} did not answer within {1} seconds.', program, seconds));
  }
  if (code !== 0) {
    if (/credentials not found/i.test(output)) return undefined;
    const said = options.secrets.scrub(output, 500);
    throw failed(sentence('The credential helper {0} failed ({1}): {2}', program, String(code), said));
  }
  const { Username, Secret } = parse(output);
  if (typeof Username !== 'string' || typeof Secret !== 'string') {
    // Nothing of it is shown: it may be a credential in another form.
    throw failed(sentence('The credential helper {0} printed no credential that can be used.', program));
  }
  return Username === '<token>'
    ? { username: '', password: '', identityToken: Secret, from: program }
    : { username: Username, password: Secret, from: program };
}

/** Found in PATH, without a shell. One that does not answer, as it waits for somebody to unlock a store, is ended. */
function runHelper(
  program: string,
  server: string,
  { environment, signal, patience = HELPER_TIMEOUT }: CredentialOptions,
): Promise<{ output: string; code: number | string }> {
  return new Promise((resolve, reject) => {
    throwIfCancelled(signal);
    let output = '';
    const child = spawn(program, ['get'], {
      env: environment,
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
    // What it has started itself may keep its output open.
    const end = (): void => {
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.unref();
    };
    const timer = setTimeout(() => {
      end();
      resolve({ output: '', code: 'late' });
    }, patience);
    const abort = (): void => {
      end();
      reject(cancelled());
    };
    signal?.addEventListener('abort', abort, { once: true });
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < LONGEST_OUTPUT) output += text;
    });
    child.once('error', (error) => {
      settle();
      const why = errorCode(error) === 'ENOENT' ? 'it is not installed here' : (errorCode(error) ?? error.name);
      reject(failed(sentence('The credential helper {0} cannot be started: {1}.', program, why)));
    });
    child.once('close', (code, killed) => {
      settle();
      resolve({ output, code: code ?? String(killed) });
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${server}\n`);
  });
}

function parse(output: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(output));
  } catch {
    return {};
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function failed(text: Sentence): CheckpointError {
  return new CheckpointError('credentials', text);
}
