import { Component } from 'preact';
import { escapeText } from '../../src/protocol/format.ts';
import type { MemorySource } from '../../src/protocol/memory.ts';
import { Icon } from '../parts/icon.tsx';
import { t } from '../text.ts';
import { addressText, type AddressMap } from './address-map.ts';
import type { ByteAt, ByteCache } from './byte-cache.ts';
import { ROW_BYTES, type Span } from './hex-model.ts';
import { pointerAt } from './inspect.ts';
import { originText } from './words.ts';

interface RowProps {
  readonly map: AddressMap;
  readonly cache: ByteCache;
  /** First address of the row; bytes before `from` and from `to` on are not of this mapping. */
  readonly address: bigint;
  readonly from: bigint;
  readonly to: bigint;
  readonly y: number;
  readonly cursor: bigint;
  readonly selection: Span;
  readonly mark: Span | undefined;
  /** Whether there is room to say where words point to. */
  readonly pointers: boolean;
  /** Counts up whenever bytes have come. */
  readonly revision: number;
}

export function byteId(address: bigint): string {
  return `byte-${address.toString(16)}`;
}

/** Sixteen bytes: where they are, their address, digits, letters, and what they point to. */
export class HexRow extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const old = this.props;
    if (next.address !== old.address || next.y !== old.y || next.revision !== old.revision) return true;
    if (next.map !== old.map || next.cache !== old.cache || next.pointers !== old.pointers) return true;
    return rowMarks(old) !== rowMarks(next);
  }

  override render({ map, cache, address, from, to, y, cursor, selection, mark, pointers }: RowProps) {
    const bytes: (ByteAt | undefined | null)[] = Array.from({ length: ROW_BYTES }, (_, at) => {
      const place = address + BigInt(at);
      return place < from || place >= to ? null : cache.at(place);
    });
    const classOf = (at: number): string => {
      const place = address + BigInt(at);
      const byte = bytes[at];
      return [
        'byte',
        byte === null ? 'outside' : byte === undefined ? 'waiting' : byte.value === undefined ? 'missing' : '',
        byte?.value === 0 ? 'zero' : '',
        place >= selection.start && place < selection.end ? 'selected' : '',
        place === cursor ? 'cursor' : '',
        mark && place >= mark.start && place < mark.end ? 'marked' : '',
        at === ROW_BYTES / 2 ? 'half' : '',
      ].join(' ');
    };
    const origins = originsOf(bytes);
    return (
      <div class="hex-row" role="row" style={{ transform: `translateY(${String(y)}px)` }}>
        <Gutter origins={origins} />
        <span class="hex-address" role="rowheader">
          {addressText(address, map.pointerBytes)}
        </span>
        <span class="hex-digits" role="presentation">
          {bytes.map((byte, at) => (
            <span
              key={at}
              id={address + BigInt(at) === cursor ? byteId(cursor) : undefined}
              role="gridcell"
              class={classOf(at)}
              data-at={at}
              aria-label={address + BigInt(at) === cursor ? byteLabel(cursor, byte) : undefined}
            >
              {digits(byte)}
            </span>
          ))}
        </span>
        <span class="hex-letters" aria-hidden="true">
          {bytes.map((byte, at) => (
            <span key={at} class={classOf(at)} data-at={at}>
              {letter(byte)}
            </span>
          ))}
        </span>
        {pointers && <Pointers map={map} bytes={bytes} address={address} />}
      </div>
    );
  }
}

/** What of the cursor, the selection and the mark lies in the row. */
function rowMarks({ address, cursor, selection, mark }: RowProps): string {
  const end = address + BigInt(ROW_BYTES);
  const part = (span: Span | undefined): string => {
    if (!span || span.end <= address || span.start >= end) return '';
    const from = span.start > address ? span.start : address;
    const to = span.end < end ? span.end : end;
    return `${String(from)}-${String(to)}`;
  };
  const at = cursor >= address && cursor < end ? String(cursor) : '';
  return `${at} ${part(selection)} ${part(mark)}`;
}

interface Origin {
  readonly source: MemorySource;
  readonly here: boolean;
}

function originsOf(bytes: readonly (ByteAt | undefined | null)[]): readonly Origin[] {
  const origins: Origin[] = [];
  for (const byte of bytes) {
    if (!byte) continue;
    const { source, value } = byte;
    const here = value !== undefined;
    const last = origins.at(-1);
    if (last?.source !== source || last.here !== here) origins.push({ source, here });
  }
  return origins;
}

function Gutter({ origins }: { origins: readonly Origin[] }) {
  const title = origins.map(({ source, here }) => originText(source, here)).join('\n');
  return (
    <span class="hex-gutter" title={title}>
      {origins.map(({ source, here }, at) => (
        <span key={at} class={`source-${source} ${here ? '' : 'absent'}`} />
      ))}
    </span>
  );
}

/** Where the row's words point to, if they are addresses of something. */
function Pointers(props: { map: AddressMap; bytes: readonly (ByteAt | undefined | null)[]; address: bigint }) {
  const { map, bytes, address } = props;
  const size = map.pointerBytes;
  const found = [];
  const first = Number((BigInt(size) - (address % BigInt(size))) % BigInt(size));
  for (let at = first; at + size <= ROW_BYTES; at += size) {
    const values = bytes.slice(at, at + size).map((byte) => byte?.value);
    if (values.includes(undefined)) continue;
    const target = pointerAt(Uint8Array.from(values as number[]), size, map.littleEndian);
    const label = target === undefined ? undefined : map.label(target);
    if (target === undefined || label === undefined) continue;
    found.push(
      <button
        key={at}
        type="button"
        class="link pointer"
        tabIndex={-1}
        data-target={target.toString(16)}
        title={t('At {0} stands the address {1}. Click to go there.', hex(address + BigInt(at)), hex(target))}
      >
        <Icon name="arrow-small-right" />
        {escapeText(label)}
      </button>,
    );
  }
  return <span class="hex-pointers">{found}</span>;
}

function digits(byte: ByteAt | undefined | null): string {
  if (byte === null) return '  ';
  if (byte === undefined) return '··';
  return byte.value === undefined ? '··' : byte.value.toString(16).padStart(2, '0');
}

function letter(byte: ByteAt | undefined | null): string {
  if (byte === null) return ' ';
  if (byte?.value === undefined) return '·';
  return byte.value >= 0x20 && byte.value < 0x7f ? String.fromCharCode(byte.value) : '.';
}

function byteLabel(address: bigint, byte: ByteAt | undefined | null): string {
  if (byte === undefined || byte === null) return hex(address);
  if (byte.value === undefined) return `${hex(address)}: ${originText(byte.source, false)}`;
  return t('{0}: {1}, “{2}”', hex(address), byte.value.toString(16).padStart(2, '0'), letter(byte));
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
