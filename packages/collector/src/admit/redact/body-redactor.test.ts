import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';

import { createBodyRedactor, maxHeldBytes, redactBody } from './body-redactor.ts';
import { parsePath } from './json-path.ts';
import { parsePattern } from './pattern.ts';
import { compileRules } from './rules.ts';
import type { CompiledRules, RedactionAction, RedactionRule } from './rules.ts';

const key = Buffer.alloc(32, 7);
const email = String.raw`\b[\w.]+@[\w.]+\b`;

function digest(text: string): string {
  return createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
}

function column(name: string, action: RedactionAction): RedactionRule {
  return { kind: 'column', column: name, action };
}

function path(text: string, action: RedactionAction): RedactionRule {
  return { kind: 'path', steps: parsePath(text), action };
}

function pattern(text: string, action: RedactionAction): RedactionRule {
  return { kind: 'pattern', pattern: parsePattern(text), action };
}

/** What is kept of a body that arrives in one piece, after it was seen to be the same byte by byte. */
function redact(rules: readonly RedactionRule[], body: string): string {
  const compiled = compileRules(rules, key);
  const whole = redactBody(compiled, Buffer.from(body));
  const text = whole === 'failed' ? whole : Buffer.from(whole).toString();
  assert.equal(inPieces(compiled, Buffer.from(body), 1), text);
  return text;
}

function inPieces(rules: CompiledRules, body: Uint8Array, pieceBytes: number): string {
  const redactor = createBodyRedactor(rules);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += pieceBytes)
    pieces.push(Uint8Array.from(redactor.push(body.subarray(at, at + pieceBytes))));
  const rest = redactor.end();
  assert.equal(redactor.isFailed, rest === 'failed');
  return rest === 'failed' ? rest : Buffer.concat([...pieces, rest]).toString();
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

/** How many bytes are kept. */
function keptBytes(rule: RedactionRule, body: string): number | 'failed' {
  const rules = compileRules([rule], key);
  const whole = inPieces(rules, Buffer.from(body), body.length);
  assert.equal(inPieces(rules, Buffer.from(body), 65_536), whole);
  return whole === 'failed' ? whole : whole.length;
}

interface Example {
  rules: RedactionRule[];
  cases: Record<string, string>;
}

function examples({ rules, cases }: Example): void {
  for (const [body, expected] of Object.entries(cases)) {
    it(`${body.slice(0, 90)} → ${expected.slice(0, 60)}`, () => assert.equal(redact(rules, body), expected));
  }
}

describe('redactBody', () => {
  describe('drop', () => {
    examples({
      rules: [column('email', 'drop'), path('$[1]', 'drop'), path('$.list[*]', 'drop')],
      cases: {
        '{"email":"x"}': '{}',
        '{"a":1, "email":{"b":[1,"}"]} , "c":2}': '{"a":1 , "c":2}',
        '{"email":1,"email":2, "c":2,"d":{"email":[]}}': '{ "c":2,"d":{}}',
        '[0,1,2]': '[0,null,2]',
        '{"list":[1,"a",{"b":1}]}': '{"list":[null,null,null]}',
      },
    });
    examples({ rules: [path('$', 'drop')], cases: { ' {"a":1} ': ' null ', '5': 'null' } });
  });

  describe('mask', () => {
    examples({
      rules: [column('x', 'mask')],
      cases: {
        '[{"x":"a\\"b"},{"x":1.50},{"x":true},{"x":[1, 2]},{"x":{}}]':
          '[{"x":"***"},{"x":null},{"x":null},{"x":null},{"x":null}]',
      },
    });
    examples({ rules: [path('$', 'mask')], cases: { '  12': '  null', '"a"': '"***"' } });
  });

  describe('hash', () => {
    examples({
      rules: [column('x', 'hash')],
      cases: {
        '{"x":"J\\u006fé\\ud83d\\ude00\\n"}': `{"x":"${digest('Joé😀\n')}"}`,
        '{"x":1.50 }': `{"x":"${digest('1.50')}" }`,
        '{"x":null}': `{"x":"${digest('null')}"}`,
        '{"x": { "a" : [1, "b c\\u0041"] } }': `{"x": "${digest('{"a":[1,"b c\\u0041"]}')}" }`,
      },
    });
    examples({ rules: [path('$', 'hash')], cases: { ' -0.5e3': ` "${digest('-0.5e3')}"` } });
    it('takes a string of any length', () => {
      const text = '\\u00e9 and so on '.repeat(200_000);
      const expected = `{"x":"${digest(text.replaceAll('\\u00e9', 'é'))}"}`;
      const body = Buffer.from(`{"x":"${text}"}`);
      const rules = compileRules([column('x', 'hash')], key);
      assert.equal(inPieces(rules, body, 65_537), expected);
      assert.equal(inPieces(rules, body, body.length), expected);
    });
  });

  describe('column', () => {
    examples({
      rules: [column('email', 'mask'), column('naïve', 'mask'), column('data', 'drop')],
      cases: {
        '{"a":[{"b":{"email":1}}]}': '{"a":[{"b":{"email":null}}]}',
        '{"e\\u006dail":1,"email":2,"Email":3}': '{"e\\u006dail":null,"email":null,"Email":3}',
        '{"na\\u00efve":1,"naïve":2}': '{"na\\u00efve":null,"naïve":null}',
        '{"x":"email","email ":1,"emai":1}': '{"x":"email","email ":1,"emai":1}',
        '{"data":{"email":1}}': '{}',
      },
    });
  });

  describe('column of a table in split form', () => {
    examples({
      rules: [column('email', 'mask'), column('age', 'drop'), column('id', 'hash')],
      cases: {
        '{"columns":["a","em\\u0061il","age","id"],"data":[[1,"x",3,4],["email",["y"],{},"z"]]}': `{"columns":["a","em\\u0061il","age","id"],"data":[[1,"***",null,"${digest('4')}"],["email",null,null,"${digest('z')}"]]}`,
        '{"dataframe_split":{"index":[0],"columns":["email"],"data":[["x","y"],["z"]]}}':
          '{"dataframe_split":{"index":[0],"columns":["email"],"data":[["***","y"],["***"]]}}',
        '{"columns":["email"],"data":[["x"]],"data":[["y"]]}':
          '{"columns":["email"],"data":[["***"]],"data":[["***"]]}',
        '{"columns":["a"],"columns":["b","email"],"data":[[1,2]]}':
          '{"columns":["a"],"columns":["b","email"],"data":[[1,null]]}',
        // Nothing that a rule is about.
        '{"data":[[1]]}': '{"data":[[1]]}',
        '{"data":[[1]],"columns":["a"]}': '{"data":[[1]],"columns":["a"]}',
        '{"columns":{"a":"email"},"data":[[1]]}': '{"columns":{"a":"email"},"data":[[1]]}',
        // The data have gone by.
        '{"data":[["x"]],"columns":["email"]}': 'failed',
        '{"columns":["a"],"data":[["x"]],"columns":["email"]}': 'failed',
        '{"dataframe_split":{"data":[["x"]],"columns":["a","email"]}}': 'failed',
      },
    });
    examples({
      rules: [column('email', 'mask'), column('columns', 'drop')],
      cases: {
        '{"columns":["email"],"data":[[1]]}': 'failed',
        '{"data":[[1]],"columns":["a"]}': 'failed',
        '{"columns":["email"]}': '{}',
      },
    });
    examples({
      rules: [column('email', 'mask'), path('$.columns[0]', 'mask')],
      cases: { '{"columns":["email"],"data":[[1,2]]}': '{"columns":["***"],"data":[[null,2]]}' },
    });
  });

  describe('column that is a tensor', () => {
    examples({
      rules: [column('email', 'mask'), column('name', 'hash')],
      cases: {
        '{"inputs":[{"name":"email","shape":[1],"datatype":"BYTES","data":["x"]},{"name":"b","data":[1]}]}': `{"inputs":[{"name":"${digest('email')}","shape":[1],"datatype":"BYTES","data":null},{"name":"${digest('b')}","data":[1]}]}`,
        '{"name":"email","name":"b","data":"x"}': `{"name":"${digest('email')}","name":"${digest('b')}","data":"***"}`,
        '{"data":["x"],"name":"email"}': 'failed',
        '{"name":["email"],"data":[1]}': `{"name":"${digest('["email"]')}","data":[1]}`,
      },
    });
    examples({
      rules: [column('email', 'drop')],
      cases: {
        '{"name":"email","data":["x"],"z":1}': '{"name":"email","z":1}',
        '{"name":{"name":"email"},"data":["x"]}': '{"name":{"name":"email"},"data":["x"]}',
      },
    });
  });

  describe('path', () => {
    examples({
      rules: [
        path('$.messages[*].content', 'drop'),
        path("$['a b'].*", 'mask'),
        path('$..key', 'mask'),
        path('$.n[1][0]', 'mask'),
      ],
      cases: {
        '{"messages":[{"role":"u","content":[{"t":1}]},{"content":1,"x":{"content":2}}],"content":3}':
          '{"messages":[{"role":"u"},{"x":{"content":2}}],"content":3}',
        '{"a b":{"c":1,"d":[2]},"x":{"a b":{"c":1}}}': '{"a b":{"c":null,"d":null},"x":{"a b":{"c":1}}}',
        '{"key":1,"b":[[{"key":{"key":2}}]],"k\\u0065y":3}':
          '{"key":null,"b":[[{"key":null}]],"k\\u0065y":null}',
        '{"n":[[1,2],[3,4],[5]]}': '{"n":[[1,2],[null,4],[5]]}',
        '[{"messages":[{"content":1}]}]': '[{"messages":[{"content":1}]}]',
      },
    });
    examples({
      rules: [path('$..a..b[*].c', 'mask')],
      cases: {
        '{"a":{"a":{"x":{"b":[{"c":1,"d":2}]}}},"b":[{"c":3}]}':
          '{"a":{"a":{"x":{"b":[{"c":null,"d":2}]}}},"b":[{"c":3}]}',
      },
    });
  });

  describe('pattern', () => {
    examples({
      rules: [pattern(email, 'hash'), pattern('\\d{6,}', 'mask'), pattern('secret', 'drop')],
      cases: {
        '["joe\\u0040x.org", "to ann@x.org\\n"]': `["${digest('joe@x.org')}", "to ${digest('ann@x.org')}\\n"]`,
        '[123456, -12345678.5e1, 12345, "n 123456", 0.1234567]': '[null, null, 12345, "n ***", null]',
        '{"joe@x.org": 1, "a\\u0073ecret": {"s\\u0065cret\\u00e9":"\\u00e9"}}': `{"${digest('joe@x.org')}": 1, "a": {"é":"\\u00e9"}}`,
        '"the secret é"': '"the  é"',
        '[true,false,null,"plain \\/ \\u0041"]': '[true,false,null,"plain \\/ \\u0041"]',
      },
    });
    examples({
      rules: [pattern('\\d{6}', 'hash')],
      cases: { '[123456,"123456"]': `["${digest('123456')}","${digest('123456')}"]` },
    });
    examples({ rules: [pattern('null|true', 'mask')], cases: { '[null,true,"true"]': '[null,true,"***"]' } });
  });

  describe('rules that meet', () => {
    examples({
      rules: [
        path('$.a', 'mask'),
        column('a', 'drop'),
        pattern('x', 'mask'),
        path('$.b.c', 'drop'),
        column('b', 'hash'),
      ],
      cases: {
        '{"a":"1","z":{"a":"2"}}': '{"a":"***","z":{}}',
        '{"a":"x","b":{"c":"x"},"x":"x"}': `{"a":"***","b":"${digest('{"c":"x"}')}","***":"***"}`,
      },
    });
  });

  describe('what is no JSON', () => {
    const cases = [
      '{',
      '{"a":1,}',
      '{"a" 1}',
      '[1,]',
      '[1 2]',
      '{"a":1}}',
      '1 2',
      '01',
      '-',
      '1.',
      '1e',
      '.5',
      '+1',
      'nul',
      'nulll',
      '"',
      '"\n"',
      '"\\x"',
      '"\\u12"',
      '"\\u12g4"',
      '"\\ud800"',
      '"\\udc00"',
      '"\\ud800\\u0041"',
      ' ',
      ']',
      '{]',
      '[}',
      '{1:1}',
      '\ufeff1',
      ',',
      ':',
    ];
    examples({
      rules: [column('x', 'drop')],
      cases: Object.fromEntries(cases.map((text) => [text, 'failed'])),
    });
    it('is a string that is not UTF-8', () => {
      const bad = [
        '80',
        'c0af',
        'c3',
        'e08080',
        'eda080',
        'f0808080',
        'f4908080',
        'f5808080',
        'e282',
        'c328',
        'ff',
      ];
      for (const bytes of bad) {
        const body = Buffer.from(`22${bytes}22`, 'hex');
        for (const rule of [
          column('x', 'drop'),
          path('$', 'drop'),
          path('$', 'hash'),
          pattern('a', 'drop'),
        ]) {
          assert.equal(redactBody(compileRules([rule], key), body), 'failed', bytes);
          assert.equal(inPieces(compileRules([rule], key), body, 1), 'failed', bytes);
        }
      }
      const good = Buffer.from('"é\u0800￿\u{10000}\u{10ffff}\ud7ff\ue000"');
      assert.deepEqual(redactBody(compileRules([column('x', 'drop')], key), good), good);
    });
  });

  it('keeps a body of nothing', () => assert.equal(redact([column('a', 'drop')], ''), ''));

  it('gives back the very bytes of a body that no rule touches', () => {
    const body = Buffer.from(' {"a" : [1.0, 1E5, "\\u0041\\/"], "a":{} } ');
    const rules = compileRules([column('x', 'drop'), pattern('zzz', 'drop')], key);
    const kept = redactBody(rules, body);
    assert.ok(kept !== 'failed' && kept.buffer === body.buffer && Buffer.from(kept).equals(body));
  });

  describe('limits', () => {
    examples({
      rules: [column('x', 'drop')],
      cases: { [nested(512)]: nested(512), [nested(513)]: 'failed', [`{"x":${nested(512)}}`]: 'failed' },
    });

    const long = 'a'.repeat(maxHeldBytes);
    it('holds no string that is longer, and passes on one that need not be held', () => {
      const fits = JSON.stringify([long.slice(2)]);
      const isLonger = JSON.stringify([long.slice(1)]);
      assert.equal(keptBytes(pattern('b', 'drop'), fits), fits.length);
      assert.equal(keptBytes(pattern('b', 'drop'), isLonger), 'failed');
      assert.equal(keptBytes(column('b', 'drop'), isLonger), isLonger.length);
    });
    it('holds no number that is longer', () => {
      const body = `[${'1'.repeat(maxHeldBytes + 1)}]`;
      assert.equal(keptBytes(pattern('b', 'drop'), body), 'failed');
      assert.equal(keptBytes(column('b', 'drop'), body), body.length);
    });
    it('holds no name that is longer, with the white space before it', () => {
      assert.equal(keptBytes(column('b', 'drop'), JSON.stringify({ [long]: 1 })), 'failed');
      assert.equal(keptBytes(column('b', 'drop'), `{"a":1,${' '.repeat(maxHeldBytes)}"b":2}`), 'failed');
      assert.equal(
        keptBytes(column('b', 'drop'), `{${' '.repeat(2 * maxHeldBytes)}"b":2}`),
        2 + 2 * maxHeldBytes,
      );
    });
    it('holds no name of a column that is longer', () => {
      assert.equal(keptBytes(column('b', 'drop'), JSON.stringify({ columns: [long] })), 'failed');
      assert.equal(keptBytes(column('b', 'drop'), JSON.stringify({ name: long })), 'failed');
    });
    it('fails when matches cannot be found in time, be it of many strings together', () => {
      const rules = compileRules([pattern('a.*b|a', 'drop')], key);
      for (const texts of [['a'.repeat(50_000)], Array.from({ length: 60 }, () => 'a'.repeat(2000))])
        assert.equal(redactBody(rules, Buffer.from(JSON.stringify(texts))), 'failed');
    });
  });
});

describe('createBodyRedactor', () => {
  it('holds nothing back that is decided', () => {
    const redactor = createBodyRedactor(compileRules([column('b', 'drop')], key));
    const push = (text: string) => Buffer.from(redactor.push(Buffer.from(text))).toString();
    assert.equal(push('{"a":"some te'), '{"a":"some te');
    assert.equal(push('xt",'), 'xt"');
    assert.equal(push(' "c'), '');
    assert.equal(push('":12'), ', "c":12');
    assert.equal(push('3, "b":"sec'), '3');
    assert.equal(push('ret"}'), '}');
    assert.equal(redactor.end().length, 0);
  });

  it('says at once that it failed, and gives nothing any more', () => {
    const redactor = createBodyRedactor(compileRules([pattern('b', 'drop')], key));
    assert.equal(redactor.isFailed, false);
    redactor.push(Buffer.from('[1,,'));
    assert.equal(redactor.isFailed, true);
    assert.equal(redactor.push(Buffer.from('"a"]')).length, 0);
    assert.equal(redactor.end(), 'failed');
  });
});
