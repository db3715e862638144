import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bytesText, cellText, membersOf, shortened, tsvText, visible } from './cells.ts';

describe('membersOf', () => {
  it('keeps numbers as they are written, and any name', () => {
    const members = membersOf('{"a":1.0,"__proto__":12345678901234567890,"ü":{"x": [1]}}');
    assert.deepEqual(
      [...members],
      [
        ['a', '1.0'],
        ['__proto__', '12345678901234567890'],
        ['ü', '{"x": [1]}'],
      ],
    );
  });
});

describe('cellText and tsvText', () => {
  it('let no text steer a terminal or break a line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = JSON.stringify(text);
        for (const cell of [cellText(json), tsvText(json), visible(text)])
          assert.doesNotMatch(cell, /\p{Cc}/u);
      }),
    );
  });

  it('write what a program can turn back', () => {
    const text = 'C:\\temp\t"x"\n\u009b\u007f';
    assert.equal(tsvText(JSON.stringify(text)), 'C:\\\\temp\\t"x"\\n\\u009b\\u007f');
    assert.deepEqual([tsvText(undefined), tsvText('null'), tsvText('1.0')], ['', '', '1.0']);
    assert.deepEqual([cellText(undefined), cellText('null'), cellText('"a\\u00e9"')], ['', 'null', 'aé']);
  });
});

describe('shortened', () => {
  it('cuts a long text without halving a character', () => {
    assert.equal(shortened('abcdef', 6), 'abcdef');
    assert.equal(shortened('abcdefg', 6), 'abcde…');
    assert.equal(shortened('abcd😀fgh', 6), 'abcd…');
  });
});

describe('bytesText', () => {
  it('takes the unit that fits', () => {
    assert.deepEqual([0, 999, 1000, 97_344, 2.5e9, 4e15].map(bytesText), [
      '0 B',
      '999 B',
      '1.0 kB',
      '97.3 kB',
      '2.5 GB',
      '4000.0 TB',
    ]);
  });
});
