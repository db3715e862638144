/** `redact:` of a collector's file: what is taken out of bodies and attributes before they are written anywhere. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { readFields, readText } from '@gleaner/protocol';
import type { Field, Report } from '@gleaner/protocol';

import { parsePath } from '../admit/redact/json-path.ts';
import { parsePattern } from '../admit/redact/pattern.ts';
import { RuleProblem } from '../admit/redact/problem.ts';
import { compileRules, redactionActions } from '../admit/redact/rules.ts';
import type { CompiledRules, RedactionAction, RedactionRule } from '../admit/redact/rules.ts';
import { causeOf } from '../errors.ts';
import { invalid } from './invalid.ts';

/** As the file says it; nothing was opened yet. */
export interface RedactionSettings {
  rules: readonly CollectionRule[];
  /** Absolute; given when a rule says `hash`. */
  keyFile: string | undefined;
}

export interface Redaction {
  /** What holds for the records of a collection (its name in lower case); `undefined`: they are kept as they are. */
  forCollection(name: string): CompiledRules | undefined;
  /** The patterns of all collections, for what joins their records; `undefined`: there are none. */
  all: CompiledRules | undefined;
}

interface CollectionRule {
  rule: RedactionRule;
  /** In lower case; `undefined`: all. */
  collections: readonly string[] | undefined;
}

interface Context {
  /** Where paths start. */
  folder: string;
  /** Names of the collections that there are, in lower case: a rule for another would protect nothing. */
  collections: readonly string[];
}

/** Shorter keys can be guessed as easily as what they hide. */
const minKeyBytes = 32;

/** What is wrong goes to the report, and then the result is `undefined`. */
export function readRedaction(field: Field, report: Report, context: Context): RedactionSettings | undefined {
  const problemsBefore = report.problemCount;
  const fields = readFields(field, ['key_file', 'rules'], report);
  if (fields === undefined) return undefined;
  const keyFile = fields.key_file && readWord(fields.key_file, report);
  if (fields.rules === undefined) report.problem(field.key, "Expected 'rules', a list of rules.");
  const rules = (fields.rules && readItems(fields.rules, report)) ?? [];
  const read = rules.map((rule) =>
    readRule(rule, report, { ...context, hasKey: fields.key_file !== undefined }),
  );
  if (report.problemCount > problemsBefore) return undefined;
  return {
    rules: read.filter((rule) => rule !== undefined),
    keyFile: keyFile === undefined ? undefined : resolve(context.folder, keyFile),
  };
}

/** Reads the key file. Error: `configuration_invalid`; it says nothing of the key. */
export async function openRedaction({ rules, keyFile }: RedactionSettings): Promise<Redaction> {
  const key = keyFile === undefined ? undefined : await readKey(keyFile);
  const compiled = new Map<string, CompiledRules | undefined>();
  const patterns = rules.filter(({ rule }) => rule.kind === 'pattern');
  return {
    all: compileSome(patterns, key),
    forCollection(name) {
      if (!compiled.has(name)) compiled.set(name, compileFor(rules, name, key));
      return compiled.get(name);
    },
  };
}

function compileFor(
  rules: readonly CollectionRule[],
  name: string,
  key: Uint8Array | undefined,
): CompiledRules | undefined {
  const own = rules.filter(({ collections }) => collections?.includes(name) ?? true);
  return compileSome(own, key);
}

function compileSome(
  rules: readonly CollectionRule[],
  key: Uint8Array | undefined,
): CompiledRules | undefined {
  if (rules.length === 0) return undefined;
  return compileRules(
    rules.map(({ rule }) => rule),
    key,
  );
}

async function readKey(path: string): Promise<Uint8Array> {
  const fix = `Write a key there: head -c ${minKeyBytes} /dev/urandom > ${path}`;
  let key: Uint8Array;
  try {
    key = await readFile(path);
  } catch (cause) {
    throw invalid(`The key file ${path} of redact cannot be read: ${causeOf(cause)}.`, { fix, cause });
  }
  if (key.length >= minKeyBytes) return key;
  const message = `The key file ${path} of redact has ${key.length} bytes; a key has at least ${minKeyBytes}.`;
  throw invalid(message, { fix });
}

function readRule(
  field: Field,
  report: Report,
  context: Context & { hasKey: boolean },
): CollectionRule | undefined {
  const fields = readFields(field, ['column', 'path', 'pattern', 'action', 'collections'], report);
  if (fields === undefined) return undefined;
  const action = readAction(field, fields.action, report);
  if (action === 'hash' && !context.hasKey) {
    report.problem(fields.action ?? field, "Action 'hash' needs a key: expected 'key_file' beside 'rules'.");
  }
  const collections = fields.collections && readCollections(fields.collections, report, context.collections);
  const given = [fields.column, fields.path, fields.pattern].filter((one) => one !== undefined);
  if (given.length !== 1) {
    report.problem(field, "Expected one of 'column', 'path' and 'pattern' in a rule, and not more.");
    return undefined;
  }
  if (action === undefined) return undefined;
  const rule = readTarget(fields, action, report);
  return rule && { rule, collections };
}

function readTarget(
  { column, path, pattern }: { column?: Field; path?: Field; pattern?: Field },
  action: RedactionAction,
  report: Report,
): RedactionRule | undefined {
  if (column !== undefined) {
    const name = readWord(column, report);
    return name === undefined ? undefined : { kind: 'column', column: name, action };
  }
  if (path !== undefined) {
    const steps = readWith(path, report, parsePath);
    return steps && { kind: 'path', steps, action };
  }
  const parsed = pattern && readWith(pattern, report, parsePattern);
  return parsed && { kind: 'pattern', pattern: parsed, action };
}

function readAction(rule: Field, field: Field | undefined, report: Report): RedactionAction | undefined {
  const text = field?.value.kind === 'text' ? field.value.value : undefined;
  const action = redactionActions.find((one) => one === text);
  if (action === undefined) {
    const actions = redactionActions.map((one) => `'${one}'`).join(', ');
    report.problem(field ?? rule, `Expected an 'action': one of ${actions}.`);
  }
  return action;
}

function readCollections(field: Field, report: Report, known: readonly string[]): string[] {
  const items = readItems(field, report) ?? [];
  const names = items.map((item) => {
    const name = readWord(item, report)?.toLowerCase();
    if (name !== undefined && !known.includes(name)) {
      report.problem(item, `There is no collection '${name}': expected one of ${known.join(', ')}.`);
    }
    return name;
  });
  return names.filter((name) => name !== undefined);
}

/** The items of a list that has some. */
function readItems(field: Field, report: Report): Field[] | undefined {
  if (field.value.kind !== 'list' || field.value.items.length === 0) {
    report.problem(field, 'Expected a list with at least one item.');
    return undefined;
  }
  return field.value.items.map((value, index) => {
    const place = { path: `${field.path}.${index}`, line: value.line, column: value.column };
    return { ...place, key: place, value };
  });
}

function readWith<T>(field: Field, report: Report, parse: (text: string) => T): T | undefined {
  const text = readWord(field, report);
  return text === undefined ? undefined : told(field, report, () => parse(text));
}

/** A problem of the rule goes to the report. */
function told<T>(field: Field, report: Report, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof RuleProblem)) throw error;
    report.problem(field, error.message);
    return undefined;
  }
}

function readWord(field: Field, report: Report): string | undefined {
  const text = readText(field, report);
  if (text === '') report.problem(field, 'Expected a text.');
  return text === '' ? undefined : text;
}
