import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { createBodyRedactor, redactBody } from './body-redactor.ts';
import { byHand } from './by-hand.ts';
import { actions, blanks, compile, someRules, trees, write } from './generation.ts';
import type { CompiledRules } from './rules.ts';

/** Cut at the places given; what was given out is all there, also when the end failed. */
function inPieces(rules: CompiledRules, body: Uint8Array, cuts: readonly number[]) {
  const redactor = createBodyRedactor(rules);
  const given: Uint8Array[] = [];
  let from = 0;
  for (const to of [...cuts.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b), body.length]) {
    given.push(Uint8Array.from(redactor.push(body.subarray(from, to))));
    from = to;
  }
  const rest = redactor.end();
  const isFailed = rest === 'failed';
  if (rest !== 'failed') given.push(rest);
  return { isFailed, text: Buffer.concat(given).toString('latin1') };
}

function whole(rules: CompiledRules, body: Uint8Array) {
  const kept = redactBody(rules, body);
  return kept === 'failed' ? kept : Buffer.from(kept).toString('latin1');
}

describe('createBodyRedactor', () => {
  it('does what the rules say, told of a whole value in the simplest words', () => {
    let isHit = 0;
    fc.assert(
      fc.property(trees, someRules, blanks, (tree, rules, blanks) => {
        const body = write(tree, blanks);
        const kept = redactBody(compile(rules), Buffer.from(body));
        assert.ok(kept !== 'failed');
        const expected = byHand(tree, { rules, way: [] }) ?? 'null';
        assert.equal(withoutBlanks(Buffer.from(kept).toString()), expected, body);
        if (expected !== withoutBlanks(body)) isHit++;
      }),
      { numRuns: 2000 },
    );
    assert.ok(isHit > 500, `rules were about only ${isHit} bodies`);
  });

  it('gives out nothing of a secret at a redacted place, wherever the body is cut', () => {
    const values = fc.constantFrom(
      `"${secret}"`,
      `"é${secret}\\""`,
      `["${secret}",{"b":"${secret}"}]`,
      `{"${secret}":[{}]}`,
      '"\\u0058q9"',
      '"X\\u00719"',
      '{"b":"Xq\\u0039"}',
    );
    const spots = fc.constantFrom(
      '{"pin":%}',
      '{"a":[], "p\\u0069n" : %, "pin":%}',
      '{"columns":["a","pin"],"data":[[1,%],[2, %]]}',
      '{"name":"pin","shape":[1],"data":%}',
      '{"path":{"x":%}}',
      '["a", {"path":[0,%]}]',
    );
    fc.assert(
      fc.property(planted(spots, values), actions, (body, action) => {
        const rules = compile([
          { kind: 'column', text: 'pin', action },
          { kind: 'path', text: '$..path', action },
        ]);
        checkSecret(rules, body);
      }),
    );
  });

  it('gives out nothing of what a pattern matches, wherever the body is cut', () => {
    const spots = fc.constantFrom('"to % or %"', '{"%":1}', '[1,"%"]', '"%\\n"', '{"a%":{"%b":"%"}}');
    const written = fc.constantFrom(secret, 'X\\u00719', '\\u0058\\u0071\\u0039');
    fc.assert(
      fc.property(planted(spots, written), actions, (body, action) => {
        checkSecret(compile([{ kind: 'pattern', text: 'Xq\\d', action }]), body);
      }),
    );
  });

  it('keeps the very bytes of a body that no rule is about', () => {
    const rules = compile([
      { kind: 'column', text: 'nowhere', action: 'drop' },
      { kind: 'path', text: '$..nowhere', action: 'hash' },
      { kind: 'pattern', text: 'nowhere', action: 'mask' },
    ]);
    fc.assert(
      fc.property(trees, blanks, fc.array(fc.nat(), { maxLength: 5 }), (tree, blanks, cuts) => {
        const body = Buffer.from(write(tree, blanks));
        assert.deepEqual(inPieces(rules, body, cuts), { isFailed: false, text: body.toString('latin1') });
      }),
    );
  });

  it('gives JSON for JSON, and fails for all else', () => {
    const bytes = fc.constantFrom(...Buffer.from('[]{},:"\\ \n0-.e1tn\x80\xff', 'latin1'));
    const changes = fc.array(fc.tuple(fc.nat(), bytes, fc.nat(2)), { maxLength: 3 });
    const bodies = fc.tuple(trees, blanks, changes).map(([tree, blanks, changes]) => {
      const body = [...Buffer.from(write(tree, blanks))];
      for (const [place, byte, kind] of changes)
        body.splice(place % (body.length + 1), kind === 0 ? 0 : 1, ...(kind === 2 ? [] : [byte]));
      return Buffer.from(body);
    });
    fc.assert(
      fc.property(bodies, someRules, (body, rules) => {
        const kept = whole(compile(rules), body);
        if (body.length === 0) return;
        assert.equal(kept !== 'failed', isJson(body), body.toString('latin1'));
        if (kept !== 'failed') assert.ok(isJson(Buffer.from(kept, 'latin1')), kept);
      }),
      { numRuns: 1500 },
    );
  });

  it('gives the same wherever the body is cut', () => {
    const tables = fc.constantFrom(
      '{"columns":["b","secret"],"data":[[1,"x"],[2,3]]}',
      '[{"name":"secret","data":[1]},{"data":{},"name":"secret"}]',
      '{"data":[1],"columns":["é"]}',
    );
    const bodies = fc.oneof(
      fc.tuple(trees, blanks).map(([tree, blanks]) => write(tree, blanks)),
      tables,
    );
    const spoilt = fc.tuple(bodies, fc.option(fc.nat(), { nil: undefined })).map(([text, place]) => {
      const bytes = Buffer.from(text);
      return place === undefined ? bytes : bytes.subarray(0, place % (bytes.length + 1));
    });
    fc.assert(
      fc.property(spoilt, someRules, fc.array(fc.nat(), { maxLength: 4 }), (body, given, cuts) => {
        const rules = compile(given);
        const expected = whole(rules, body);
        const everywhere = Array.from(body, (_, at) => at);
        for (const some of [cuts, everywhere, ...everywhere.slice(0, 40).map((at) => [at])]) {
          const { isFailed, text } = inPieces(rules, body, some);
          assert.equal(isFailed ? 'failed' : text, expected);
        }
      }),
      { numRuns: 400 },
    );
  });
});

const secret = 'Xq9';

/** Bodies in which `values` stand at the percent signs of `spots`, some way down. */
function planted(spots: fc.Arbitrary<string>, values: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const around = fc.constantFrom('{"b":%}', '{"a":1 , "b":%}', '[1,%,"z"]', '{ "b" : % , "a":{} }');
  return fc.tuple(spots, values, fc.array(around, { maxLength: 3 })).map(([spot, value, wraps]) => {
    const innermost = spot.replaceAll('%', () => value);
    return Buffer.from(wraps.reduce((inner, wrap) => wrap.replace('%', () => inner), innermost));
  });
}

/** Looks also at what escapes stand for, and at what is given out of a body that breaks off. */
function checkSecret(rules: CompiledRules, body: Buffer): void {
  for (let cut = 0; cut <= body.length; cut++) {
    const { isFailed, text } = inPieces(rules, body, [cut]);
    assert.ok(!isFailed, body.toString());
    const shown = JSON.stringify(JSON.parse(Buffer.from(text, 'latin1').toString()));
    assert.ok(!text.includes(secret) && !shown.includes(secret), text);
    const begun = inPieces(rules, body.subarray(0, cut), []).text;
    assert.ok(!/X(?:q|\\u0071)/.test(begun.replaceAll('\\u0058', 'X')), begun);
  }
  const everywhere = Array.from(body, (_, at) => at);
  assert.ok(!inPieces(rules, body, everywhere).text.includes(secret));
}

function withoutBlanks(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|[ \t\r\n]+/gsu, (part) => (part.startsWith('"') ? part : ''));
}

function isJson(body: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    JSON.parse(text);
    const strings = text.match(/"(?:[^"\\]|\\.)*"/gsu) ?? [];
    return strings.every((string) => (JSON.parse(string) as string).isWellFormed());
  } catch {
    return false;
  }
}
