import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { caseVariants } from '../../../../src/core/checkpoint/search/pattern/case-variants.ts';
import { compilePattern } from '../../../../src/core/checkpoint/search/pattern/compile.ts';
import { RegexFinder } from '../../../../src/core/checkpoint/search/pattern/regex-finder.ts';
import { RowFinder } from '../../../../src/core/checkpoint/search/pattern/row-finder.ts';
import { CheckpointError } from '../../../../src/core/errors.ts';
import { MAX_MATCH, type TypedPattern } from '../../../../src/protocol/search.ts';

/** Matches in some bytes as `place+length`, by all needles. */
function find(pattern: TypedPattern, content: string | Buffer): readonly string[] {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const { needles, longest, behind } = compilePattern(pattern);
  const found: string[] = [];
  for (const needle of needles) {
    const finder = needle.type === 'row' ? new RowFinder(needle.elements) : new RegexFinder(needle, longest, behind);
    finder.load(bytes);
    const stopped = finder.each({ begin: 0, end: bytes.length, from: 0, to: bytes.length }, (start, length) => {
      found.push(`${start}+${length}`);
      return true;
    });
    assert.equal(stopped, undefined);
  }
  return found;
}

function text(pattern: string, options: Partial<TypedPattern> = {}): TypedPattern {
  return { kind: 'text', text: pattern, ...options };
}

function regex(pattern: string, options: Partial<TypedPattern> = {}): TypedPattern {
  return { kind: 'regex', text: pattern, ...options };
}

function refuses(pattern: TypedPattern, message: RegExp): void {
  assert.throws(
    () => compilePattern(pattern),
    (error) => CheckpointError.is(error, 'usage') && message.test(error.message),
  );
}

suite('a text', () => {
  test('is found wherever it is, also where two of it overlap', () => {
    assert.deepEqual(find(text('anan'), 'banananan'), ['1+4', '3+4', '5+4']);
    assert.deepEqual(find(text('ü'), 'Grüße, Füße'), ['2+2', '10+2'], 'as its UTF-8 bytes');
    assert.deepEqual(find(text('aa'), 'a'.repeat(1000)).length, 999, 'of which there is nothing else');
  });

  test('is found without regard to case where that is asked for', () => {
    assert.deepEqual(find(text('Token', { ignoreCase: true }), 'TOKEN token tOkEn to-ken'), ['0+5', '6+5', '12+5']);
    assert.deepEqual(find(text('straße', { ignoreCase: true }), 'STRAẞE Straße STRASSE'), ['0+8', '9+7']);
    assert.deepEqual(find(text('ÄRGER', { ignoreCase: true }), 'ärger Ärger arger'), ['0+6', '7+6']);
    assert.deepEqual(find(text('σας', { ignoreCase: true }), 'ΣΑΣ'), ['0+6'], 'both small sigmas are the capital one');
  });

  test('counts characters of other lengths as equal that Unicode folds to the same', () => {
    assert.deepEqual([...caseVariants('k')].sort(), ['K', 'k', '\u212a']);
    assert.deepEqual(find(text('key', { ignoreCase: true }), 'KEY \u212aEY key'), ['0+3', '4+5', '10+3']);
    assert.deepEqual(find(text('miss', { ignoreCase: true }), 'Mi\u017fs'), ['0+5']);
  });

  test('is found in UTF-16 from either end', () => {
    const little = Buffer.from('\0\0päßword', 'utf16le');
    const big = Buffer.from(little).swap16();
    assert.deepEqual(find(text('päß', { encodings: ['utf-16le'] }), little), ['4+6']);
    assert.deepEqual(find(text('PÄß', { encodings: ['utf-16be'], ignoreCase: true }), big), ['4+6']);
    assert.deepEqual(find(text('😀', { encodings: ['utf-16le'] }), Buffer.from('a😀', 'utf16le')), ['2+4']);
    assert.deepEqual(find(text('K', { encodings: ['utf-16be'], ignoreCase: true }), Buffer.from([0x21, 0x2a])), [
      '0+2',
    ]);
  });

  test('that is empty or very long is refused', () => {
    refuses(text(''), /nothing to look for/);
    refuses(text('x'.repeat(5000)), /more than 4096 characters/);
  });
});

suite('bytes in hexadecimal', () => {
  test('are found with any digits where these are left open', () => {
    const bytes = Buffer.from('00dead00bfdeadffb1', 'hex');
    assert.deepEqual(find({ kind: 'hex', text: 'de ad ?? b?' }, bytes), ['1+4', '5+4']);
    assert.deepEqual(find({ kind: 'hex', text: '0xDEAD' }, bytes), ['1+2', '5+2']);
    assert.deepEqual(find({ kind: 'hex', text: '?f' }, bytes), ['4+1', '7+1']);
    assert.deepEqual(find({ kind: 'hex', text: '00 ?? ?? 00' }, bytes), ['0+4']);
  });

  test('are refused where they are none', () => {
    refuses({ kind: 'hex', text: 'de a' }, /half a byte/);
    refuses({ kind: 'hex', text: 'xyz' }, /no hexadecimal digit/);
    refuses({ kind: 'hex', text: '?? ??' }, /at least one digit/);
  });
});

suite('a regular expression', () => {
  test('is one of bytes', () => {
    assert.deepEqual(find(regex('[^a]+'), Buffer.from([0x61, 0xff, 0, 0xc3, 0x61])), ['1+3']);
    assert.deepEqual(find(regex('\\xff.'), Buffer.from([0xff, 0x0a, 0xff, 0x80])), ['2+2'], 'a dot is no line break');
    assert.deepEqual(find(regex('(?s)\\xff.'), Buffer.from([0xff, 0x0a, 0xff, 0x80])), ['0+2', '2+2']);
    assert.deepEqual(find(regex('a\\sb'), Buffer.from('a\xa0b a b', 'latin1')), ['4+3'], 'blanks are those of ASCII');
    assert.deepEqual(find(regex('\\bcat\\b'), 'cat concat cat\xff'), ['0+3', '11+3']);
  });

  test('takes other characters as their UTF-8 bytes', () => {
    assert.deepEqual(find(regex('ä+b'), 'äääb'), ['0+7']);
    assert.deepEqual(find(regex('[äx]{2}'), 'xä'), ['0+3']);
    assert.deepEqual(find(regex('\\u20ac|\\u{1f600}'), '€😀'), ['0+3', '3+4']);
    refuses(regex('[^ä]'), /excludes ä/);
    refuses(regex('[a-ä]'), /range/);
  });

  test('ignores case as a text does, and not of bytes that are no letters', () => {
    assert.deepEqual(find(regex('k[a-c]Ä', { ignoreCase: true }), 'KBä kcÄ \u212aaä'), ['0+4', '5+4', '10+6']);
    assert.deepEqual(find(regex('(?i)[^x]\\x41'), 'xabA'), ['2+2']);
    assert.deepEqual(find(regex('\\xc4', { ignoreCase: true }), Buffer.from([0xe4, 0xc4])), ['1+1']);
  });

  test('finds what JavaScript finds', () => {
    const content = Buffer.from(
      'GET /aa?id=17 token=abc;\nid=5 Token="x y"\n\0\0id=\n-----BEGIN KEY-----\nx\n-----END',
      'latin1',
    );
    for (const source of [
      'id=\\d+',
      '^id=(\\d*)',
      'abc;$',
      '(?<k>token|id)=[^;\\s"]+',
      'token(?==)',
      '(?<!\\?)id',
      '"(.*?)"',
      '(\\w)\\1',
      '\\x00{2}',
      '-{5}BEGIN [A-Z ]+-{5}[\\s\\S]*?-{5}END',
      'a|b|(?:c|d)+?',
      '[\\w-]{3,5}',
      '[\\]\\-x]',
      '\\d{1,}|\\.',
    ]) {
      const matches = [...content.toString('latin1').matchAll(new RegExp(source, 'gm'))];
      const expected = matches.filter(([match]) => match !== '').map((match) => `${match.index}+${match[0].length}`);
      assert.deepEqual(find(regex(source), content), expected, source);
      assert.ok(expected.length > 0, source);
    }
  });

  test('is found also where what it must contain is rare', () => {
    const content = Buffer.alloc(300_000, 'abc=');
    content.write('user=kim password=swordfish\n', 200_000, 'latin1');
    assert.deepEqual(find(regex('(\\w+)=(\\w+) password=\\w+'), content), [first(content)]);
    assert.deepEqual(find(regex('password=\\w{50}'), content), []);
  });

  test('has matches of a limited length, and goes on behind one that is longer', () => {
    const content = Buffer.alloc(MAX_MATCH + 100, 'x');
    assert.deepEqual(find(regex('x+'), content), [`0+${MAX_MATCH}`, `${MAX_MATCH}+100`]);
  });

  test('that cannot be searched is refused in a sentence', () => {
    refuses(regex('a('), /not closed/);
    refuses(regex('a)'), /not opened/);
    refuses(regex('[a'), /not closed/);
    refuses(regex('*a'), /repeats nothing/);
    refuses(regex('a**'), /repeats a repetition/);
    refuses(regex('a*'), /matches everywhere/);
    refuses(regex('^$|\\b'), /only places/);
    refuses(regex('(?>a)'), /kind of group/);
    refuses(regex('\\q'), /no meaning/);
    refuses(regex('[z-a]'), /wrong order/);
    refuses(regex('a{3,2}'), /wrong order/);
    refuses(regex('(a)\\1', { ignoreCase: true }), /regard to case/);
    refuses(regex('('.repeat(300)), /too deeply/);
    refuses(regex('a\\'), /backslash/);
  });

  test('that takes too long is passed over, and the rest is searched', () => {
    const content = Buffer.alloc(200_000, '.');
    content.fill('a', 70_000, 70_040);
    content.write('aab', 150_000);
    const { needles, longest, behind } = compilePattern(regex('(a+)+b'));
    const [needle] = needles;
    assert.ok(needle?.type === 'regex');
    const finder = new RegexFinder(needle, longest, behind);
    finder.load(content);
    const found: number[] = [];
    finder.each({ begin: 0, end: content.length, from: 0, to: content.length }, (start) => found.push(start) > 0);
    assert.deepEqual(found, [150_000]);
    assert.ok(finder.skipped.length > 0 && finder.skipped.every(({ from, to }) => from <= 70_040 && to > 65_000));
  });
});

/** Where the last row of letters before the password begins, and how long all of it is. */
function first(content: Buffer): string {
  const match = /(\w+)=(\w+) password=\w+/.exec(content.toString('latin1'));
  return `${match?.index ?? -1}+${match?.[0].length ?? 0}`;
}

suite('windows', () => {
  test('are looked through from where a row of answers stopped, without loss', () => {
    const bytes = Buffer.from('xaxbxcxxd');
    for (const pattern of [text('x'), { kind: 'hex', text: '7?' } as const, regex('x.')]) {
      const { needles, longest, behind } = compilePattern(pattern);
      const [needle] = needles;
      assert.ok(needle);
      const finder = needle.type === 'row' ? new RowFinder(needle.elements) : new RegexFinder(needle, longest, behind);
      const found: number[] = [];
      for (let from: number | undefined = 0; from !== undefined;) {
        finder.load(bytes);
        from = finder.each({ begin: 0, end: bytes.length, from, to: bytes.length }, (start) => {
          found.push(start);
          return false;
        });
      }
      assert.deepEqual(found, pattern.kind === 'regex' ? [0, 2, 4, 6] : [0, 2, 4, 6, 7]);
    }
  });
});
