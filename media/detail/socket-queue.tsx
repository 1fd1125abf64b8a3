import { formatExactBytes, formatSize } from '../../src/protocol/format.ts';
import type { SocketPeerView, SocketQueue } from '../../src/protocol/sockets.ts';
import { useState } from 'preact/hooks';
import { useSession } from '../session.ts';
import { t, tn } from '../text.ts';
import { hexDump, messageText } from './bytes-text.ts';
import { Section } from './pane.tsx';
import { Peer } from './socket.tsx';

/** So many messages are shown one by one. */
const MAX_SHOWN = 20;

/** What stands in a queue: how much, its first bytes, message by message where there are messages, and the files in it. */
export function Queue({
  title,
  queue,
  preview,
  passed,
}: {
  title: string;
  queue: SocketQueue;
  preview: Uint8Array | undefined;
  passed: readonly SocketPeerView[];
}) {
  const session = useSession();
  const [asHex, setAsHex] = useState(false);
  const { bytes, unsent = 0, missing = 0, packetCount, contents } = queue;
  if (bytes === 0) return null;
  const actions = contents !== undefined && (
    <>
      <button type="button" class="link" onClick={() => setAsHex(!asHex)}>
        {asHex ? t('Text') : t('Hex')}
      </button>{' '}
      <button type="button" class="link" onClick={() => session.run(session.host.openFile(contents))}>
        {t('Open')}
      </button>{' '}
      <button type="button" class="link" onClick={() => session.run(session.host.saveFile(contents))}>
        {t('Save…')}
      </button>
    </>
  );
  return (
    <Section title={title} actions={actions}>
      <p>
        <span title={formatExactBytes(bytes)}>{formatSize(bytes)}</span>
        {packetCount !== undefined && (
          <span class="muted"> {tn(packetCount, 'in one message', 'in {0} messages')}</span>
        )}
        {unsent > 0 && <span class="muted"> · {t('{0} at its end not sent yet', formatSize(unsent))}</span>}
      </p>
      {missing > 0 && <p class="warning-text">{t('{0} of it are missing in the image.', formatSize(missing))}</p>}
      {preview && preview.length > 0 && <Pieces queue={queue} preview={preview} asHex={asHex} />}
      {passed.length > 0 && (
        <ul class="plain-list">
          {passed.map((peer, index) => (
            <Peer key={index} peer={peer} text={t('brings along')} />
          ))}
        </ul>
      )}
    </Section>
  );
}

function Pieces({ queue, preview, asHex }: { queue: SocketQueue; preview: Uint8Array; asHex: boolean }) {
  const pieces = cut(queue, preview);
  const rest = queue.bytes - (queue.missing ?? 0) - pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
  return (
    <>
      {pieces.map((piece, index) => (
        <div key={index} class="message">
          <pre class="code">{asHex ? hexDump(piece.bytes) : messageText(piece.bytes)}</pre>
          {piece.files > 0 && (
            <p class="muted">
              {tn(piece.files, 'An open file goes with it (SCM_RIGHTS).', '{0} open files go with it (SCM_RIGHTS).')}
            </p>
          )}
        </div>
      ))}
      {rest > 0 && <p class="muted">{t('… {0} more', formatSize(rest))}</p>}
    </>
  );
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly files: number;
}

/** The preview message by message; of a stream all at once. */
function cut({ packets }: SocketQueue, preview: Uint8Array): readonly Piece[] {
  if (!packets || packets.length === 0) return [{ bytes: preview, files: 0 }];
  const pieces: Piece[] = [];
  let at = 0;
  for (const { bytes, files } of packets.slice(0, MAX_SHOWN)) {
    if (at >= preview.length && bytes > 0) break;
    pieces.push({ bytes: preview.subarray(at, at + bytes), files: files.length });
    at += bytes;
  }
  return pieces;
}
