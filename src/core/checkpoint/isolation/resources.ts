import type { CgroupProperty } from '../../../protocol/isolation.ts';
import { asArray, asNumber, asObject, asStringMap, asText, at, type Json, type JsonObject } from '../json.ts';
import { describeProperty } from './cgroup-words.ts';

/**
 * The OCI spec's linux.resources as the files of version 2 that the runtime writes for it. A share of processor time
 * stays in version 1's form: how runtimes translate it has changed. Source: the OCI runtime specification,
 * config-linux.md, and its rules for cgroup v2.
 */
export function describeResources(spec: JsonObject | undefined): readonly CgroupProperty[] {
  const resources = asObject(at(spec, 'linux', 'resources'));
  if (!resources) return [];
  const values = new Map(
    [
      ...memory(asObject(resources['memory'])),
      ...cpu(asObject(resources['cpu'])),
      ...single('pids.max', at(resources, 'pids', 'limit'), unlimitedBelow(1)),
      ...hugePages(resources['hugepageLimits']),
      ...devices(resources['devices']),
      // What is asked for under its own name counts last.
      ...asStringMap(resources['unified']),
    ].map(([name, value]) => [name, value] as const),
  );
  return [...values].map(([name, value]) => {
    const { words, unlimited = false } = describeProperty(name, value, values);
    return { name, value, ...(words && { words }), unlimited, housekeeping: false };
  });
}

type Properties = readonly (readonly [name: string, value: string])[];

function memory(wishes: JsonObject | undefined): Properties {
  const limit = asNumber(wishes?.['limit']);
  const withSwap = asNumber(wishes?.['swap']);
  const swap = withSwap === undefined || withSwap < 0 || limit === undefined ? withSwap : withSwap - limit;
  return [
    ...single('memory.max', limit, unlimitedBelow(0)),
    ...single('memory.swap.max', swap, unlimitedBelow(0)),
    ...single('memory.low', wishes?.['reservation'], unlimitedBelow(0)),
    ...single('memory.swappiness', wishes?.['swappiness']),
  ];
}

function cpu(wishes: JsonObject | undefined): Properties {
  const quota = asNumber(wishes?.['quota']);
  const period = asNumber(wishes?.['period']);
  const share = quota === undefined || quota <= 0 ? 'max' : String(quota);
  return [
    ...(quota === undefined && period === undefined ? [] : ([['cpu.max', `${share} ${period ?? 100_000}`]] as const)),
    ...single('cpu.shares', wishes?.['shares']),
    ...single('cpu.idle', wishes?.['idle']),
    ...single('cpuset.cpus', wishes?.['cpus']),
    ...single('cpuset.mems', wishes?.['mems']),
  ];
}

function hugePages(list: Json | undefined): Properties {
  return asArray(list).flatMap((wish) => {
    const size = asText(at(wish, 'pageSize'));
    return size === undefined ? [] : single(`hugetlb.${size}.max`, at(wish, 'limit'));
  });
}

/** As version 1's devices.list: what is allowed, behind what is not. */
function devices(list: Json | undefined): Properties {
  const rules = asArray(list).map(asObject);
  const lines = rules.flatMap((rule) => {
    if (!rule) return [];
    const type = asText(rule['type']) ?? 'a';
    const what = `${type} ${deviceNumber(rule['major'])}:${deviceNumber(rule['minor'])} ${asText(rule['access']) ?? 'rwm'}`;
    return [`${rule['allow'] === true ? 'allow' : 'deny'} ${what}`];
  });
  return lines.length === 0 ? [] : [['devices', lines.join('\n')]];
}

function deviceNumber(value: Json | undefined): string {
  const number = asNumber(value) ?? -1;
  return number < 0 ? '*' : String(number);
}

function single(name: string, value: Json | undefined, write: (value: number) => string = String): Properties {
  if (typeof value === 'string') return value === '' ? [] : [[name, value]];
  const number = asNumber(value);
  return number === undefined ? [] : [[name, write(number)]];
}

function unlimitedBelow(least: number): (value: number) => string {
  return (value) => (value < least ? 'max' : String(value));
}
