import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { maxYamlBytes, openYaml } from './yaml-file.ts';
import { pythonRepr } from './yaml-value.ts';

describe('openYaml', () => {
  it('gives every value its line and column', () => {
    const { root } = openYaml('a: 1\nb:\n  - x\n  - "y"\n');
    const [, b] = root?.value.kind === 'map' ? root.value.entries : [];
    assert.equal(b?.key.line, 2);
    const items = b?.value.kind === 'list' ? b.value.items : [];
    assert.deepEqual(
      items.map(({ line, column }) => [line, column]),
      [
        [3, 5],
        [4, 5],
      ],
    );
  });

  it('follows aliases and merges, what is written out first', () => {
    assert.equal(valueOf('a: &a {x: 1, y: 2}\nb: *a\n'), "{'a': {'x': 1, 'y': 2}, 'b': {'x': 1, 'y': 2}}");
    assert.equal(
      valueOf('a: &a {x: 1, y: 2}\nb:\n  y: 3\n  <<: *a\n'),
      "{'a': {'x': 1, 'y': 2}, 'b': {'x': 1, 'y': 3}}",
    );
    assert.equal(
      valueOf('a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\n'),
      "{'a': {'x': 1}, 'b': {'x': 2, 'y': 2}, 'c': {'x': 1, 'y': 2}}",
    );
    assert.equal(valueOf('a: &x 1\nb: *x\nc: &x 2\nd: *x\n'), "{'a': 1, 'b': 1, 'c': 2, 'd': 2}");
    assert.equal(valueOf('"<<": 1\n'), "{'<<': 1}");
  });

  it('resolves plain scalars only, and tags', () => {
    assert.equal(
      valueOf(`a: yes\nb: "yes"\nc: !!str yes\nd: !!int "5"\ne: !!float 1\nf: |\n  1\n`),
      `{'a': True, 'b': 'yes', 'c': 'yes', 'd': 5, 'e': 1.0, 'f': '1\\n'}`,
    );
  });

  it('takes bytes with a byte order mark, carriage returns, comments and a directive', () => {
    assert.equal(valueOf(new TextEncoder().encode('\u{feff}a: é\r\n')), "{'a': 'é'}");
    assert.equal(valueOf('\u{feff}%YAML 1.1\n# x\n---\na: 1 # y\n...\n'), "{'a': 1}");
  });

  const refused: [what: string, source: string | Uint8Array, at: string, message: RegExp][] = [
    ['an empty file', '', '1:1', /^Target yaml file is empty$/],
    ['a file of comments', '# nothing\n', '1:1', /^Target yaml file is empty$/],
    ['a list', '- a\n', '1:1', /^Expect dict but get <class 'list'> after parsing yaml file$/],
    ['a text', 'abc', '1:1', /<class 'str'>/],
    ['an open bracket', 'a: 1\nb: [1\n', '3:1', /flow sequence/i],
    ['tabs', 'a:\n\tb: 1\n', '2:1', /Tabs are not allowed as indentation/],
    ['two documents', 'a: 1\n---\nb: 2\n', '2:1', /^expected a single document in the stream$/],
    ['a key that comes twice', 'a: 1\nb: 2\na: 3\n', '3:1', /^Duplicate key 'a': the first is in line 1\.$/],
    ['a list as key', '[a]: 1\n', '1:1', /^found unhashable key$/],
    ['an alias of nothing', 'a: *b\n', '1:4', /^found undefined alias 'b'$/],
    ['an alias of itself', 'a: &a [*a]\n', '1:8', /^alias 'a' stands in its own value$/],
    ['a merge of a text', 'a: 1\n<<: x\n', '2:5', /^expected a mapping or list of mappings for merging$/],
    [
      'a tag of Python',
      'a: !!python/name:os.system x\n',
      '1:28',
      /constructor for the tag 'tag:yaml\.org,2002:python/,
    ],
    [
      'a control character',
      'a: 1\nb: x\u0001\n',
      '2:5',
      /^unacceptable character #x0001: special characters/,
    ],
    ['UTF-16', new Uint8Array([0xff, 0xfe, 0x61, 0, 0x3a, 0]), '1:1', /not UTF-8/],
    ['UTF-16 read as UTF-8', 'a\0:\0', '1:2', /#x0000/],
    [
      'a file over the limit',
      ' '.repeat(maxYamlBytes + 1),
      '1:1',
      /too large \(1048577\); the limit is 1048576 bytes/,
    ],
    ['deep nesting', `a: ${'['.repeat(80)}${']'.repeat(80)}`, '1:68', /nested more than 64 deep/],
  ];
  for (const [what, source, at, message] of refused) {
    it(`refuses ${what}`, () => {
      const { root, report } = openYaml(source);
      assert.equal(root, undefined);
      const [problem, ...others] = report.findings().problems;
      assert.deepEqual(others, []);
      assert.match(problem?.message ?? '', message);
      assert.equal(`${problem?.line}:${problem?.column}`, at);
    });
  }

  it('refuses aliases that stand for more than 10,000 values, by merge or not', () => {
    for (const level of [
      (before: string) => `[${`*${before}, `.repeat(10)}]`,
      (before: string) => `{<<: [${`*${before}, `.repeat(10)}]}`,
    ]) {
      const lines = Array.from(
        { length: 40 },
        (_, index) => `a${index + 1}: &a${index + 1} ${level(`a${index}`)}`,
      );
      const { problems } = openYaml(['a0: &a0 {x: 1}', ...lines].join('\n')).report.findings();
      assert.match(problems[0]?.message ?? '', /Aliases stand for more than 10000 values/);
      assert.ok(problems.length < 50);
    }
  });

  it('tells no more than 20 faults of syntax', () => {
    assert.equal(openYaml('"'.repeat(999)).report.findings().problems.length, 20);
  });

  it('survives nesting that no stack could follow', () => {
    const { problems } = openYaml(`a: ${'['.repeat(50_000)}`).report.findings();
    assert.ok(problems.some(({ message }) => message === 'Values are nested too deep.'));
  });

  it('never throws', () => {
    const fragments = `a|: |\n|  |- |&a |*a|[|]|{|}|<<|!!int |"|'|? |#|,|%|---|~|>`.split('|');
    const fragment = fc.constantFrom(...fragments);
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 30 }), (fragments) => {
        const { root, report } = openYaml(fragments.join(''));
        assert.equal(root === undefined, report.problemCount > 0);
      }),
      { numRuns: 2000 },
    );
  });
});

function valueOf(source: string | Uint8Array): string {
  const { root, report } = openYaml(source);
  assert.deepEqual(report.findings().problems, []);
  assert.ok(root !== undefined);
  return pythonRepr(root.value);
}
