/** Every character that has another case, as one text; made when it is first needed. */
let cased: string | undefined;

/** No character beyond this has a case. Fact: Unicode's CaseFolding.txt ends with U+1E921. */
const lastCased = 0x1ffff;

/**
 * All characters that are equal to one when case does not count, itself among them: by Unicode's simple case folding,
 * so that `k` is also the Kelvin sign, and `ß` is `ẞ` but not `ss`.
 */
export function caseVariants(character: string): readonly string[] {
  cased ??= collectCased();
  if (!cased.includes(character)) return [character];
  const same = new RegExp(character, 'giu');
  return cased.match(same) ?? [character];
}

function collectCased(): string {
  let all = '';
  for (let start = 0; start < lastCased; start += 0x1000) {
    const points = Array.from({ length: 0x1000 }, (_, index) => start + index).filter((point) => !isSurrogate(point));
    const found = String.fromCodePoint(...points).match(/[\p{Changes_When_Casefolded}\p{Changes_When_Casemapped}]/gu);
    if (found) all += found.join('');
  }
  return all;
}

function isSurrogate(point: number): boolean {
  return point >= 0xd800 && point <= 0xdfff;
}
