import type { CapabilityDefaults, CapabilityRow, CapabilitySet, CapabilityTable } from '../../../protocol/isolation.ts';
import type { Engine } from '../../../protocol/overview.ts';
import type { CredsEntry } from '../../criu/schema/generated/messages.ts';
import { capabilityNames } from '../capabilities.ts';
import { asObject, asTexts, type JsonObject } from '../json.ts';

const COMMON = 'CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETGID SETPCAP SETUID';

/**
 * What each engine gives a container of which nobody asked for anything. Sources: containers/common
 * pkg/config/containers.conf, default_capabilities; cri-o internal/config/capabilities; moby daemon/pkg/oci/caps
 * (containerd's CRI gives the same, as containers of its 2.1 show).
 */
const DEFAULTS: Readonly<Record<CapabilityDefaults, ReadonlySet<string>>> = {
  podman: names(`${COMMON} SETFCAP SYS_CHROOT`),
  'cri-o': names(COMMON),
  containerd: names(`${COMMON} AUDIT_WRITE MKNOD NET_RAW SETFCAP SYS_CHROOT`),
  docker: names(`${COMMON} AUDIT_WRITE MKNOD NET_RAW SETFCAP SYS_CHROOT`),
};

const SETS: readonly CapabilitySet[] = ['effective', 'permitted', 'inheritable', 'bounding', 'ambient'];
const FIELDS = {
  effective: 'cap_eff',
  permitted: 'cap_prm',
  inheritable: 'cap_inh',
  bounding: 'cap_bnd',
  ambient: 'cap_amb',
} as const satisfies Record<CapabilitySet, keyof CredsEntry>;
const WORDS = 2;

/** Every capability that the kernel knows, and of unknown ones those that a set has. */
export function describeCapabilities(
  credentials: CredsEntry,
  engine: Engine,
  spec: JsonObject | undefined,
): CapabilityTable {
  const defaults = engine === 'criu' ? undefined : engine;
  const asked = askedCapabilities(spec);
  const rows: CapabilityRow[] = [];
  for (let number = 0; number < WORDS * 32; number++) {
    const known = capabilityNames[number]?.toUpperCase();
    const sets = SETS.filter((set) => hasCapability(credentials[FIELDS[set]], number));
    if (known === undefined && sets.length === 0) continue;
    const name = known ?? `CAP_${number}`;
    const byDefault = defaults !== undefined && DEFAULTS[defaults].has(name);
    rows.push({
      name,
      number,
      sets,
      byDefault,
      asked: SETS.filter((set) => asked?.[set].has(name)),
      beyondDefault: defaults !== undefined && !byDefault && sets.length > 0,
    });
  }
  return {
    rows,
    ...(defaults && { defaults }),
    asked: asked !== undefined,
    untold: SETS.filter((set) => credentials[FIELDS[set]].length === 0),
  };
}

/** Two 32-bit words, the low one first. */
export function hasCapability(words: readonly number[], number: number): boolean {
  return (((words[number >> 5] ?? 0) >>> (number & 31)) & 1) === 1;
}

function askedCapabilities(
  spec: JsonObject | undefined,
): Readonly<Record<CapabilitySet, ReadonlySet<string>>> | undefined {
  const wishes = asObject(asObject(spec?.['process'])?.['capabilities']);
  if (!wishes) return undefined;
  const set = (name: CapabilitySet): ReadonlySet<string> => new Set(asTexts(wishes[name]));
  return {
    effective: set('effective'),
    permitted: set('permitted'),
    inheritable: set('inheritable'),
    bounding: set('bounding'),
    ambient: set('ambient'),
  };
}

function names(list: string): ReadonlySet<string> {
  return new Set(list.split(' ').map((name) => `CAP_${name}`));
}
