import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createSearch, parsePattern, startSearchTime } from './pattern.ts';

function search(...sources: string[]) {
  return createSearch(sources.map(parsePattern));
}

function found(source: string, text: string): string[] | undefined {
  const matches = search(source).find(0, text, startSearchTime());
  return matches?.map(({ from, to }) => text.slice(from, to));
}

describe('createSearch', () => {
  for (const [source, text, expected] of [
    [
      '\\b[\\w.+-]+@[\\w.-]+\\b',
      'mail joe@example.org, ann+b@example.org.',
      ['joe@example.org', 'ann+b@example.org'],
    ],
    ['\\b(?:\\d[ -]?){12,18}\\d\\b', 'card 4111 1111 1111 1111, 12', ['4111 1111 1111 1111']],
    ['\\+\\d{2}(?: ?\\d{2,4}){2,4}', 'call +43 660 123 4567 or 12', ['+43 660 123 4567']],
    [
      '\\b[A-Z]{2}\\d{2}(?: ?[A-Z0-9]{4}){3,7}\\b',
      '€ to AT61 1904 3002 3457 3201, DE1',
      ['AT61 1904 3002 3457 3201'],
    ],
    ['(?i:bearer) \\S+', '😀 BEARER abc.def x', ['BEARER abc.def']],
    ['\\+?\\p{Nd}{3}', '٣٣٣ 😀+123', ['٣٣٣', '+123']],
    ['\\bé', 'é', []],
  ] as const) {
    it(`finds ${source}`, () => {
      assert.deepEqual(found(source, text), expected);
      assert.deepEqual(search('#', source).matching(text), expected.length > 0 ? [1] : []);
    });
  }

  it('says which patterns match, whatever their groups are called', () => {
    const { matching } = search('(?<n>z)', '(?<n>b)', '\\ba', '^b$');
    assert.deepEqual(matching('b a'), [1, 2]);
    assert.deepEqual(matching('b'), [1, 3]);
    assert.deepEqual(matching(''), []);
  });

  it('takes no longer for a text that other engines try again and again', () => {
    const text = 'a'.repeat(200_000);
    const sources = ['(?:a+)+b', '\\w+@\\w+', '(?:a|a|\\w)+b', '.*.*.*b', 'a[ab]{500}c'];
    assert.deepEqual(search(...sources).matching(text), []);
    for (const source of sources) assert.deepEqual(found(source, text), []);
  });

  it('gives up rather than look at a long text for each of many short matches', () => {
    assert.equal(found('a.*b|a', 'a'.repeat(50_000)), undefined);
    assert.equal(found('a.*b|a', 'a'.repeat(20))?.length, 20);
  });

  it('does not give up because there are many matches', () => {
    assert.equal(found('\\d', '1 '.repeat(500_000))?.length, 500_000);
  });
});

describe('parsePattern', () => {
  for (const [source, problem] of [
    ['(', 'missing closing ): `(`'],
    ['a)(b', 'unexpected ): `a)(b`'],
    ['[z-a]', 'invalid character class range: `z-a`'],
    ['(a)\\1', 'invalid escape sequence: `\\1`'],
    ['a(?=b)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['a(?!b)', 'invalid or unsupported Perl syntax: `(?!`'],
    ['a{1001}', 'invalid repeat count: `{1001}`'],
    ['(?:a{100}){100}', 'invalid repeat count: `{100}`'],
  ] as const) {
    it(`refuses ${source}`, () =>
      assert.throws(() => parsePattern(source), {
        name: 'RuleProblem',
        message: `Expected a regular expression in the syntax of RE2: ${problem}.`,
      }));
  }

  it('refuses to look around', () => {
    const message = /^Expected a regular expression in the syntax of RE2: /;
    for (const source of ['(?<=a)b', '(?<!a)b'])
      assert.throws(() => parsePattern(source), { name: 'RuleProblem', message });
  });

  for (const source of ['a*', 'x|', 'a|\\b', '\\B', '^', '(?m)$', '(?:\\b\\B)?', '\\b(?:\\d*)\\b|b'])
    it(`refuses ${source}, which may match nothing`, () =>
      assert.throws(() => parsePattern(source), { name: 'RuleProblem', message: /at least one character/ }));
});
