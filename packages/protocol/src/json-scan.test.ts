import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { isPlainRows } from './json-plain.ts';
import { createJsonScanner, embedJson, maxJsonDepth, scanJson } from './json-scan.ts';
import type { JsonScan } from './json-scan.ts';

const texts = fc.oneof(
  fc.json(),
  fc.json({ stringUnit: 'binary' }),
  fc.jsonValue({ stringUnit: 'grapheme' }).map((value) => JSON.stringify(value, undefined, '\t')),
  fc
    .array(fc.dictionary(fc.string(), fc.oneof(fc.double(), fc.boolean(), fc.string(), fc.constant(null))))
    .map((rows) => JSON.stringify(rows)),
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
      fc.property(spoiltTexts.filter(isValid), (bytes) => {
        const { verbatim, embeddedLength } = scanJson(bytes);
        const target = Buffer.alloc(embeddedLength);
        assert.equal(embedJson(bytes, target, 0), embeddedLength);
        assert.equal(target.toString(), embeddedByHand(bytes.toString()));
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

  it('takes the short way only for what the long one calls valid rows to copy', () => {
    const rows: JsonScan = { valid: true, shape: 'rows', verbatim: true, embeddedLength: 0 };
    fc.assert(
      fc.property(spoiltTexts, (bytes) => {
        const scanner = createJsonScanner();
        scanner.push(bytes);
        const { length } = bytes;
        if (isPlainRows(bytes)) assert.deepEqual(scanner.end(), { ...rows, embeddedLength: length });
      }),
      { numRuns: 3000 },
    );
    assert.ok(isPlainRows(Buffer.from('[{"a":-1.50,"b":"x","c":[1,{"d":null}],"e":{}},{"f":[true,false]}]')));
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
