import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pythonFloat, resolvePlain } from './yaml-scalar.ts';
import { pythonRepr } from './yaml-value.ts';

describe('resolvePlain', () => {
  // Source texts and what `repr(yaml.safe_load(text))` of PyYAML 6 says.
  const meanings = {
    null: ' → None | ~ → None | null → None | NULL → None',
    boolean: 'true → True | YES → True | on → True | False → False | no → False | Off → False',
    integer:
      '0 → 0 | -1 → -1 | +1 → 1 | 1_000 → 1000 | 017 → 15 | 00 → 0 | 0_ → 0 | 0x1F → 31 | -0x1 → -1 | 0b101 → 5 | ' +
      '1:30 → 90 | -1:30:05 → -5405 | 99999999999999999999 → 99999999999999999999',
    float:
      '1.0 → 1.0 | .5 → 0.5 | 1. → 1.0 | -0.0 → -0.0 | 1.5e+3 → 1500.0 | 1_0.5 → 10.5 | 1:30.5 → 90.5 | ' +
      '.inf → inf | -.INF → -inf | .NaN → nan | 1.0e-7 → 1e-07 | 1.0e+16 → 1e+16',
    date: "2024-01-31 → datetime.date(2024, 1, 31) | 2024-1-1 10:00:00 → '2024-1-1 10:00:00'",
    text:
      "y → 'y' | N → 'N' | tRue → 'tRue' | nan → 'nan' | 1e3 → '1e3' | 1.5e3 → '1.5e3' | +.5 → '+.5' | " +
      "0o17 → '0o17' | 08 → '08' | 12:60 → '12:60' | 2024-1-1 → '2024-1-1' | 1,5 → '1,5' | - → '-'",
  };
  for (const [kind, examples] of Object.entries(meanings)) {
    it(`reads ${kind} as PyYAML does`, () => {
      for (const example of examples.split(' | ')) {
        const [source = '', repr] = example.split('→').map((text) => text.trim());
        const content = resolvePlain(source);
        assert.equal(content.kind, kind, source);
        assert.equal(pythonRepr({ ...content, line: 1, column: 1 }), repr, source);
      }
    });
  }

  it('makes no numbers of endless digits', () => {
    assert.equal(resolvePlain('1'.repeat(4301)).kind, 'text');
    assert.equal(resolvePlain('1'.repeat(4300)).kind, 'integer');
  });
});

describe('pythonFloat', () => {
  it('takes what float() takes', () => {
    const numbers = {
      '0.5': 0.5,
      ' 0.5\n': 0.5,
      '1e-1': 0.1,
      '1_0.0_1': 10.01,
      '.5': 0.5,
      '5.': 5,
      '-Infinity': -1 / 0,
    };
    for (const [text, number] of Object.entries({ ...numbers, nan: Number.NaN, '1e999': 1 / 0 })) {
      assert.equal(pythonFloat(text), number, text);
    }
  });

  it('refuses what float() refuses', () => {
    for (const text of [
      '',
      ' ',
      'often',
      '0x1',
      '1__0',
      '_1',
      '1_',
      '1_.5',
      '.',
      'e5',
      '1e',
      '1,5',
      '1 2',
      'true',
    ]) {
      assert.equal(pythonFloat(text), undefined, text);
    }
  });
});
