/** Parts of a remembered state, whatever it may hold: undefined where it is not what it should be. */

const MAX_LENGTH = 8_192;

export function text(raw: unknown): string | undefined {
  return typeof raw === 'string' && raw.length <= MAX_LENGTH ? raw : undefined;
}

export function amount(raw: unknown): number | undefined {
  return typeof raw === 'number' && Number.isFinite(raw) && raw >= 0 ? raw : undefined;
}

export function isRecord(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw);
}
