import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { float32Text, float64Text, int64Text, uint64Text } from './number-text.ts';

describe('float32Text', () => {
  it('has the digits of the float32, not of the double it is widened to', () => {
    const examples: [number, string][] = [
      [0.1, '0.1'],
      [1 / 3, '0.33333334'],
      [123456789, '123456790.0'],
      [16777216, '16777216.0'],
      [3.4028234663852886e38, '3.4028235e+38'],
      [1.401298464324817e-45, '1e-45'],
      [1.1754943508222875e-38, '1.1754944e-38'],
      [9.999999e-5, '0.00009999999'],
      [-2.5, '-2.5'],
      [0, '0.0'],
      [-0, '-0.0'],
      [7, '7.0'],
    ];
    for (const [value, text] of examples) assert.equal(float32Text(Math.fround(value)), text);
  });

  it('is null for what JSON has no number for', () => {
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      assert.equal(float32Text(value), 'null');
      assert.equal(float64Text(value), 'null');
    }
  });

  it('reads back as the same float32, is a float, and is as short as can be', () => {
    const anyBits = fc.integer({ min: 0, max: 0xffffffff }).map(floatOfBits).filter(Number.isFinite);
    const property = fc.property(
      fc.oneof(anyBits, fc.float({ noNaN: true, noDefaultInfinity: true })),
      (value) => {
        const text = float32Text(value);
        assert.ok(Object.is(Math.fround(Number(text)), value), text);
        assert.match(text, /[.e]/);
        JSON.parse(text);
        assert.equal(digitCount(text), shortestDigitCount(value), text);
      },
    );
    fc.assert(property, { numRuns: 5_000 });
  });
});

describe('float64Text', () => {
  it('reads back as the same double and is a float', () => {
    const property = fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = float64Text(value);
      assert.ok(Object.is(JSON.parse(text), value), text);
      assert.match(text, /[.e]/);
    });
    fc.assert(property, { numRuns: 2_000 });
    assert.equal(float64Text(1e20), '100000000000000000000.0');
    assert.equal(float64Text(1e21), '1e+21');
  });
});

describe('int64Text and uint64Text', () => {
  it('have every digit of the integer', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (value) => {
        const low = Number(BigInt.asIntN(32, value));
        const high = Number(BigInt.asIntN(32, value >> 32n));
        assert.equal(int64Text(high, low), String(BigInt.asIntN(64, value)));
        assert.equal(uint64Text(high, low), String(BigInt.asUintN(64, value)));
        assert.equal(int64Text(high, low >>> 0), String(BigInt.asIntN(64, value)));
      }),
      { numRuns: 2_000 },
    );
    assert.equal(int64Text(0x1fffff, 0xffffffff), '9007199254740991');
    assert.equal(int64Text(0x200000, 1), '9007199254740993');
    assert.equal(int64Text(-0x200000, -1), String(-(2n ** 53n) + 0xffffffffn));
    assert.equal(int64Text(-0x80000000, 0), '-9223372036854775808');
  });
});

function floatOfBits(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

function digitCount(text: string): number {
  const digits = text.replace(/e.*/, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
  return Math.max(digits.length, 1);
}

/** Every precision is tried; exact integers of up to eight digits are told in full. */
function shortestDigitCount(value: number): number {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 24) return digitCount(String(value));
  let digits = 1;
  while (Math.fround(Number(value.toPrecision(digits))) !== value) digits++;
  return digitCount(String(Number(value.toPrecision(digits))));
}
