import { WireReader } from '../wire.ts';
import { isSoleMessage, MESSAGE_START } from './sole-message.ts';
import { readText } from './text.ts';

/** What lists show of a thread; see sole-message.ts. */
export interface CoreGlance {
  /** CRIU's number of the kind of machine. */
  readonly machine: number;
  /** Of a process's first thread alone. */
  readonly task: { readonly state: number; readonly exitCode: number; readonly comm: string } | undefined;
  readonly comm: string | undefined;
  readonly credentials: CredentialsGlance | undefined;
  /** It has namespaces in it, which CRIU writes into an image of their own. */
  readonly hasIds: boolean;
}

/** Real, effective, saved, file system. */
type Ids = [number, number, number, number];

export interface CredentialsGlance {
  readonly uids: Readonly<Ids>;
  readonly gids: Readonly<Ids>;
  readonly groups: readonly number[];
}

/** @returns undefined where the image must be decoded to tell what is in it */
export function glanceCore(bytes: Uint8Array): CoreGlance | undefined {
  if (!isSoleMessage('CORE', 'core_entry', bytes)) return undefined;
  const reader = new WireReader(bytes, MESSAGE_START);
  const found: Found = { machine: 0, task: undefined, comm: undefined, credentials: undefined, hasIds: false };
  while (reader.position < bytes.length) {
    const tag = reader.uint32(bytes.length);
    if (tag === 0x08) found.machine = reader.uint32(bytes.length);
    // tc
    else if (tag === 0x1a) readTask(reader, reader.lengthDelimited(bytes.length), found);
    else if (tag === 0x2a) {
      // thread_core. Behind it are only the registers of other machines.
      readThread(reader, reader.lengthDelimited(bytes.length), found);
      break;
    } else {
      found.hasIds ||= tag === 0x22;
      reader.skip(tag & 7, bytes.length);
    }
  }
  return found;
}

interface Found {
  machine: number;
  task: { state: number; exitCode: number; comm: string } | undefined;
  comm: string | undefined;
  credentials: CredentialsGlance | undefined;
  hasIds: boolean;
}

function readTask(reader: WireReader, end: number, found: Found): void {
  const task = { state: 0, exitCode: 0, comm: '' };
  found.task = task;
  while (reader.position < end) {
    const tag = reader.uint32(end);
    // task_state, exit_code
    if (tag === 0x08) task.state = reader.uint32(end);
    else if (tag === 0x10) task.exitCode = reader.uint32(end);
    else if (tag === 0x32) {
      task.comm = readText(reader, end);
      break;
    } else reader.skip(tag & 7, end);
  }
  // Behind it are timers, limits and the handlers of all signals.
  reader.position = end;
}

function readThread(reader: WireReader, end: number, found: Found): void {
  while (reader.position < end) {
    const tag = reader.uint32(end);
    // creds, comm
    if (tag === 0x52) readCredentials(reader, reader.lengthDelimited(end), found);
    else if (tag === 0x6a) found.comm = readText(reader, end);
    else reader.skip(tag & 7, end);
  }
}

function readCredentials(reader: WireReader, end: number, found: Found): void {
  const uids: Ids = [0, 0, 0, 0];
  const gids: Ids = [0, 0, 0, 0];
  const groups: number[] = [];
  found.credentials = { uids, gids, groups };
  while (reader.position < end) {
    const tag = reader.uint32(end);
    const field = tag >>> 3;
    // uid, gid, euid, egid, suid, sgid, fsuid, fsgid; groups
    if (field <= 8) (field % 2 === 1 ? uids : gids)[(field - 1) >>> 1] = reader.uint32(end);
    else if (tag === 0x70) groups.push(reader.uint32(end));
    else reader.skip(tag & 7, end);
  }
}
