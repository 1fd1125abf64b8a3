import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Spot } from '../../src/protocol/place.ts';
import type { ThreadRegisters } from '../../src/protocol/registers.ts';
import type { Wire } from '../../src/protocol/wire.ts';
import { useSession, type Session } from '../session.ts';
import { hexText, type Region } from './address-map.ts';
import { GO_ID } from './go-box.tsx';
import type { HexModel } from './hex-model.ts';
import { heldBytes } from './strip-pieces.ts';

const KEEP_AFTER_MS = 300;

/** What the tab remembers beside its place, as the texts that it is kept as. */
export function choose(session: Session, choice: Readonly<Record<string, string>>): void {
  const { choices } = session.page.get().tabs.memory;
  session.updateTab('memory', { choices: { ...choices, ...choice } });
}

/**
 * Leads to the place that was asked for; where none was, to where the person left off in this process, to the top of
 * its stack, or to the first mapping of which anything was dumped.
 * @param ready the registers have come, or will not
 */
export function usePlace(
  model: HexModel,
  spot: Spot | undefined,
  registers: Wire<ThreadRegisters> | undefined,
  ready: boolean,
): void {
  const session = useSession();
  const shown = useRef<{ readonly model: HexModel; readonly spot: Spot | undefined } | undefined>(undefined);
  useLayoutEffect(() => {
    const last = shown.current;
    if (last?.model === model && last.spot === spot) return;
    const { choices } = session.page.get().tabs.memory;
    const { pid } = model.map;
    const isNew = last?.model !== model;
    const asked = addressOf(spot?.address);
    const left = choices['pid'] === String(pid) ? addressOf(choices['cursor']) : undefined;
    // Come back to the tab: the cursor may have moved on from its place.
    const resumed = last === undefined && choices['spot'] === spotKey(spot) ? left : undefined;
    const there =
      (resumed !== undefined && model.goTo(resumed)) || (asked !== undefined && model.goTo(asked, spot?.length));
    if (!there && isNew) {
      const known = left !== undefined && model.map.at(left) ? left : undefined;
      const start = known ?? (ready ? startOf(model, registers) : undefined);
      if (start !== undefined) session.moveTo('memory', { address: hexText(start) });
      return;
    }
    shown.current = { model, spot };
    choose(session, { pid: String(pid), spot: spotKey(spot), cursor: hexText(model.cursor) });
  }, [session, model, spot, registers, ready]);
}

/** The top of the stack, else the first mapping of which anything was dumped, else the first one. */
function startOf({ map }: HexModel, registers: Wire<ThreadRegisters> | undefined): bigint | undefined {
  const stack = registers?.general.find(({ role }) => role === 'stack');
  if (stack && map.at(BigInt(stack.value))) return BigInt(stack.value);
  return (map.regions.find((region) => heldBytes(region) > 0) ?? map.regions[0])?.start;
}

/** The mapping that is shown; its row in the grid is the one with the focus. */
export function useRegion(model: HexModel): Region | undefined {
  const session = useSession();
  const [region, setRegion] = useState(model.region);
  useEffect(() => {
    const tell = () => setRegion(model.region);
    tell();
    return model.subscribe(tell);
  }, [model]);
  const current = region && model.map.regions[region.index] === region ? region : undefined;
  useEffect(() => {
    if (!current) return;
    const grid = session.grids.memory;
    const id = hexText(current.start);
    if (grid.source.view.of === String(model.map.pid) && session.gridState('memory').focus !== id) {
      session.run(grid.reveal(id));
    }
  }, [session, model, current]);
  return current;
}

/** Remembers where the cursor is, once it rests. */
export function useKeptCursor(model: HexModel): void {
  const session = useSession();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const keep = () => choose(session, { cursor: hexText(model.cursor) });
    const stop = model.subscribe(() => {
      clearTimeout(timer);
      timer = setTimeout(keep, KEEP_AFTER_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [session, model]);
}

/** Ctrl+G from anywhere in the tab. */
export function useGoKey(): void {
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const isGo =
        event.key.toLowerCase() === 'g' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
      if (!isGo || event.defaultPrevented) return;
      event.preventDefault();
      document.getElementById(GO_ID)?.focus();
    };
    window.addEventListener('keydown', key);
    return () => window.removeEventListener('keydown', key);
  }, []);
}

/** By name, and by the other names that people have for some. */
export function registersByName(registers: Wire<ThreadRegisters> | undefined): ReadonlyMap<string, bigint> {
  const byName = new Map<string, bigint>();
  const aliases = {
    instruction: ['pc', 'ip'],
    stack: ['sp'],
    frame: ['fp'],
    thread: ['tls'],
    return: ['lr'],
    flags: [],
  };
  for (const { name, value } of registers?.general ?? []) byName.set(name.toLowerCase(), BigInt(value));
  for (const { value, role } of registers?.general ?? []) {
    for (const alias of role ? aliases[role] : []) if (!byName.has(alias)) byName.set(alias, BigInt(value));
  }
  return byName;
}

function spotKey(spot: Spot | undefined): string {
  return spot?.address === undefined ? '' : `${spot.address}+${String(spot.length ?? 0)}`;
}

function addressOf(text: string | undefined): bigint | undefined {
  return text !== undefined && /^0x[0-9a-f]{1,16}$/i.test(text) ? BigInt(text) : undefined;
}
