import { Readable } from 'node:stream';
import { sentence, type Sentence } from '../../../protocol/sentence.ts';
import { cancelled, throwIfCancelled } from '../../bytes/cancel.ts';
import { CheckpointError } from '../../errors.ts';
import type { Status } from '../api/objects.ts';
import { explainRefusal, readRefusal, statusOf, trimmed, type Refusal } from '../api/read-answer.ts';
import { pathOf, PODS } from '../api/resources.ts';
import { ClusterError } from '../cluster-error.ts';
import { connectionFailed } from '../connection/failure.ts';
import type { Transport } from '../connection/transport.ts';
import { helperRole } from '../rights/manifests.ts';
import { WebSocketClient } from './web-socket.ts';

/** Kubernetes' remote command protocol: the first byte of a message says which stream it is of. */
const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
/** Tells the size of the terminal. */
const RESIZE = 4;
/** Since version 5: ends a stream. */
const CLOSE = 255;

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

/** Pieces of output, of some kilobytes each, that wait for their reader before the connection is paused. */
const WAITING = 64;

/** Bytes of a status that are read: servers send a few hundred. */
const LONGEST_STATUS = 1024 * 1024;

/** Milliseconds for the connection to end by itself once the command has. */
const LINGER = 2000;

/** Characters of stderr that are kept. */
const LONGEST_COMPLAINT = 16 * 1024;

export interface ExecTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

export interface ExecOptions {
  readonly command: readonly string[];
  readonly stdin?: boolean;
  /** Gives the command a terminal: what it complains comes among what it prints then. */
  readonly tty?: boolean;
  /** Ends the command's connection; the command itself ends when it writes or reads next. */
  readonly signal?: AbortSignal | undefined;
  /** Gets stderr as it comes. A piece is only good until the call returns. */
  readonly onStderr?: (data: Buffer) => void;
  /** Gets stdout in the place of the session's stream: of gigabytes, each piece that passes a stream is felt. */
  readonly output?: Output;
}

/** Takes what a command prints. */
export interface Output {
  /**
   * @param piece only good until the call returns
   * @returns false to have no more, but for a little that is under way, until {@link ExecSession.resume}
   */
  take(piece: Buffer): boolean;
}

/** A command that runs in a container. */
export interface ExecSession {
  /**
   * What it prints, in pieces as they come. Nothing more is taken from the connection than its reader takes. Ends when the
   * command has ended, and also, after all that had come, where the connection breaks off: only `exit` tells whether that
   * was the whole. Fails only with `cancelled`. With {@link ExecOptions.output} nothing comes of it.
   */
  readonly stdout: Readable;
  /** What it has complained about so far, bounded. */
  readonly stderr: string;
  /**
   * Its exit code. Only settles when stdout is read to its end.
   * @throws ClusterError `unreachable`, `timeout`; `unavailable` where the command could not be started; `cancelled`
   */
  readonly exit: Promise<number>;
  /** Has more come after an output wanted no more. */
  resume(): void;
  /** Writes to its stdin. */
  write(data: Uint8Array): Promise<void>;
  /** Tells how large its terminal is. */
  resize(columns: number, rows: number): Promise<void>;
  /** Ends the connection. */
  close(): void;
}

/**
 * Runs a command in a container over a WebSocket.
 * @throws ClusterError `not-found` where the pod or a running container is not there, `forbidden`, `unreachable`, …
 */
export async function execute(transport: Transport, target: ExecTarget, options: ExecOptions): Promise<ExecSession> {
  throwIfCancelled(options.signal);
  const session = new Session(transport, options);
  const query = {
    command: options.command,
    container: target.container,
    stdin: options.stdin === true,
    stdout: true,
    // Kubelets refuse both at once.
    stderr: options.tty !== true,
    tty: options.tty === true,
  };
  const path = pathOf(PODS, target.namespace, target.pod, 'exec');
  let opened;
  try {
    opened = await WebSocketClient.open(transport, { path, query, signal: options.signal }, PROTOCOLS, session);
  } catch (error) {
    throw connectionFailed(error, transport.peer, transport.secrets, options.signal);
  }
  if (!(opened instanceof WebSocketClient)) throw explain(await readRefusal(opened, transport), target, transport);
  session.start(opened);
  return session;
}

/**
 * The whole output of a command that prints little.
 * @param options `patience`: milliseconds until it must have ended; without it a command may take as long as it takes
 * @throws ClusterError also for one that fails
 */
export async function capture(
  transport: Transport,
  target: ExecTarget,
  options: ExecOptions & { readonly patience?: number },
): Promise<Buffer> {
  const session = await execute(transport, target, options);
  const { patience } = options;
  const giveUp = (): void => void session.stdout.destroy(tooLong(patience ?? 0));
  const timer = patience === undefined ? undefined : setTimeout(giveUp, patience);
  try {
    return await outputOf(session, transport);
  } finally {
    clearTimeout(timer);
  }
}

function tooLong(patience: number): ClusterError {
  return new ClusterError(
    'timeout',
    sentence(
      'A command on the node did not end within {0} seconds: the node is very busy, or a disk of its hangs.',
      Math.ceil(patience / 1000),
    ),
  );
}

async function outputOf(session: ExecSession, transport: Transport): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of session.stdout as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length <= LONGEST_OUTPUT) continue;
    session.close();
    throw new ClusterError('too-large', sentence('A command on the node printed more than is read of it.'));
  }
  const code = await session.exit;
  if (code === 0) return Buffer.concat(parts);
  throw new CommandFailed(code, transport.secrets.scrub(session.stderr, 2000));
}

const LONGEST_OUTPUT = 16 * 1024 * 1024;

/** 128 and the number of the signal, SIGKILL or SIGTERM: how a command ends when its pod does. */
const ENDED: readonly number[] = [137, 143];

/** A command in a container ended with a code that is not 0. By another attempt another pod may stand for it. */
export class CommandFailed extends ClusterError {
  readonly code: number;

  constructor(code: number, complaint: string) {
    const why = trimmed(complaint);
    super(
      'unavailable',
      sentence('A command on the node failed ({0}): {1}', code, why === '' ? 'it does not say why' : why),
      {
        said: complaint,
        isPassing: ENDED.includes(code),
      },
    );
    this.code = code;
  }
}

class Session implements ExecSession {
  readonly stdout: Readable;
  readonly exit: Promise<number>;
  stderr = '';
  readonly #transport: Transport;
  readonly #options: ExecOptions;
  #socket: WebSocketClient | undefined;
  #status: number | ClusterError | undefined;
  #lingering: NodeJS.Timeout | undefined;
  #statusText = '';
  /** Of the message that is coming. */
  #channel: number | undefined;
  #settle: { resolve(code: number): void; reject(error: Error): void } = {
    resolve: () => undefined,
    reject: () => undefined,
  };
  readonly #abort = (): void => void this.stdout.destroy(cancelled());

  constructor(transport: Transport, options: ExecOptions) {
    this.#transport = transport;
    this.#options = options;
    this.exit = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Who only reads learns it there.
    this.exit.catch(() => undefined);
    this.stdout = new Readable({
      // Otherwise what waits would be put together for the reader.
      objectMode: true,
      highWaterMark: WAITING,
      read: () => this.#socket?.resume(),
      destroy: (error, done) => {
        // Who stops reading gives up.
        this.#end(error instanceof CheckpointError ? error : cancelled());
        done(error);
      },
    });
    this.stdout.on('error', () => undefined);
  }

  start(socket: WebSocketClient): void {
    this.#socket = socket;
    this.#options.signal?.addEventListener('abort', this.#abort, { once: true });
    if (this.#options.signal?.aborted === true) this.#abort();
    else socket.start();
  }

  resume(): void {
    this.#socket?.resume();
  }

  async write(data: Uint8Array): Promise<void> {
    await this.#socket?.send(Buffer.concat([Buffer.from([STDIN]), data]));
  }

  async resize(columns: number, rows: number): Promise<void> {
    const size = Buffer.from(JSON.stringify({ Width: columns, Height: rows }));
    await this.#socket?.send(Buffer.concat([Buffer.from([RESIZE]), size]));
  }

  close(): void {
    this.stdout.destroy();
  }

  piece(data: Buffer, isFirst: boolean, isLast: boolean): void {
    if (isFirst) this.#channel = data[0];
    const content = isFirst ? data.subarray(1) : data;
    switch (this.#channel) {
      case STDOUT:
        if (content.length > 0 && !this.#print(content)) this.#socket?.pause();
        return;
      case STDERR:
        if (this.stderr.length < LONGEST_COMPLAINT) this.stderr += content.toString('utf8');
        this.#options.onStderr?.(content);
        return;
      case STATUS:
        this.#statusText += content.toString('latin1');
        if (this.#statusText.length > LONGEST_STATUS) throw new Error('the server sends a status that is too long');
        if (isLast) this.#ended(this.#read(Buffer.from(this.#statusText, 'latin1').toString('utf8')));
        return;
      case CLOSE:
      default:
        // An end of output is told by the connection's end, too; other streams were not asked for.
        return;
    }
  }

  #print(content: Buffer): boolean {
    const { output } = this.#options;
    return output ? output.take(content) : this.stdout.push(Buffer.from(content));
  }

  /** The command has ended: a server that forgets to end the connection is not waited for. */
  #ended(status: number | ClusterError): void {
    this.#status ??= status;
    this.#lingering ??= setTimeout(() => this.#socket?.destroy(), LINGER);
  }

  closed(error: Error | undefined): void {
    clearTimeout(this.#lingering);
    const status = this.#status;
    // The status is the last that comes: how the connection ended after it is of no importance.
    if (typeof status === 'number') {
      this.#settle.resolve(status);
    } else {
      const { peer, secrets } = this.#transport;
      const why = error ?? Object.assign(new Error('closed before the command had ended'), { code: 'ECONNRESET' });
      this.#settle.reject(status ?? connectionFailed(why, peer, secrets, this.#options.signal));
    }
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.stdout.push(null);
  }

  #read(text: string): number | ClusterError {
    const { status, reason, message, details } = parse(text);
    if (status === 'Success') return 0;
    const code = details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message;
    if (reason === 'NonZeroExitCode' && code !== undefined && /^\d{1,3}$/.test(code)) return Number(code);
    const why = this.#transport.secrets.scrub(message ?? text, 2000);
    const said = why === '' ? 'no reason is given' : why;
    return new ClusterError(
      'unavailable',
      sentence('The command could not be run in the container: {0}', trimmed(said)),
      {
        said,
      },
    );
  }

  #end(error: Error): void {
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#settle.reject(error);
    this.#socket?.destroy();
  }
}

/** A `Status` that does not say that it is one. */
function parse(text: string): Partial<Status> {
  try {
    return statusOf(JSON.parse(text));
  } catch {
    return {};
  }
}

function explain(refusal: Refusal, target: ExecTarget, transport: Transport): CheckpointError {
  const { status, text } = refusal;
  const facts = { status, said: text, where: transport.peer.name };
  const who = `${target.namespace}/${target.pod}`;
  // By the next attempt it may be there, or another pod stand for it.
  const missing = (words: Sentence): ClusterError =>
    new ClusterError('not-found', words, { ...facts, isPassing: true });
  if (text.includes('does not have a host assigned')) return missing(sentence('The pod {0} is on no node yet.', who));
  if (/pods? ".*" not found/.test(text)) return missing(sentence('There is no pod {0} any more.', who));
  if (/container .* is not valid/.test(text)) {
    return missing(sentence('The pod {0} has no container {1}.', who, target.container));
  }
  // The kubelet says the same of what has ended and of what was not started yet.
  if (/container not found|container .* is not running|cannot exec in a stopped/i.test(text)) {
    return missing(
      sentence('Container {0} of {1} does not run: it has ended, or was not started yet.', target.container, who),
    );
  }
  if (status === 403) {
    const user = /User "([^"]*)" cannot/.exec(text)?.[1] ?? '';
    return new ClusterError(
      'forbidden',
      sentence(
        'You ({0}) may not run commands in pods of {1}: over WebSocket it takes the rights to get and to create pods/exec.',
        user,
        target.namespace,
      ),
      {
        ...facts,
        remedy: {
          text: sentence('An administrator can allow it with this Role.'),
          copy: { form: 'yaml', text: helperRole(user, target.namespace) },
        },
      },
    );
  }
  return explainRefusal(refusal, transport);
}
