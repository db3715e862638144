import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { maxJsonDepth } from '@gleaner/protocol';
import fc from 'fast-check';

import { isObject, parseExact } from './exact-json.ts';

describe('parseExact', () => {
  it('keeps every number as it is written', () => {
    const digits = fc.stringMatching(/^[0-9]{0,20}$/);
    const numbers = fc
      .tuple(
        fc.constantFrom('', '-'),
        digits,
        fc.option(digits),
        fc.option(fc.constantFrom('e5', 'E+2', 'e-300', 'E400')),
      )
      .map(([sign, whole, fraction, exponent]) => {
        const point = fraction === null ? '' : `.${fraction}0`;
        return `${sign}${whole.replace(/^0+(?=\d)/, '') || '0'}${point}${exponent ?? ''}`;
      });
    const blank = fc.constantFrom('', ' ', '\n  ');
    fc.assert(
      fc.property(numbers, blank, (number, space) => {
        for (const [text, written] of [
          [`{"a":${space}${number}}`, `{"a":${number}}`],
          [`[1,${space}${number},{}]`, `[1,${number},{}]`],
          [`[${number},"[1.0"]`, `[${number},"[1.0"]`],
        ] as const) {
          assert.equal(JSON.stringify(parseExact(text)), written);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('reads what JSON.parse reads, and nothing else', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.boolean(), (text, place, isCut) => {
        const tried = isCut ? text.slice(0, place % (text.length + 1)) : text;
        let expected: unknown;
        try {
          expected = JSON.parse(tried);
        } catch {
          expected = undefined;
        }
        const value = parseExact(tried);
        assert.equal(value === undefined, expected === undefined);
        if (value !== undefined)
          assert.deepEqual(JSON.parse(JSON.stringify(value)), JSON.parse(JSON.stringify(expected)));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses what is nested too deep, without an exception', () => {
    for (const inner of ['', '1.0']) {
      assert.notEqual(parseExact(nested(maxJsonDepth, inner)), undefined);
      assert.equal(parseExact(nested(maxJsonDepth + 1, inner)), undefined);
      assert.equal(parseExact(nested(300_000, inner)), undefined);
    }
  });
});

describe('isObject', () => {
  it('knows objects from numbers that are kept as they are written', () => {
    const value = parseExact('{"a":{},"b":1.0,"c":[],"d":null}');
    assert.ok(isObject(value));
    assert.deepEqual(Object.values(value).map(isObject), [true, false, false, false]);
  });
});

const nested = (depth: number, inner: string): string => '['.repeat(depth) + inner + ']'.repeat(depth);
