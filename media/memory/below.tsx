import type { ThreadRegisters } from '../../src/protocol/registers.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import type { Resource } from '../state/resource.ts';
import { t } from '../text.ts';
import type { ByteCache } from './byte-cache.ts';
import type { HexModel } from './hex-model.ts';
import { Inspector } from './inspector.tsx';
import type { ReadWhole } from './read-whole.ts';
import { Registers } from './registers.tsx';
import { StatusLine } from './status-line.tsx';
import { useChanges } from './use-changes.ts';

export type BelowName = 'inspector' | 'registers';

/** Below the bytes: where the cursor is, and what stands there or in the registers. */
export function Below(props: {
  model: HexModel;
  cache: ByteCache;
  registers: Resource<Wire<ThreadRegisters>>;
  readWhole: ReadWhole;
  shown: BelowName;
  onShow: (name: BelowName) => void;
  onGo: (address: bigint) => void;
}) {
  const { model, cache, registers, readWhole, shown, onShow, onGo } = props;
  useChanges(model);
  useChanges(cache);
  const tab = (name: BelowName, label: string) => (
    <button
      type="button"
      role="tab"
      class={`small-tab ${shown === name ? 'current' : ''}`}
      aria-selected={shown === name}
      aria-controls="memory-below"
      onClick={() => onShow(name)}
    >
      {label}
    </button>
  );
  return (
    <>
      <StatusLine model={model} cache={cache} readWhole={readWhole} />
      <div class="memory-below">
        <div class="small-tabs" role="tablist" aria-label={t('What stands there')}>
          {tab('inspector', t('Inspector'))}
          {tab('registers', t('Registers'))}
        </div>
        <div id="memory-below" class="memory-below-body" role="tabpanel">
          {shown === 'inspector' ? (
            <Inspector map={model.map} cache={cache} cursor={model.cursor} onGo={onGo} />
          ) : (
            <Registers map={model.map} registers={registers} onGo={onGo} />
          )}
        </div>
      </div>
    </>
  );
}
