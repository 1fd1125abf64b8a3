import { escapeText, formatSize } from '../../src/protocol/format.ts';
import type { MemoryProcess } from '../../src/protocol/memory.ts';
import { useSession } from '../session.ts';
import { t } from '../text.ts';
import type { AddressMap } from './address-map.ts';

/** Whose memory is shown: choosing another makes it the subject of every tab. */
export function ProcessPicker({ processes, pid }: { processes: readonly MemoryProcess[]; pid: number | undefined }) {
  const session = useSession();
  const listed = processes.some((process) => process.pid === pid);
  return (
    <label class="picker">
      <span class="muted">{t('Process')}</span>
      <select
        value={pid === undefined ? '' : String(pid)}
        onChange={(event) => session.choose(Number(event.currentTarget.value))}
      >
        {!listed && pid !== undefined && <option value={String(pid)}>{String(pid)}</option>}
        {processes.map(({ pid: id, comm, dumpedBytes }) => (
          <option key={id} value={String(id)}>
            {`${String(id)} ${escapeText(comm ?? '')} · ${formatSize(dumpedBytes)}`}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Whose registers are shown. */
export function ThreadPicker(props: { threads: AddressMap['threads']; tid: number; onChoose: (tid: number) => void }) {
  const { threads, tid, onChoose } = props;
  if (threads.length < 2) return null;
  return (
    <label class="picker">
      <span class="muted">{t('Thread')}</span>
      <select value={String(tid)} onChange={(event) => onChoose(Number(event.currentTarget.value))}>
        {threads.map(({ tid: id, comm }) => (
          <option key={id} value={String(id)}>
            {`${String(id)} ${escapeText(comm ?? '')}`}
          </option>
        ))}
      </select>
    </label>
  );
}
