import { useMemo } from 'preact/hooks';
import { AddressMap } from '../memory/address-map.ts';
import { MemoryExplorer } from '../memory/explorer.tsx';
import { ProcessPicker } from '../memory/pickers.tsx';
import { ErrorState, FullState, Skeleton } from '../parts/states.tsx';
import { useSession } from '../session.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { t } from '../text.ts';
import type { TabProps } from './tabs.tsx';

/**
 * The memory of the process that all tabs are about; where none was chosen, of the first one. What is about all of the
 * checkpoint's memory stands below.
 */
export function MemoryTab({ notes }: Pick<TabProps, 'notes'>) {
  const session = useSession();
  const subject = useStore(session.page, (page) => page.subject);
  const version = useStore(session.version, (count) => count);
  const processes = useResource((signal) => session.host.memoryProcesses(signal), 'processes', version);
  const pid = subject ?? processes.value?.[0]?.pid;
  const outline = useResource(
    pid === undefined ? undefined : (signal) => session.host.memoryOutline(pid, signal),
    String(pid),
    version,
  );
  const known = outline.value?.pid === pid ? outline.value : undefined;
  const map = useMemo(() => known && new AddressMap(known), [known]);
  const showLog = () => session.run(session.host.showLog());

  if (processes.error !== undefined) return <ErrorState error={processes.error} onLog={showLog} />;
  if (processes.value && pid === undefined) {
    const text =
      notes.length > 0
        ? t('This checkpoint has no process whose memory can be shown. The notes say what is missing.')
        : t('This checkpoint has no process whose memory was dumped.');
    return <FullState icon="circle-slash" text={text} />;
  }
  if (map) {
    return (
      <div class="memory">
        <MemoryExplorer key={map.pid} map={map} processes={processes.value ?? []} />
      </div>
    );
  }
  if (outline.error !== undefined && outline.key === String(pid)) {
    return (
      <div class="memory">
        <div class="memory-bar">
          <ProcessPicker processes={processes.value ?? []} pid={pid} />
        </div>
        <ErrorState error={outline.error} onLog={showLog} />
      </div>
    );
  }
  return <Skeleton />;
}
