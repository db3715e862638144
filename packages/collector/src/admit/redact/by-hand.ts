/** What redaction does, told once more for tests: of a whole value, in the simplest words. */
import { createHmac } from 'node:crypto';

import { key, write } from './generation.ts';
import type { Given, Tree } from './generation.ts';
import { parsePath } from './json-path.ts';
import type { PathStep } from './json-path.ts';

export interface Task {
  rules: readonly Given[];
  /** Names and indices from the root. */
  way: readonly (string | number)[];
}

/** What is left of a value, without white space between tokens; `undefined`: it is dropped. */
export function byHand(tree: Tree, { rules, way }: Task): string | undefined {
  const rule = rules.find((rule) => isAbout(rule, way));
  if (rule !== undefined) {
    if (rule.action === 'drop') return undefined;
    if (rule.action === 'mask') return tree.kind === 'text' ? '"***"' : 'null';
    return `"${digest(tree.kind === 'text' ? (JSON.parse(tree.token) as string) : write(tree, ['']))}"`;
  }
  switch (tree.kind) {
    case 'array':
      return `[${tree.items.map((item, index) => byHand(item, { rules, way: [...way, index] }) ?? 'null').join()}]`;
    case 'object': {
      const members = tree.members.map(([name, value]) => {
        const left = byHand(value, { rules, way: [...way, JSON.parse(name) as string] });
        return left === undefined ? undefined : `${textByHand(name, rules)}:${left}`;
      });
      return `{${members.filter((member) => member !== undefined).join()}}`;
    }
    case 'text':
      return textByHand(tree.token, rules);
    case 'number':
      return numberByHand(tree.token, rules);
    case 'word':
      return tree.token;
  }
}

function isAbout({ kind, text }: Given, way: readonly (string | number)[]): boolean {
  if (kind === 'column') return way.at(-1) === text;
  return kind === 'path' && leadsTo(parsePath(text), way);
}

function leadsTo([step, ...steps]: PathStep[], [part, ...rest]: readonly (string | number)[]): boolean {
  if (step === undefined || part === undefined) return step === undefined && part === undefined;
  switch (step.kind) {
    case 'any':
      return leadsTo(steps, rest);
    case 'element':
      return step.index === part && leadsTo(steps, rest);
    case 'member':
      return step.name === part && leadsTo(steps, rest);
    case 'descendant':
      return (step.name === part && leadsTo(steps, rest)) || leadsTo([step, ...steps], rest);
  }
}

function textByHand(token: string, rules: readonly Given[]): string {
  const rule = rules.find(({ kind }) => kind === 'pattern');
  const text = JSON.parse(token) as string;
  if (rule === undefined || !new RegExp(rule.text, 'u').test(text)) return token;
  const replace = (match: string) =>
    rule.action === 'hash' ? digest(match) : rule.action === 'mask' ? '***' : '';
  return JSON.stringify(text.replaceAll(new RegExp(rule.text, 'gu'), replace));
}

function numberByHand(token: string, rules: readonly Given[]): string {
  const rule = rules.find(({ kind }) => kind === 'pattern');
  const match = rule && new RegExp(rule.text, 'u').exec(token);
  if (rule === undefined || match === null || match === undefined) return token;
  return rule.action === 'hash' ? `"${digest(match[0])}"` : 'null';
}

function digest(text: string): string {
  return createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
}
