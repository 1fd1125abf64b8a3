import { useEffect, useMemo } from 'preact/hooks';
import { escapeText } from '../../src/protocol/format.ts';
import type { MemoryProcess } from '../../src/protocol/memory.ts';
import { Split } from '../parts/split.tsx';
import { useSession } from '../session.ts';
import { useResource } from '../state/resource.ts';
import { useStore } from '../state/store.ts';
import { GridPane } from '../tabs/grid-tab.tsx';
import { t } from '../text.ts';
import { hexText, type AddressMap } from './address-map.ts';
import { Below } from './below.tsx';
import { ByteCache, type Read } from './byte-cache.ts';
import { choose, registersByName, useGoKey, useKeptCursor, usePlace, useRegion } from './explorer-state.ts';
import { GO_ID, GoBox } from './go-box.tsx';
import { HexModel } from './hex-model.ts';
import { HEX_ID, HexView } from './hex-view.tsx';
import { pointerAt } from './inspect.ts';
import type { HexAction } from './keys.ts';
import { ProcessPicker, ThreadPicker } from './pickers.tsx';
import { wholeReader } from './read-whole.ts';
import { RegionHead } from './region-head.tsx';
import { RegisterLinks } from './registers.tsx';
import { copySelection } from './status-line.tsx';
import { Strip } from './strip.tsx';

const DEFAULT_SHARE = 0.36;

/** The address space of one process: its mappings, and the bytes of the one that is chosen. */
export function MemoryExplorer({ map, processes }: { map: AddressMap; processes: readonly MemoryProcess[] }) {
  const session = useSession();
  const { pid } = map;
  const choices = useStore(session.page, (page) => page.tabs.memory.choices);
  const spot = useStore(session.page, (page) => page.tabs.memory.spot);
  const read = useMemo<Read>(
    () => (address, length, signal) => session.host.memoryRead(pid, hexText(address), length, signal),
    [session, pid],
  );
  const model = useMemo(() => new HexModel(map), [map]);
  const cache = useMemo(() => new ByteCache(read), [map, read]);
  const readWhole = useMemo(() => wholeReader(read), [read]);
  useEffect(() => () => cache.close(), [cache]);

  const tid = map.threads.find((thread) => String(thread.tid) === choices['thread'])?.tid ?? map.threads[0]?.tid ?? pid;
  const registersKey = `${String(pid)}/${String(tid)}`;
  const registers = useResource((signal) => session.host.memoryRegisters(pid, tid, signal), registersKey, 0);
  const known = registers.key === registersKey ? registers.value : undefined;
  const byName = useMemo(() => registersByName(known), [known]);

  usePlace(model, spot, known, !registers.loading);
  const region = useRegion(model);
  useKeptCursor(model);
  useGoKey();

  const toHex = () => document.getElementById(HEX_ID)?.focus();
  const go = (address: bigint) => {
    if (map.at(address)) session.moveTo('memory', { address: hexText(address) });
    else session.failure.set(new Error(t('No mapping of process {0} covers {1}.', pid, hexText(address))));
  };
  const act = (action: Exclude<HexAction, { readonly type: 'move' }>) => {
    switch (action.type) {
      case 'follow': {
        const bytes = cache.bytesFrom(model.cursor, map.pointerBytes);
        const target = pointerAt(bytes, map.pointerBytes, map.littleEndian);
        if (target !== undefined) go(target);
        return;
      }
      case 'go':
        document.getElementById(GO_ID)?.focus();
        return;
      case 'copy': {
        const copied = copySelection(model.selection, 'hex', readWhole, (text) => session.host.copyText(text));
        session.run(copied.then(() => session.announce(t('Copied'))));
        return;
      }
      case 'select-all':
        model.selectAll();
        return;
      case 'clear':
        model.clear();
    }
  };

  return (
    <Split
      share={Number(choices['split']) || DEFAULT_SHARE}
      onShare={(share) => choose(session, { split: String(share) })}
      first={
        <>
          <div class="memory-bar">
            <ProcessPicker processes={processes} pid={pid} />
          </div>
          <Strip map={map} current={region} onGo={({ start }) => go(start)} />
          <GridPane
            grid="memory"
            of={String(pid)}
            label={t('Mappings')}
            noMatch={(filter) => t('No mapping matches “{0}”.', escapeText(filter))}
            nothing={t('No image lists what this process had mapped.')}
            onDetail={toHex}
            onChosen={(id) => {
              const start = BigInt(id);
              if (model.region !== map.at(start)) go(start);
            }}
          />
        </>
      }
      second={
        <div class="memory-bytes">
          <div class="memory-bar">
            <ThreadPicker
              threads={map.threads}
              tid={tid}
              onChoose={(thread) => choose(session, { thread: String(thread) })}
            />
            <RegisterLinks map={map} registers={known} onGo={go} />
            <span class="grow" />
            <GoBox map={map} registers={byName} cursor={() => model.cursor} onGo={go} onLeave={toHex} />
          </div>
          {region && <RegionHead map={map} region={region} />}
          <HexView model={model} cache={cache} onGo={go} onAction={act} />
          <Below
            model={model}
            cache={cache}
            registers={registers}
            readWhole={readWhole}
            shown={choices['below'] === 'registers' ? 'registers' : 'inspector'}
            onShow={(below) => choose(session, { below })}
            onGo={go}
          />
        </div>
      }
    />
  );
}
