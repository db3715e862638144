/** What is to be taken out of bodies, as its author says it, and as bodies are compared with it. */
import { createHmac, createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import type { PathStep } from './json-path.ts';
import { NameTable } from './name-table.ts';
import { createSearch } from './pattern.ts';
import type { Pattern, PatternSearch } from './pattern.ts';

export const redactionActions = ['drop', 'mask', 'hash'] as const;
export type RedactionAction = (typeof redactionActions)[number];

export type RedactionRule = { action: RedactionAction } & (
  | { kind: 'column'; column: string }
  | { kind: 'path'; steps: readonly PathStep[] }
  | { kind: 'pattern'; pattern: Pattern }
);

/** Made by {@link compileRules}; for {@link createBodyRedactor} and {@link redactText}. It holds a key: never print it. */
export interface CompiledRules {
  /** By rule, in the order of the list. */
  actions: readonly RedactionAction[];
  places: PlaceRules | undefined;
  patterns: PatternRules | undefined;
  /** Begins a digest; {@link digestText} for one that is at hand. */
  startDigest(): Digest;
}

/** Rules for whole values. A rule is its index in the list; -1 is none. */
export interface PlaceRules {
  names: NameTable;
  /** By id of the name. */
  columns: Int32Array;
  hasColumns: boolean;
  root: number;
  /** All steps of all paths; a step leads to the one behind it. */
  steps: readonly CompiledStep[];
  /** Those that paths begin with. */
  firstSteps: readonly number[];
}

export interface CompiledStep {
  kind: PathStep['kind'];
  /** Id of the name, or the index. */
  key: number;
  /** The rule, when the path ends here. */
  rule: number;
}

export interface PatternRules {
  search: PatternSearch;
  /** By index of the pattern in the search. */
  actions: readonly RedactionAction[];
}

export interface Digest {
  update(bytes: Uint8Array): void;
  finish(): string;
}

/** Hexadecimal digits of a digest: 128 bits. */
const digestDigits = 32;

/** `key` is needed when a rule says `hash`. */
export function compileRules(rules: readonly RedactionRule[], key: Uint8Array | undefined): CompiledRules {
  // Shows nothing of the key when it is printed after all.
  const secret = key === undefined ? undefined : createSecretKey(key);
  return {
    actions: rules.map(({ action }) => action),
    places: rules.some(({ kind }) => kind !== 'pattern') ? placeRules(rules) : undefined,
    patterns: patternRules(rules),
    startDigest: () => startDigest(secret),
  };
}

export function digestText({ startDigest }: CompiledRules, text: string): string {
  const digest = startDigest();
  digest.update(Buffer.from(text));
  return digest.finish();
}

/** The first in the list of two rules that may be none. */
export function firstRule(a: number, b: number): number {
  if (a < 0) return b;
  return b < 0 || a < b ? a : b;
}

function startDigest(key: KeyObject | undefined): Digest {
  if (key === undefined) throw new Error('A rule says hash, and there is no key.');
  const hmac = createHmac('sha256', key);
  return {
    update: (bytes) => void hmac.update(bytes),
    finish: () => hmac.digest('hex').slice(0, digestDigits),
  };
}

function placeRules(rules: readonly RedactionRule[]): PlaceRules {
  const names = new NameTable();
  const columns = new Map<number, number>();
  const steps: CompiledStep[] = [];
  const firstSteps: number[] = [];
  let root = -1;
  for (const [rule, one] of rules.entries()) {
    if (one.kind === 'column') {
      const id = names.add(one.column);
      columns.set(id, firstRule(rule, columns.get(id) ?? -1));
    } else if (one.kind === 'path') {
      if (one.steps.length === 0) root = firstRule(root, rule);
      else firstSteps.push(steps.length);
      for (const [index, step] of one.steps.entries()) {
        const key = step.kind === 'element' ? step.index : step.kind === 'any' ? -1 : names.add(step.name);
        steps.push({ kind: step.kind, key, rule: index === one.steps.length - 1 ? rule : -1 });
      }
    }
  }
  const byName = new Int32Array(names.size).fill(-1);
  for (const [name, rule] of columns) byName[name] = rule;
  return { names, columns: byName, hasColumns: columns.size > 0, root, steps, firstSteps };
}

function patternRules(rules: readonly RedactionRule[]): PatternRules | undefined {
  const patterns = rules.filter((rule) => rule.kind === 'pattern');
  if (patterns.length === 0) return undefined;
  return {
    search: createSearch(patterns.map(({ pattern }) => pattern)),
    actions: patterns.map(({ action }) => action),
  };
}
