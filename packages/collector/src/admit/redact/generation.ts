/** Bodies and rules for property tests. */
import fc from 'fast-check';

import { parsePath } from './json-path.ts';
import { parsePattern } from './pattern.ts';
import { compileRules } from './rules.ts';
import type { CompiledRules, RedactionAction, RedactionRule } from './rules.ts';

export const key = Buffer.alloc(32, 7);

/** A value with the text that stands for it, token by token. */
export type Tree =
  | { kind: 'text'; token: string }
  | { kind: 'number' | 'word'; token: string }
  | { kind: 'array'; items: Tree[] }
  | { kind: 'object'; members: [token: string, value: Tree][] };

/** Characters as they are or escaped. */
function tokensOf(texts: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(texts, fc.array(fc.boolean(), { maxLength: 8 })).map(([text, escapes]) => {
    const quoted = Array.from(text, (character, i) => {
      if (escapes[i] !== true) return JSON.stringify(character).slice(1, -1);
      return Array.from({ length: character.length }, (_, unit) => {
        const code = character.charCodeAt(unit).toString(16).padStart(4, '0');
        return `\\u${unit % 2 === 0 ? code : code.toUpperCase()}`;
      }).join('');
    });
    return `"${quoted.join('')}"`;
  });
}

const names = tokensOf(fc.constantFrom('a', 'b', 'é', 'secret', 'secre', 'id 77', ''));
const texts = tokensOf(
  fc.oneof(
    fc.string({ unit: fc.constantFrom('a', '7', ' ', '"', '\\', 'é', '😀', '\n'), maxLength: 8 }),
    fc.constantFrom('{', '}', ',', ':', '[', 'secret', '77', 'x77y777z'),
  ),
);
const leaves: fc.Arbitrary<Tree> = fc.oneof(
  texts.map((token): Tree => ({ kind: 'text', token })),
  fc
    .constantFrom('0', '-1.50', '77', '1.77e-7', '1E5', '123')
    .map((token): Tree => ({ kind: 'number', token })),
  fc.constantFrom('true', 'false', 'null').map((token): Tree => ({ kind: 'word', token })),
);
export const { tree: trees } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    leaves,
    fc.array(tie('tree'), { maxLength: 4 }).map((items): Tree => ({ kind: 'array', items })),
    fc
      .array(fc.tuple(names, tie('tree')), { maxLength: 4 })
      .map((members): Tree => ({ kind: 'object', members })),
  ),
}));

export const blanks = fc.array(fc.constantFrom('', '', ' ', '\n\t'), { minLength: 1, maxLength: 7 });

/** The text of a value, with white space between its tokens. */
export function write(tree: Tree, blanks: readonly string[]): string {
  let next = 0;
  const blank = () => blanks[next++ % blanks.length] ?? '';
  const pieces = (tree: Tree): string => {
    switch (tree.kind) {
      case 'array':
        return `[${blank()}${tree.items.map((item) => pieces(item) + blank()).join(`,${blank()}`)}]`;
      case 'object': {
        const members = tree.members.map(
          ([name, value]) => `${name}${blank()}:${blank()}${pieces(value)}${blank()}`,
        );
        return `{${blank()}${members.join(`,${blank()}`)}}`;
      }
      case 'text':
      case 'number':
      case 'word':
        return tree.token;
    }
  };
  return blank() + pieces(tree) + blank();
}

export const actions = fc.constantFrom<RedactionAction>('drop', 'mask', 'hash');
const paths = [
  '$',
  '$.a',
  '$[*]',
  '$.*',
  '$.a[*].secret',
  '$..b',
  '$..a[1]',
  '$[0][1]',
  "$['id 77'].a",
  '$..é.*',
];
/** A rule as written, so that a failure shows it. */
export interface Given {
  kind: RedactionRule['kind'];
  text: string;
  action: RedactionAction;
}
const placeRules: fc.Arbitrary<Given> = fc.oneof(
  fc.record({
    kind: fc.constant('column'),
    text: fc.constantFrom('a', 'é', 'secret', 'id 77'),
    action: actions,
  }),
  fc.record({ kind: fc.constant('path'), text: fc.constantFrom(...paths), action: actions }),
);
const patternRules: fc.Arbitrary<Given> = fc.record({
  kind: fc.constant('pattern'),
  text: fc.constantFrom('7{2}', '7+', '\\d', 'e', 'é|😀', '" ?\\\\', '^a', 'secret$'),
  action: actions,
});
export const someRules = fc
  .tuple(fc.array(placeRules, { maxLength: 4 }), fc.option(patternRules, { nil: undefined }))
  .map(([places, pattern]) => (pattern === undefined ? places : [...places, pattern]))
  .filter((rules) => rules.length > 0);

function ruleOf({ kind, text, action }: Given): RedactionRule {
  if (kind === 'column') return { kind, column: text, action };
  return kind === 'path'
    ? { kind, steps: parsePath(text), action }
    : { kind, pattern: parsePattern(text), action };
}

export function compile(rules: readonly Given[]): CompiledRules {
  return compileRules(rules.map(ruleOf), key);
}
