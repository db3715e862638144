/** A datastore as users write it in YAML: its kind says which keys there are. */
import { resolve } from 'node:path';

import { readDictionary, readText } from '@gleaner/protocol';
import type { Field, Report } from '@gleaner/protocol';

import type { Datastore } from './datastore.ts';
import type { StoreContext, StoreKey, StoreKind, StoreSettings } from './kind.ts';
import { storeKinds } from './kinds.ts';

/** Which store, and how to open it. Its settings may hold secrets: never print them. */
export interface DatastoreConfig extends StoreContext {
  kind: StoreKind;
  settings: StoreSettings;
}

/** Makes no call to the store. Error: `store_settings_invalid`. */
export async function openDatastore({ kind, settings, ...context }: DatastoreConfig): Promise<Datastore> {
  return kind.open(settings, context);
}

/** Keys of a datastore file of the original that say nothing about the store. */
const descriptiveKeys = ['$schema', 'name', 'description', 'tags', 'properties'];

/**
 * Reads a map with `type` and the keys of that kind; what is wrong goes to the report. `folder`: where paths start.
 * A file of one datastore (`az ml datastore create -f`) has its name and description in the same map.
 */
export function readDatastore(
  field: Field,
  report: Report,
  { folder, isFile = false }: { folder: string; isFile?: boolean },
): DatastoreConfig | undefined {
  const entries = readDictionary(field, report) ?? [];
  const given = new Map(
    entries.map(({ key, field: entry }) => [key.kind === 'text' ? key.value : '', entry]),
  );
  const kind = readKind(field, given.get('type'), report);
  if (kind === undefined) return undefined;
  const problemsBefore = report.problemCount;
  const settings: Record<string, string> = {};
  const read = (name: string, entry: Field): void => {
    const key = Object.hasOwn(kind.keys, name) ? kind.keys[name] : undefined;
    if (key === undefined) return report.problem(entry.key, 'Unknown field.');
    const value = readValue(entry, key, report);
    if (value !== undefined) settings[name] = key.form === 'path' ? resolve(folder, value) : value;
  };
  for (const [name, entry] of given) {
    if (name === 'type' || (isFile && descriptiveKeys.includes(name))) continue;
    const isGroup = Object.keys(kind.keys).some((key) => key.startsWith(`${name}.`));
    if (!isGroup) read(name, entry);
    else
      for (const { key, field: inner } of readDictionary(entry, report) ?? [])
        read(`${name}.${key.kind === 'text' ? key.value : ''}`, inner);
  }
  for (const [name, key] of Object.entries(kind.keys)) {
    if (Object.hasOwn(settings, name)) continue;
    if (key.default !== undefined) settings[name] = key.default;
    else if (key.required) report.problem(field.key, `A datastore of type '${kind.type}' needs '${name}'.`);
  }
  return report.problemCount === problemsBefore ? { kind, settings } : undefined;
}

/** Reads `datastores:`, a map of them by name. */
export function readDatastores(
  field: Field,
  report: Report,
  { folder }: { folder: string },
): Map<string, DatastoreConfig> {
  const datastores = new Map<string, DatastoreConfig>();
  for (const { key, field: entry } of readDictionary(field, report) ?? []) {
    const name = key.kind === 'text' ? key.value : '';
    const config = readDatastore(entry, report, { folder });
    if (!/^[A-Za-z0-9_-]{1,255}$/.test(name))
      report.problem(entry.key, "A datastore's name has letters, digits, '_' and '-'.");
    else if (config !== undefined) datastores.set(name, config);
  }
  return datastores;
}

function readKind(field: Field, type: Field | undefined, report: Report): StoreKind | undefined {
  const name = type === undefined ? undefined : readText(type, report);
  const kind = storeKinds.find((one) => one.type === name?.toLowerCase());
  if (kind === undefined) {
    const types = storeKinds.map((one) => `'${one.type}'`).join(', ');
    report.problem(type ?? field.key, `Expected a type of datastore: one of ${types}.`);
  }
  return kind;
}

/** The text of a value, whatever YAML takes it for: a key of digits is a key. What is secret is not repeated. */
function readValue(field: Field, { form = 'text' }: StoreKey, report: Report): string | undefined {
  const { value } = field;
  const text = value.kind === 'boolean' ? value.source : 'value' in value ? String(value.value) : '';
  if (form === 'flag' && !/^(true|false)$/i.test(text)) report.problem(field, 'Expected true or false.');
  else if (text === '') report.problem(field, 'Expected a text.');
  else return form === 'flag' ? text.toLowerCase() : text;
  return undefined;
}
