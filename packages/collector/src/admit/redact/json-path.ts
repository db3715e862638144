import { RuleProblem } from './problem.ts';

export type PathStep =
  /** `.name`, `['name']` */
  | { kind: 'member'; name: string }
  /** `[0]` */
  | { kind: 'element'; index: number }
  /** `[*]`, `.*` */
  | { kind: 'any' }
  /** `..name`: at any depth */
  | { kind: 'descendant'; name: string };

const expected =
  "Expected a path of $, .name, ['name'], [0], [*], .* and ..name, such as $.messages[*].content";

/** Reads the part of JSONPath (RFC 9535) that can be followed while a body passes by. Errors: {@link RuleProblem}. */
export function parsePath(text: string): PathStep[] {
  if (!text.startsWith('$')) throw new RuleProblem(`${expected}: it begins with $.`);
  const steps: PathStep[] = [];
  const step =
    /(\.\.|\.)([\p{L}_][\p{L}\p{N}_-]*)|\.\*|\[\*\]|\[(0|[1-9]\d{0,14})\]|\[('(?:[^'\\]|\\['\\])*'|"(?:[^"\\]|\\["\\])*")\]/uy;
  step.lastIndex = 1;
  while (step.lastIndex < text.length) {
    const at = step.lastIndex;
    const match = step.exec(text);
    if (match === null) throw new RuleProblem(`${expected}: '${text.slice(at)}' is none of them.`);
    const [, dots, name, index, quoted] = match;
    if (name !== undefined) steps.push({ kind: dots === '..' ? 'descendant' : 'member', name });
    else if (index !== undefined) steps.push({ kind: 'element', index: Number(index) });
    else if (quoted === undefined) steps.push({ kind: 'any' });
    else steps.push({ kind: 'member', name: quoted.slice(1, -1).replaceAll(/\\(.)/gsu, '$1') });
  }
  return steps;
}
