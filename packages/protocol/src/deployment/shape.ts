import { readDictionary, readFields, readText, reportMissing } from './fields.ts';
import type { Field, FieldReader } from './fields.ts';
import type { Report } from './report.ts';
import { plainValue } from './yaml-value.ts';
import type { PlainValue } from './yaml-value.ts';

/** What the readers of a map make of it: a member for every key that the file has. */
export type Shaped<Readers extends Record<string, FieldReader<unknown>>> = {
  [Key in keyof Readers]?: Readers[Key] extends FieldReader<infer T> ? T : never;
};

/** Reads a map by one reader for each of its keys; other keys are reported, as are the `required` ones that lack. */
export function shapeReader<const Readers extends Record<string, FieldReader<unknown>>>(
  readers: Readers,
  required: readonly (string & keyof Readers)[] = [],
): (field: Field, report: Report) => Shaped<Readers> | undefined {
  const names = Object.keys(readers);
  return (field, report) => {
    const fields: Partial<Record<string, Field>> | undefined = readFields<string>(field, names, report);
    if (fields === undefined) return undefined;
    const values = names.flatMap((name) => {
      const child = fields[name];
      const value = child && readers[name]?.(child, report);
      return value === undefined ? [] : [[name, value] as const];
    });
    for (const name of required) {
      if (fields[name] === undefined) reportMissing(field, name, report);
    }
    return Object.fromEntries(values) as Shaped<Readers>;
  };
}

/** A map of free keys whose values are read alike. */
export function recordReader<T>(
  read: FieldReader<T>,
): (field: Field, report: Report) => Record<string, T> | undefined {
  return (field, report) => {
    const entries = readDictionary(field, report);
    if (entries === undefined) return undefined;
    const values = entries.flatMap(({ key, field: child }) => {
      if (key.kind !== 'text') report.problem(child.key, 'Not a valid string.');
      const value = read(child, report);
      return key.kind !== 'text' || value === undefined ? [] : [[key.value, value] as const];
    });
    return Object.fromEntries(values);
  };
}

/** A map of texts, such as tags; what is no text is taken as Python writes it, as the original sends it. */
export function readTexts(field: Field, report: Report): Record<string, string> | undefined {
  const entries = readDictionary(field, report);
  return (
    entries &&
    Object.fromEntries(
      entries.map(({ key, field: child }) => [textOf(plainValue(key)), textOf(plainValue(child.value))]),
    )
  );
}

/** A version: text, or an integer as its digits. */
export function readVersion(field: Field, report: Report): string | undefined {
  return field.value.kind === 'integer' ? String(field.value.value) : readText(field, report);
}

function textOf(value: PlainValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value === null ? '' : JSON.stringify(value);
}
