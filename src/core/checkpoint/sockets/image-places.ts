import type { ImagePlace } from '../../../protocol/raw.ts';
import type { SocketFacts } from '../../../protocol/sockets.ts';
import type { ImageDirectory } from '../../criu/image-directory.ts';
import { fileOf } from '../../criu/kinds.ts';
import { findPlace } from '../image-place.ts';
import { hasStream } from './inet-sockets.ts';
import type { SocketMessage } from './socket-core.ts';
import { SocketQueues } from './socket-queues.ts';

/** The images that tell of a socket, that of the socket itself first. */
export async function imagePlaces(
  images: ImageDirectory,
  { id, image }: Pick<SocketFacts, 'id' | 'image'>,
  socket: SocketMessage,
  signal?: AbortSignal,
): Promise<readonly ImagePlace[]> {
  const name = image.slice(image.lastIndexOf('/') + 1);
  const places = [await findPlace(images, name, (message) => 'id' in message && message.id === id, signal)];
  if (socket.kind === 'inet' && hasStream(socket.message)) {
    const stream = fileOf('TCP_STREAM', socket.message.ino);
    if (images.has(stream)) places.push({ image: images.path(stream) });
  }
  const queue = SocketQueues.packetImage;
  if (socket.kind === 'unix' && images.has(queue)) {
    const first = await findPlace(images, queue, (message) => 'id_for' in message && message.id_for === id, signal);
    if (first.entry !== undefined) places.push(first);
  }
  return places;
}
