import { escapeText } from '../../src/protocol/format.ts';
import { Icon } from '../parts/icon.tsx';
import { CopyButton } from '../parts/values.tsx';
import { t } from '../text.ts';
import { hexText, type AddressMap } from './address-map.ts';
import type { ByteCache } from './byte-cache.ts';
import { inspect, INSPECTED, pointerAt, type Row } from './inspect.ts';
import { kindText, originText } from './words.ts';

/** What the bytes at the cursor mean: numbers in both byte orders, times, texts, and where they point to. */
export function Inspector(props: {
  map: AddressMap;
  cache: ByteCache;
  cursor: bigint;
  onGo: (address: bigint) => void;
}) {
  const { map, cache, cursor, onGo } = props;
  const bytes = cache.bytesFrom(cursor, INSPECTED);
  const byte = cache.at(cursor);
  if (bytes.length === 0) {
    return (
      <p class="muted hint">
        {byte === undefined ? t('Reading…') : t('There is no byte here: {0}.', originText(byte.source, false))}
      </p>
    );
  }
  const { integers, floats, times, utf8, utf16 } = inspect(bytes, map.littleEndian);
  return (
    <div class="inspector">
      <PointerFact map={map} bytes={bytes} onGo={onGo} />
      {(utf8 !== '' || utf16 !== '') && (
        <dl class="inspector-texts">
          <TextFact label="UTF-8" text={utf8} />
          <TextFact label="UTF-16" text={utf16} />
        </dl>
      )}
      <Numbers rows={integers} />
      <Numbers rows={[...floats, ...times]} />
    </div>
  );
}

function PointerFact({ map, bytes, onGo }: { map: AddressMap; bytes: Uint8Array; onGo: (address: bigint) => void }) {
  const target = pointerAt(bytes, map.pointerBytes, map.littleEndian);
  const place = target === undefined ? undefined : map.describe(target);
  return (
    <p class="inspector-pointer">
      <span class="muted">{t('pointer')}</span>{' '}
      {target === undefined ? (
        <span class="muted">{t('fewer than {0} bytes are here', map.pointerBytes)}</span>
      ) : place === undefined ? (
        <>
          <span class="code">{hexText(target)}</span> <span class="muted">{t('points to nothing that is mapped')}</span>
        </>
      ) : (
        <>
          <span class="code">{hexText(target)}</span> <Icon name="arrow-small-right" />{' '}
          <button
            type="button"
            class="link code"
            title={t('Go there (Enter); Alt+← leads back')}
            onClick={() => onGo(target)}
          >
            {escapeText(place)}
          </button>{' '}
          <span class="muted">{pointedAt(map, target)}</span>
        </>
      )}
    </p>
  );
}

/** What kind of memory it is, and what may be done with it. */
function pointedAt(map: AddressMap, target: bigint): string {
  const region = map.at(target);
  return region ? `${kindText(region.kind)} ${region.permissions}` : '';
}

function Numbers({ rows }: { rows: readonly Row[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th />
          <th scope="col">{t('little-endian')}</th>
          <th scope="col">{t('big-endian')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <NumberRow key={row.name} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function NumberRow({ row: { name, little, big } }: { row: Row }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="code">{little}</td>
      <td class="code">{big}</td>
    </tr>
  );
}

function TextFact({ label, text }: { label: string; text: string }) {
  if (text === '') return null;
  return (
    <div>
      <dt>{label}</dt>
      <dd class="code">
        <span class="copyable">
          {escapeText(text)}
          <CopyButton text={text} />
        </span>
      </dd>
    </div>
  );
}
