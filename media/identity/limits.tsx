import { formatDuration, formatSize } from '../../src/protocol/format.ts';
import type { LimitFact, LimitUnit } from '../../src/protocol/isolation.ts';
import type { HexString, Wire } from '../../src/protocol/wire.ts';
import { Block } from '../parts/facts.tsx';
import { formatNumber, t } from '../text.ts';

/** Resource limits, as `ulimit -a` shows them. */
export function Limits({ limits }: { limits: readonly Wire<LimitFact>[] }) {
  return (
    <Block title={t('Resource limits')}>
      <table class="plain-table limits">
        <thead>
          <tr>
            <th>{t('Limit')}</th>
            <th class="right">{t('soft')}</th>
            <th class="right">{t('hard')}</th>
            <th>{t('unit')}</th>
          </tr>
        </thead>
        <tbody>
          {limits.map((limit) => (
            <tr key={limit.name} class={limit.soft === undefined && limit.hard === undefined ? 'muted' : ''}>
              <td title={limit.name}>{t(limit.label)}</td>
              <Bound value={limit.soft} unit={limit.unit} asked={limit.asked && { value: limit.asked.soft }} />
              <Bound value={limit.hard} unit={limit.unit} asked={limit.asked && { value: limit.asked.hard }} />
              <td class="muted">{unitName(limit.unit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Block>
  );
}

interface Asked {
  readonly value: HexString | undefined;
}

function Bound({ value, unit, asked }: { value: HexString | undefined; unit: LimitUnit; asked: Asked | undefined }) {
  const differs = asked !== undefined && asked.value !== value;
  const title = differs ? t('The specification asks for {0}.', boundText(asked.value, unit)) : undefined;
  return (
    <td class={`right ${differs ? 'differs' : ''}`} title={title ?? exact(value)}>
      {boundText(value, unit)}
      {differs && ' *'}
    </td>
  );
}

function boundText(value: HexString | undefined, unit: LimitUnit): string {
  if (value === undefined) return t('unlimited');
  const number = BigInt(value);
  if (unit === 'bytes') return formatSize(number);
  return unit === 'microseconds' ? formatDuration(number) : formatNumber(number);
}

function exact(value: HexString | undefined): string | undefined {
  return value === undefined ? undefined : String(BigInt(value));
}

function unitName(unit: LimitUnit): string {
  switch (unit) {
    case 'seconds':
      return t('seconds');
    case 'processes':
      return t('processes');
    case 'files':
      return t('files');
    case 'locks':
      return t('locks');
    case 'signals':
      return t('signals');
    case 'bytes':
    case 'microseconds':
    case 'none':
      return '';
  }
}
