import { escapeText } from '../../src/protocol/format.ts';
import type { RegisterRole, ThreadRegisters } from '../../src/protocol/registers.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { ErrorState } from '../parts/states.tsx';
import { useSession } from '../session.ts';
import type { Resource } from '../state/resource.ts';
import { t } from '../text.ts';
import { addressText, type AddressMap } from './address-map.ts';

/** The registers of the chosen thread; those that are addresses of something lead there. */
export function Registers(props: {
  map: AddressMap;
  registers: Resource<Wire<ThreadRegisters>>;
  onGo: (address: bigint) => void;
}) {
  const { map, registers, onGo } = props;
  const session = useSession();
  if (!registers.value) {
    if (registers.error === undefined) return <p class="muted hint">{t('Reading…')}</p>;
    return <ErrorState error={registers.error} onLog={() => session.run(session.host.showLog())} />;
  }
  const { general, floating, architecture } = registers.value;
  if (general.length === 0) {
    return <p class="muted hint">{t('The registers of this architecture ({0}) are not known.', architecture)}</p>;
  }
  return (
    <div class="registers">
      <table>
        <tbody>
          {general.map(({ name, value, bits, role }) => {
            const address = BigInt(value);
            const place = map.describe(address);
            return (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="code">{address.toString(16).padStart(bits / 4, '0')}</td>
                <td>
                  {place === undefined ? null : (
                    <button type="button" class="link code" onClick={() => onGo(address)}>
                      {escapeText(place)}
                    </button>
                  )}{' '}
                  {role && <span class="muted">{roleText(role)}</span>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <h3>{t('Floating point and vectors')}</h3>
      <table>
        <tbody>
          {floating.map(({ name, bytes }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="code" colSpan={2}>
                {rawText(bytes)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Shortcuts to where the chosen thread's most telling registers point. */
export function RegisterLinks(props: {
  map: AddressMap;
  registers: Wire<ThreadRegisters> | undefined;
  onGo: (address: bigint) => void;
}) {
  const { map, registers, onGo } = props;
  const wanted: readonly RegisterRole[] = ['stack', 'instruction', 'frame', 'thread'];
  const found = wanted.flatMap(
    (role) => registers?.general.filter((register) => register.role === role && map.at(BigInt(register.value))) ?? [],
  );
  return (
    <>
      {found.map(({ name, value, role }) => (
        <button
          key={name}
          type="button"
          class="register-link"
          title={`${role ? roleText(role) : name}: 0x${addressText(BigInt(value), map.pointerBytes)} · ${escapeText(map.describe(BigInt(value)) ?? '')}`}
          onClick={() => onGo(BigInt(value))}
        >
          {name}
        </button>
      ))}
    </>
  );
}

function roleText(role: RegisterRole): string {
  switch (role) {
    case 'instruction':
      return t('instruction pointer');
    case 'stack':
      return t('stack pointer');
    case 'frame':
      return t('frame pointer');
    case 'thread':
      return t('the thread’s own data (TLS)');
    case 'return':
      return t('return address');
    case 'flags':
      return t('flags');
  }
}

/** Bytes as they lie in memory, in groups of four. */
function rawText(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  const groups: string[] = [];
  for (let at = 0; at < digits.length; at += 4) groups.push(digits.slice(at, at + 4).join(''));
  return groups.join(' ');
}
