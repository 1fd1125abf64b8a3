import { useEffect, useState } from 'preact/hooks';
import { escapeText } from '../../src/protocol/format.ts';
import { Icon } from '../parts/icon.tsx';
import { t } from '../text.ts';
import { hexText, type AddressMap } from './address-map.ts';
import { resolveAddress } from '../../src/protocol/address-expression.ts';

export const GO_ID = 'go-to-address';

/** Where to go, as people write addresses. Under what is typed stands what it means. */
export function GoBox(props: {
  map: AddressMap;
  registers: ReadonlyMap<string, bigint>;
  cursor: () => bigint;
  onGo: (address: bigint) => void;
  onLeave: () => void;
}) {
  const { map, registers, cursor, onGo, onLeave } = props;
  const [text, setText] = useState('');
  const [open, setOpen] = useState(false);
  const resolved = resolveAddress(text, { map, registers, cursor: cursor() });
  const address = 'address' in resolved ? resolved.address : undefined;
  useEffect(() => setText(''), [map]);

  const key = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      setText('');
      onLeave();
    } else if (event.key === 'Enter' && address !== undefined) {
      event.preventDefault();
      onGo(address);
      setText('');
      onLeave();
    }
  };
  return (
    <div class="go-box">
      <Icon name="target" />
      <input
        id={GO_ID}
        type="text"
        spellcheck={false}
        autocomplete="off"
        role="combobox"
        aria-expanded={open && text !== ''}
        aria-controls="go-meaning"
        placeholder={t('Go to address (Ctrl+G)')}
        aria-label={t('Go to address')}
        title={t('0x7f0b991e7000, 4198400, rsp, [stack], libc.so.6+0x40, +16')}
        aria-describedby="go-meaning"
        value={text}
        list="go-names"
        onFocus={(event) => {
          setOpen(true);
          event.currentTarget.select();
        }}
        onBlur={() => setOpen(false)}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={key}
      />
      <datalist id="go-names">
        {[...registers.keys(), ...map.names()].slice(0, MAX_NAMES).map((name) => (
          <option key={name} value={escapeText(name)} />
        ))}
      </datalist>
      <p
        id="go-meaning"
        class={`go-meaning ${address === undefined ? 'wrong' : ''}`}
        hidden={!open || text.trim() === ''}
      >
        {meaning(resolved, map)}
      </p>
    </div>
  );
}

const MAX_NAMES = 200;

function meaning(resolved: ReturnType<typeof resolveAddress>, map: AddressMap): string {
  if ('unknown' in resolved) {
    return t('“{0}” is no address, register or mapping.', escapeText(resolved.unknown.slice(0, 40)));
  }
  const { address } = resolved;
  const place = map.describe(address);
  return place === undefined
    ? t('{0}: no mapping covers it', hexText(address))
    : `${hexText(address)} · ${escapeText(place)}`;
}
