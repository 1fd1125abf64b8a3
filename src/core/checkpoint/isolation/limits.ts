import type { LimitFact, LimitUnit } from '../../../protocol/isolation.ts';
import type { RlimitEntry } from '../../criu/schema/generated/messages.ts';
import { asArray, asObject, asText, type Json, type JsonObject } from '../json.ts';

interface Resource {
  readonly name: string;
  readonly label: string;
  readonly unit: LimitUnit;
}

/** Source of names and their order: asm-generic/resource.h; of labels and units: fs/proc/base.c, lnames. */
const RESOURCES: readonly Resource[] = [
  { name: 'CPU', label: 'Max cpu time', unit: 'seconds' },
  { name: 'FSIZE', label: 'Max file size', unit: 'bytes' },
  { name: 'DATA', label: 'Max data size', unit: 'bytes' },
  { name: 'STACK', label: 'Max stack size', unit: 'bytes' },
  { name: 'CORE', label: 'Max core file size', unit: 'bytes' },
  { name: 'RSS', label: 'Max resident set', unit: 'bytes' },
  { name: 'NPROC', label: 'Max processes', unit: 'processes' },
  { name: 'NOFILE', label: 'Max open files', unit: 'files' },
  { name: 'MEMLOCK', label: 'Max locked memory', unit: 'bytes' },
  { name: 'AS', label: 'Max address space', unit: 'bytes' },
  { name: 'LOCKS', label: 'Max file locks', unit: 'locks' },
  { name: 'SIGPENDING', label: 'Max pending signals', unit: 'signals' },
  { name: 'MSGQUEUE', label: 'Max msgqueue size', unit: 'bytes' },
  { name: 'NICE', label: 'Max nice priority', unit: 'none' },
  { name: 'RTPRIO', label: 'Max realtime priority', unit: 'none' },
  { name: 'RTTIME', label: 'Max realtime timeout', unit: 'microseconds' },
];
/** Numbers 5 to 9 on MIPS. Source: arch/mips/include/uapi/asm/resource.h. */
const MIPS_ORDER: readonly string[] = ['NOFILE', 'AS', 'RSS', 'NPROC', 'MEMLOCK'];

/** How CRIU writes RLIM_INFINITY, and how the OCI spec does. */
const INFINITY = 2n ** 64n - 1n;

/**
 * Resource limits by name. In an image they are a list in the order of their numbers.
 * @param spec the OCI spec, for what was asked for
 */
export function describeLimits(
  limits: readonly RlimitEntry[],
  architecture: string,
  spec: JsonObject | undefined,
): readonly LimitFact[] {
  const asked = askedLimits(spec);
  return limits.map((limit, number) => {
    const resource = resourceOf(number, architecture);
    const name = `RLIMIT_${resource?.name ?? number}`;
    const wish = asked.get(name);
    return {
      name,
      label: resource?.label ?? name,
      unit: resource?.unit ?? 'none',
      ...bounds(limit.cur, limit.max),
      ...(wish && { asked: wish }),
    };
  });
}

/** Where a limit stands in the list. @param architecture as core_entry.mtype names it */
export function limitNumber(name: string, architecture: string): number {
  return RESOURCES.findIndex((_, number) => resourceOf(number, architecture)?.name === name);
}

/** `RLIMIT_CPU` of 0; undefined for a number that is none. @param architecture as core_entry.mtype names it */
export function limitName(number: number, architecture: string): string | undefined {
  const resource = resourceOf(number, architecture);
  return resource && `RLIMIT_${resource.name}`;
}

function resourceOf(number: number, architecture: string): Resource | undefined {
  const swapped = architecture === 'MIPS' ? MIPS_ORDER[number - 5] : undefined;
  return swapped === undefined ? RESOURCES[number] : RESOURCES.find(({ name }) => name === swapped);
}

function bounds(soft: bigint | undefined, hard: bigint | undefined): { soft?: bigint; hard?: bigint } {
  return {
    ...(soft !== undefined && soft < INFINITY && { soft }),
    ...(hard !== undefined && hard < INFINITY && { hard }),
  };
}

function askedLimits(spec: JsonObject | undefined): ReadonlyMap<string, LimitFact['asked']> {
  const list = asArray(asObject(spec?.['process'])?.['rlimits']).map(asObject);
  return new Map(
    list.flatMap((limit) => {
      const type = asText(limit?.['type']);
      return type === undefined ? [] : [[type, bounds(asBound(limit?.['soft']), asBound(limit?.['hard']))] as const];
    }),
  );
}

/** A 64-bit infinity in JSON has lost its last bits: as a number it is 2^64. */
function asBound(value: Json | undefined): bigint | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return BigInt.asUintN(64, value >= 2 ** 64 ? INFINITY : BigInt(Math.trunc(value)));
}
