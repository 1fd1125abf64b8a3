/** `2.3.4-beta.1`, `v5.8.6`, `1.37.0`, `40201` (CRIU's own form), `2.1.9+unknown`: its numbers; undefined for none. */
export function parseVersion(text: string | undefined): readonly [number, number, number] | undefined {
  if (text === undefined) return undefined;
  const compact = /^\d{5,6}$/.exec(text);
  if (compact) {
    const number = Number(text);
    return [Math.floor(number / 10000), Math.floor(number / 100) % 100, number % 100];
  }
  const match = /^v?(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?/.exec(text.trim());
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : undefined;
}

/** Negative where the first is older. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < 3; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function isAtLeast(version: readonly number[], major: number, minor: number, patch = 0): boolean {
  return compareVersions(version, [major, minor, patch]) >= 0;
}
