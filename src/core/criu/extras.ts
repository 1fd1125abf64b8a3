import { uint16At } from './byte-order.ts';
import { decodeMessage } from './decode-message.ts';
import type { ImageReader, Span } from './image-reader.ts';
import type { ExtraRule } from './kinds.ts';
import type {
  BpfmapDataEntry,
  GhostChunkEntry,
  GhostFileEntry,
  IpcMsg,
  IpcMsgEntry,
  IpcSemEntry,
  IpcShmEntry,
  PipeDataEntry,
  SkPacketEntry,
  TcpStreamEntry,
} from './schema/generated/messages.ts';

/** What follows a message in an image. Contents are not read: they are places in the image. */
export type Extra =
  | { readonly type: 'bytes'; readonly span: Span }
  /** Received and not read by the process, sent and not acknowledged or not sent yet. */
  | { readonly type: 'queues'; readonly received: Span; readonly sent: Span }
  | { readonly type: 'semaphores'; readonly values: readonly number[] }
  | { readonly type: 'messages'; readonly messages: readonly QueuedMessage[] };

export interface QueuedMessage {
  readonly message: IpcMsg;
  readonly content: Span;
}

export interface ExtraResult {
  readonly extra?: Extra;
  /** Why the image cannot be read on, or the reason why the content is short. */
  readonly problem?: 'truncated' | 'damaged';
}

/** More than the kernel lets a queue or a set hold; keeps a hostile count from filling the memory. */
const maxMembers = 100_000;
const maxHead = 4096;

/**
 * Passes over what follows a message. Facts: crit's lib/pycriu/images/images.py for the forms, CRIU's
 * criu/ipc_ns.c for the padding and for shared memory whose content is in a pagemap.
 * @param isHead whether this is the image's first message, which ghost files have of another kind.
 */
export async function readExtra(
  rule: ExtraRule,
  message: object,
  reader: ImageReader,
  isHead: boolean,
): Promise<ExtraResult> {
  switch (rule) {
    case 'pipe-data':
      return bytes(reader, (message as PipeDataEntry).bytes);
    case 'socket-packet':
      return bytes(reader, (message as SkPacketEntry).length);
    case 'bpfmap-data': {
      const { keys_bytes, values_bytes } = message as BpfmapDataEntry;
      return bytes(reader, keys_bytes + values_bytes);
    }
    case 'ghost-content': {
      if (!isHead) return bytes(reader, Number((message as GhostChunkEntry).len));
      if ((message as GhostFileEntry).chunks === true) return {};
      return bytes(reader, reader.rest);
    }
    case 'tcp-queues': {
      const { inq_len, outq_len } = message as TcpStreamEntry;
      const received = reader.skip(inq_len);
      const sent = reader.skip(outq_len);
      return {
        extra: { type: 'queues', received, sent },
        ...(received.length + sent.length < inq_len + outq_len && { problem: 'truncated' }),
      };
    }
    case 'ipc-shared-memory': {
      const { in_pagemaps, size } = message as IpcShmEntry;
      return in_pagemaps === true ? {} : bytes(reader, Number(size), 4);
    }
    case 'ipc-semaphores':
      return semaphores(reader, (message as IpcSemEntry).nsems);
    case 'ipc-messages':
      return messages(reader, (message as IpcMsgEntry).qnum);
  }
}

function bytes(reader: ImageReader, length: number, padding = 1): ExtraResult {
  const span = reader.skip(length);
  reader.skip(padded(length, padding) - length);
  return { extra: { type: 'bytes', span }, ...(span.length < length && { problem: 'truncated' }) };
}

async function semaphores(reader: ImageReader, count: number): Promise<ExtraResult> {
  if (count > maxMembers) return { problem: 'damaged' };
  const length = count * 2;
  if (!(await reader.fill(length))) return { problem: 'truncated' };
  const content = reader.take(length);
  const values = Array.from({ length: count }, (_, index) => uint16At(content, index * 2, reader.isBigEndian));
  reader.skip(padded(length, 8) - length);
  return { extra: { type: 'semaphores', values } };
}

async function messages(reader: ImageReader, count: number): Promise<ExtraResult> {
  const found: QueuedMessage[] = [];
  const extra: Extra = { type: 'messages', messages: found };
  if (count > maxMembers) return { problem: 'damaged' };
  for (let index = 0; index < count; index++) {
    if (!(await reader.fill(4))) return { extra, problem: 'truncated' };
    const size = reader.uint32();
    if (size > maxHead) return { extra, problem: 'damaged' };
    if (!(await reader.fill(size))) return { extra, problem: 'truncated' };
    const { message, damage } = decodeMessage('ipc_msg', reader.take(size));
    if (damage) return { extra, problem: 'damaged' };
    const content = reader.skip(message.msize);
    reader.skip(padded(message.msize, 8) - message.msize);
    found.push({ message, content });
    if (content.length < message.msize) return { extra, problem: 'truncated' };
  }
  return { extra };
}

function padded(length: number, to: number): number {
  return Math.ceil(length / to) * to;
}
