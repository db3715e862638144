import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { parsePattern } from './pattern.ts';
import { compileRules } from './rules.ts';
import type { CompiledRules, RedactionAction } from './rules.ts';
import { redactPath, redactText } from './text.ts';

const key = Buffer.alloc(32, 7);
const email = String.raw`\b[\w.+]+@[\w.]+\b`;

function patterns(...rules: [pattern: string, action: RedactionAction][]): CompiledRules {
  return compileRules(
    rules.map(([pattern, action]) => ({ kind: 'pattern', pattern: parsePattern(pattern), action })),
    key,
  );
}

function digest(text: string): string {
  return createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
}

function maskPath(path: string, pattern = email): string | undefined {
  return redactPath(patterns([pattern, 'mask']), path);
}

describe('redactText', () => {
  const text = 'from joe@example.org to ann@example.org, today';
  for (const [action, expected] of [
    ['drop', 'from  to , today'],
    ['mask', 'from *** to ***, today'],
    ['hash', `from ${digest('joe@example.org')} to ${digest('ann@example.org')}, today`],
  ] as const) {
    it(`knows the action ${action}`, () =>
      assert.equal(redactText(patterns([email, action]), text), expected));
  }

  it('leaves a text as it is that no pattern matches, and for which there is none', () => {
    assert.equal(redactText(patterns([email, 'mask']), 'nobody @ home'), 'nobody @ home');
    assert.equal(
      redactText(compileRules([{ kind: 'column', column: 'a', action: 'drop' }], key), text),
      text,
    );
  });

  it('lets all patterns look at the text as it came, and the first in the list decide where they overlap', () => {
    const redact = (...rules: [string, RedactionAction][]) => redactText(patterns(...rules), '<abcdefgh>');
    assert.equal(redact(['cd', 'mask'], ['bcde', 'hash']), '<a***fgh>');
    assert.equal(redact(['bcde', 'hash'], ['cd', 'mask']), `<a${digest('bcde')}fgh>`);
    assert.equal(redact(['bc', 'mask'], ['cdef', 'hash'], ['fg', 'mask']), '<a***h>');
    assert.equal(redact(['cdef', 'mask'], ['bc|fg', 'hash']), '<a***h>');
    assert.equal(redact(['bc', 'drop'], ['ef', 'drop'], ['bcdef', 'mask']), '<agh>');
    assert.equal(redact(['b', 'mask'], ['ad', 'mask'], ['h', 'hash']), `<a***cdefg${digest('h')}>`);
    // What is put in is no text of the sender.
    assert.equal(redactText(patterns(['a', 'mask'], ['\\*', 'hash']), 'a'), '***');
  });

  it('leaves nothing in place that any pattern matched', () => {
    const rule = fc.tuple(
      fc.constantFrom('x', 'xy?', 'y+z', '[yz]{2}', 'zx', '\\bz', 'x.z'),
      fc.constantFrom<RedactionAction>('drop', 'mask', 'hash'),
    );
    const letters = fc.string({ unit: fc.constantFrom('x', 'y', 'z', ' '), maxLength: 30 });
    fc.assert(
      fc.property(fc.array(rule, { minLength: 1, maxLength: 4 }), letters, (rules, text) => {
        const covered = Array.from(text, () => false);
        for (const [source] of rules) {
          for (const { index, 0: match } of text.matchAll(new RegExp(source, 'gu')))
            covered.fill(true, index, index + match.length);
        }
        // No digest has one of these letters.
        const left = redactText(patterns(...rules), text)?.replaceAll(/[\da-f]{32}|\*{3}/g, '');
        assert.equal(
          left,
          text
            .split('')
            .filter((_, i) => covered[i] !== true)
            .join(''),
        );
      }),
    );
  });

  it('gives nothing back where it would take too long', () => {
    assert.equal(redactText(patterns(['a.*b|a', 'mask']), 'a'.repeat(50_000)), undefined);
  });
});

describe('redactPath', () => {
  it('sees what percent signs stand for', () => {
    assert.equal(maskPath('/u/joe%40example.org/x?to=ann@example.org&n=1%202'), '/u/***/x?to=***&n=1%202');
    assert.equal(maskPath('/?to=j%6fe%2Bx%40example.org%zz'), '/?to=***%25zz');
    assert.equal(maskPath('/?q=hi%20ann%40example.org'), '/?q=hi%20***');
  });
  it('sees blanks that are written as a plus', () => {
    assert.equal(maskPath('/?card=4111+1111+1111+1111', '(?:\\d{4} ?){4}'), '/?card=***');
  });
  it('gives nothing back where a match reaches over several parts', () => {
    assert.equal(maskPath('/x?mail=joe%40example.org', 'mail=\\w+@'), undefined);
    assert.equal(maskPath('/ann@example.org?mail=joe%40x.org', 'mail=\\w+@|ann@example.org'), undefined);
  });
  it('does not take what it put in for a match', () => {
    const found = patterns(['[\\da-f]{32}|joe@x', 'hash']);
    assert.equal(redactPath(found, '/joe%40x?a=%20'), `/${digest('joe@x')}?a=%20`);
    assert.equal(redactPath(found, '/joe@x?a'), `/${digest('joe@x')}?a`);
  });
  it('leaves all else as it is', () => {
    for (const path of ['/a%20b?c=%zz&d=%', '/', '*', '/score?x=%C3%A9']) assert.equal(maskPath(path), path);
  });
});
