import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { createJsonScanner, embedJson, maxJsonDepth, scanJson } from './json-scan.ts';
import type { JsonScan } from './json-scan.ts';
import { scanWhole } from './json-whole.ts';

const texts = fc.oneof(
  fc.json(),
  fc.json({ stringUnit: 'binary' }),
  fc.jsonValue({ stringUnit: 'grapheme' }).map((value) => JSON.stringify(value, undefined, '\t')),
  fc
    .array(fc.dictionary(fc.string(), fc.oneof(fc.double(), fc.boolean(), fc.string(), fc.constant(null))))
    .map((rows) => JSON.stringify(rows)),
);
/** White space before, between and behind tokens, as `json.dumps` writes it and otherwise. */
const blankTexts = fc
  .tuple(texts, fc.array(fc.constantFrom('', '', ' ', ' ', '\n', '\t\r\n  '), { minLength: 1, maxLength: 7 }))
  .map(([text, blanks]) => {
    let next = 0;
    const spaced = text.replaceAll(
      /"(?:[^"\\]|\\.)*"|[[\]{},:]/gu,
      (token) => token + blanks[next++ % blanks.length],
    );
    return Buffer.from(blanks[0] + spaced);
  });
/** Pieces where the grammar is hardest, as a value in an array and as a string in an object. */
const shapelyTexts = fc
  .tuple(
    fc.constantFrom(
      ['[', ']'],
      ['[{"a":', '}]'],
      ['{"a": "', '"}'],
      ['["', '", null ]'],
      [' { "', '" : {} }\n'],
    ),
    fc.array(
      fc.constantFrom(
        '\\u',
        'd83d',
        'DE00',
        '00e9',
        '2028',
        '\\ud83d\\ude00',
        '\\ud83d',
        '\\uDE00',
        '\\uDE00\\uDE00',
        '\\u00e9',
        '\\n',
        '\\"',
        '\\x',
        '<',
        '&',
        'é',
        '東',
        '😀',
        '\u2028',
        '\u2029',
        '\u202a',
        '0',
        '-',
        '1',
        '.',
        'e',
        'E+',
        'true',
        'false',
        'null',
        'nul',
        '[]',
        '{}',
        ',',
        ' ',
        '\u000b',
        'ÿ',
        Buffer.from('c080', 'hex'),
        Buffer.from('eda080', 'hex'),
        Buffer.from('e080af', 'hex'),
        Buffer.from('f4908080', 'hex'),
        Buffer.from('f08fbfbf', 'hex'),
      ),
      { maxLength: 6 },
    ),
  )
  .map(([[open = '', close = ''], pieces]) =>
    Buffer.concat([open, ...pieces, close].map((piece) => Buffer.from(piece))),
  );
/** Valid JSON with a few bytes replaced, inserted or removed. */
const spoiltTexts = fc
  .tuple(texts, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 2 })), { maxLength: 3 }))
  .map(([text, changes]) => {
    const bytes = [...Buffer.from(text)];
    for (const [place, byte, kind] of changes) {
      const structural = Buffer.from('[]{},:"\\ \n<0-.e1tn')[byte % 19] ?? 0;
      const at = place % (bytes.length + 1);
      bytes.splice(at, kind === 0 ? 0 : 1, ...(kind === 2 ? [] : [byte % 2 === 0 ? byte : structural]));
    }
    return Buffer.from(bytes);
  });

describe('scanJson', () => {
  it('accepts what JSON.parse accepts of valid UTF-8, lone surrogates excepted', () => {
    fc.assert(
      fc.property(spoiltTexts, (bytes) => {
        assert.equal(scanJson(bytes).valid, isValid(bytes), bytes.toString('latin1'));
      }),
      { numRuns: 3000 },
    );
  });

  it('calls an array of objects and nulls rows, and nothing else', () => {
    fc.assert(
      fc.property(spoiltTexts.filter(isValid), (bytes) => {
        const value = JSON.parse(bytes.toString()) as unknown;
        const isRows =
          Array.isArray(value) && value.every((row) => typeof row === 'object' && !Array.isArray(row));
        assert.equal(scanJson(bytes).shape, isRows ? 'rows' : 'other');
      }),
    );
  });

  it('knows how the text stands in the record', () => {
    fc.assert(
      fc.property(fc.oneof(spoiltTexts, blankTexts, shapelyTexts).filter(isValid), (bytes) => {
        const { verbatim, embeddedLength } = scanJson(bytes);
        const room = Buffer.alloc(embeddedLength + 8, '#');
        assert.equal(embedJson(bytes, room, 4), embeddedLength + 4);
        const target = room.subarray(4, -4);
        assert.equal(room.toString(), `####${embeddedByHand(bytes.toString())}####`);
        assert.equal(verbatim, target.equals(bytes));
      }),
    );
  });

  it('says the same however the text is cut', () => {
    fc.assert(
      fc.property(spoiltTexts, fc.array(fc.nat()), (bytes, cuts) => {
        const scanner = createJsonScanner();
        let from = 0;
        for (const to of [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort(
          (a, b) => a - b,
        )) {
          scanner.push(bytes.subarray(from, to));
          from = to;
        }
        assert.deepEqual(comparable(scanner.end()), comparable(scanJson(bytes)));
      }),
      { numRuns: 1000 },
    );
  });

  it('says of a whole text what the streaming scanner says', () => {
    fc.assert(
      fc.property(fc.oneof(spoiltTexts, blankTexts, shapelyTexts), fc.nat({ max: 6 }), (bytes, maxDepth) => {
        for (const depth of [maxDepth, maxJsonDepth]) {
          const streamed = streamedScan(bytes, depth);
          assert.deepEqual(scanJson(bytes, depth), streamed, bytes.toString('latin1'));
          // Not by way of the streaming scanner, unless it is invalid or a lone scalar.
          const isContainer = /^\s*[[{]/u.test(bytes.toString('latin1'));
          const expected = streamed.valid && isContainer ? streamed : undefined;
          assert.deepEqual(scanWhole(bytes, depth), expected, bytes.toString('latin1'));
        }
      }),
      { numRuns: 5000 },
    );
  });

  it(`goes ${maxJsonDepth} levels deep`, () => {
    assert.equal(scanJson(nested(maxJsonDepth)).valid, true);
    assert.equal(scanJson(nested(maxJsonDepth + 1)).valid, false);
  });

  for (const text of [
    '',
    ' ',
    '[',
    '[{}',
    '[{"a":01}]',
    '[{"a":1.}]',
    '[{"a":.5}]',
    '[{"a":tru}]',
    '[{},]',
    '[{}] []',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(scanJson(Buffer.from(text)).valid, false));
  }
});

function streamedScan(bytes: Uint8Array, maxDepth: number): JsonScan {
  const scanner = createJsonScanner(maxDepth);
  scanner.push(bytes);
  return scanner.end();
}

function nested(depth: number): Buffer {
  return Buffer.from('['.repeat(depth) + ']'.repeat(depth));
}

function isValid(bytes: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    JSON.parse(text, (key, value: unknown) => {
      if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed()))
        throw new Error('lone');
      return value;
    });
    return true;
  } catch {
    return false;
  }
}

/** By regular expressions over whole strings, so that it has nothing in common with the code. */
function embeddedByHand(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|[ \t\r\n]+/gsu, (part) =>
    part.startsWith('"')
      ? part.replaceAll(
          /[<>&\u2028\u2029]/gu,
          (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
        )
      : '',
  );
}

/** What an invalid text would be is nobody's business. */
function comparable(scan: JsonScan): JsonScan | 'invalid' {
  return scan.valid ? scan : 'invalid';
}
