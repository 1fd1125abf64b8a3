import { spawn } from 'node:child_process';
import { basename } from 'node:path';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { orCancelled } from '../../bytes/cancel.ts';
import { errorCode } from '../../bytes/file-source.ts';
import { brief, ClusterError, type Brief } from '../cluster-error.ts';
import type { PluginEntry } from '../kubeconfig/entries.ts';
import type { ResolvedContext } from '../kubeconfig/kubeconfig.ts';
import type { Credential, CredentialOptions, CredentialSource } from './credentials.ts';
import { untrusted } from './library-auth.ts';
import { whyNoIdentity } from './pem.ts';

/** Versions of the ExecCredential form that Kubernetes' own clients still take. */
const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];

/** Milliseconds: a plugin may wait for a person to log in with a browser. */
export const PLUGIN_TIMEOUT = 120_000;
const LONGEST_OUTPUT = 1024 * 1024;
const LONGEST_COMPLAINT = 64 * 1024;

interface Issued {
  readonly credential: Credential;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/**
 * Credentials that a command prints (Kubernetes: "client-go credential plugins"). However many ask at once, the command
 * runs once; what it printed serves until it expires or a server rejects it.
 */
export class CredentialPlugin implements CredentialSource {
  readonly #resolved: ResolvedContext;
  readonly #plugin: PluginEntry;
  readonly #options: CredentialOptions & { readonly timeout?: number };
  readonly #base: (signal?: AbortSignal) => Promise<Credential>;
  readonly #closed = new AbortController();
  #running: Promise<Issued> | undefined;
  #issued: Issued | undefined;

  /** @param base what the user entry holds besides, such as impersonation */
  constructor(
    resolved: ResolvedContext,
    plugin: PluginEntry,
    options: CredentialOptions & { readonly timeout?: number },
    base: (signal?: AbortSignal) => Promise<Credential>,
  ) {
    this.#resolved = resolved;
    this.#plugin = plugin;
    this.#options = options;
    this.#base = base;
  }

  async get(signal?: AbortSignal): Promise<Credential> {
    if (this.#issued && Date.now() < this.#issued.expires) return this.#issued.credential;
    this.#running ??= this.#issue().finally(() => (this.#running = undefined));
    return (await orCancelled(this.#running, signal)).credential;
  }

  reject(credential: Credential): boolean {
    if (this.#issued?.credential === credential) this.#issued = undefined;
    return true;
  }

  close(): void {
    this.#closed.abort();
  }

  async #issue(): Promise<Issued> {
    const { context } = this.#resolved;
    const { command, apiVersion, interactiveMode } = this.#plugin;
    if (!this.#options.allowPlugins) throw untrusted(context.name, command);
    if (!VERSIONS.includes(apiVersion)) {
      throw this.#failure(
        sentence(
          'The credential plugin {0} of {1} speaks {2}, which is not supported.',
          command,
          context.name,
          apiVersion,
        ),
        failed(sentence('{0} speaks {1}, which is not supported', basename(command), apiVersion)),
      );
    }
    if (interactiveMode === 'Always') {
      throw this.#failure(
        sentence(
          'The credential plugin {0} of {1} wants to talk to a person on a terminal. Log in with kubectl first.',
          command,
          context.name,
        ),
        failed(sentence('{0} needs a terminal; log in with kubectl', basename(command))),
      );
    }
    const [base, output] = await Promise.all([this.#base(), this.#run()]);
    const issued = this.#read(output, base);
    this.#issued = issued;
    return issued;
  }

  #run(): Promise<string> {
    const { command, args, env } = this.#plugin;
    const { environment, timeout = PLUGIN_TIMEOUT } = this.#options;
    return new Promise((resolve, reject) => {
      let [output, complaint, isLate, isLong] = ['', '', false, false];
      const child = spawn(command, [...args], {
        env: {
          ...environment,
          ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
          KUBERNETES_EXEC_INFO: JSON.stringify(this.#execInfo()),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        windowsHide: true,
        // With whatever it started: a shell script's children hold its output open.
        detached: process.platform !== 'win32',
      });
      const end = (): void => endTree(child.pid);
      const timer = setTimeout(() => {
        isLate = true;
        end();
      }, timeout);
      this.#closed.signal.addEventListener('abort', end, { once: true });
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.length <= LONGEST_OUTPUT || isLong) return;
        isLong = true;
        end();
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (complaint.length < LONGEST_COMPLAINT) complaint += text;
      });
      child.once('error', (error) => reject(this.#notStarted(error)));
      child.once('close', (code, killed) => {
        clearTimeout(timer);
        this.#closed.signal.removeEventListener('abort', end);
        if (code === 0 && !isLong) return resolve(output);
        reject(this.#ended({ complaint, isLate, isLong, how: code === null ? String(killed) : String(code) }));
      });
    });
  }

  /** What a plugin may know of the cluster that it is asked for. */
  #execInfo(): unknown {
    const { cluster } = this.#resolved;
    const { apiVersion, provideClusterInfo } = this.#plugin;
    return {
      apiVersion,
      kind: 'ExecCredential',
      spec: {
        interactive: false,
        ...(provideClusterInfo && {
          cluster: {
            server: cluster.server,
            'tls-server-name': cluster.tlsServerName,
            'insecure-skip-tls-verify': cluster.insecureSkipTlsVerify || undefined,
            'certificate-authority-data': cluster.caData?.toString('base64'),
            'proxy-url': cluster.proxyUrl,
            'disable-compression': cluster.disableCompression || undefined,
            config: cluster.pluginConfig,
          },
        }),
      },
    };
  }

  #read(output: string, base: Credential): Issued {
    const { secrets } = this.#options;
    const { status, apiVersion } = parseCredential(output);
    const { token, clientCertificateData: certificate, clientKeyData: key, expirationTimestamp } = status;
    secrets.add(token);
    secrets.addKey(key);
    const isBad = certificate && key && whyNoIdentity(Buffer.from(certificate), Buffer.from(key)) !== undefined;
    if (apiVersion !== this.#plugin.apiVersion || (token === undefined && (!certificate || !key)) || isBad) {
      // Not even a part of the output is shown: it may be a credential in another form.
      throw this.#failure(
        sentence(
          'The credential plugin {0} of {1} printed no credential that can be used.',
          this.#plugin.command,
          this.#resolved.context.name,
        ),
        failed(sentence('{0} printed no credential', basename(this.#plugin.command))),
      );
    }
    const expires = expirationTimestamp === undefined ? Infinity : Date.parse(expirationTimestamp);
    return {
      credential: {
        ...base,
        headers: { ...base.headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        ...(certificate && key && { certificate: Buffer.from(certificate), key: Buffer.from(key) }),
      },
      expires: Number.isNaN(expires) ? 0 : expires,
    };
  }

  #notStarted(error: Error): ClusterError {
    const { command, installHint } = this.#plugin;
    const { context } = this.#resolved;
    const said = installHint === undefined ? undefined : oneLine(this.#options.secrets.scrub(installHint, 1000));
    if (errorCode(error) !== 'ENOENT') {
      return this.#failure(
        sentence(
          'The credential plugin {0} of {1} cannot be started: {2}.',
          command,
          context.name,
          errorCode(error) ?? error.name,
        ),
        failed(sentence('{0} cannot be started: {1}', basename(command), errorCode(error) ?? error.name)),
      );
    }
    const missing = brief(sentence('Plugin missing'), sentence('{0} is not installed here', basename(command)));
    return said === undefined
      ? this.#failure(
          sentence(
            'The credential plugin {0} of {1} is not installed here, or not in PATH. On a remote machine it must be installed there.',
            command,
            context.name,
          ),
          missing,
        )
      : this.#failure(
          sentence('The credential plugin {0} of {1} is not installed here: {2}', command, context.name, said),
          missing,
          said,
        );
  }

  #ended(how: { complaint: string; isLate: boolean; isLong: boolean; how: string }): ClusterError {
    const { command } = this.#plugin;
    const name = this.#resolved.context.name;
    const said = oneLine(this.#options.secrets.scrub(withoutLogMarks(how.complaint), 2000));
    if (how.isLong) {
      return this.#failure(
        sentence('The credential plugin {0} of {1} printed too much for a credential.', command, name),
        failed(sentence('{0} printed no credential', basename(command))),
      );
    }
    if (how.isLate) {
      const seconds = Math.round((this.#options.timeout ?? PLUGIN_TIMEOUT) / 1000);
      return this.#failure(
        sentence('The credential plugin {0} of {1} was ended after {2} seconds: {3}', command, name, seconds, said),
        failed(sentence('{0} took more than {1} seconds', basename(command), seconds)),
        said,
      );
    }
    return this.#failure(
      sentence('The credential plugin {0} of {1} failed ({2}): {3}', command, name, how.how, said),
      failed(
        said === ''
          ? sentence('{0} failed ({1})', basename(command), how.how)
          : sentence('{0}: {1}', basename(command), said),
      ),
      said,
    );
  }

  #failure(text: Sentence, short: Brief, said?: string): ClusterError {
    return new ClusterError('credentials', text, {
      brief: short,
      where: this.#resolved.context.name,
      ...(said !== undefined && { said }),
    });
  }
}

function failed(detail: Sentence): Brief {
  return brief(sentence('Login failed'), detail);
}

/** What Go programs with Kubernetes' logger put before a line: `F1127 18:58:31.784494    8586 cred.go:145] `. */
function withoutLogMarks(text: string): string {
  return text.replace(/^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ [^\s\]]+:\d+\] /gm, '');
}

/** For the middle of a sentence. */
function oneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

interface Status {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  readonly expirationTimestamp?: string;
}

function parseCredential(output: string): { readonly apiVersion: unknown; readonly status: Status } {
  try {
    const { apiVersion, status } = JSON.parse(output) as { apiVersion?: unknown; status?: Record<string, unknown> };
    const text = (key: keyof Status): Status => {
      const value = status?.[key];
      return typeof value === 'string' && value !== '' ? { [key]: value } : {};
    };
    return {
      apiVersion,
      status: {
        ...text('token'),
        ...text('clientCertificateData'),
        ...text('clientKeyData'),
        ...text('expirationTimestamp'),
      },
    };
  } catch {
    return { apiVersion: undefined, status: {} };
  }
}

/** Ends a process that leads its own group, and the group. */
function endTree(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
