import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { parsePath } from './json-path.ts';

describe('parsePath', () => {
  it('reads every step it knows', () => {
    assert.deepEqual(parsePath('$'), []);
    assert.deepEqual(parsePath(String.raw`$.messages[*].a_b-c['x y']["it's"]['a\'b'][0][12].*..näme`), [
      { kind: 'member', name: 'messages' },
      { kind: 'any' },
      { kind: 'member', name: 'a_b-c' },
      { kind: 'member', name: 'x y' },
      { kind: 'member', name: "it's" },
      { kind: 'member', name: "a'b" },
      { kind: 'element', index: 0 },
      { kind: 'element', index: 12 },
      { kind: 'any' },
      { kind: 'descendant', name: 'näme' },
    ]);
  });

  for (const text of [
    '',
    'a',
    '.a',
    '$a',
    '$.',
    '$.a.',
    '$..',
    '$..*',
    '$..[0]',
    '$[-1]',
    '$[01]',
    '$[1:2]',
    '$[?(@.a)]',
    "$['a'",
    '$[a]',
    '$.a b',
    '$.1a',
    ' $',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parsePath(text), { name: 'RuleProblem', message: /^Expected a path/ });
    });
  }
});
