import type { Place, Report } from './report.ts';
import { pythonFloat } from './yaml-scalar.ts';
import { pythonRepr } from './yaml-value.ts';
import type { Position, YamlEntry, YamlScalar, YamlValue } from './yaml-value.ts';

/** A value with the way to it; as a place it points at the value, or at the key when there is nothing to see. */
export interface Field extends Place {
  readonly key: Place;
  readonly value: YamlValue;
}

/** Reads one field; what is wrong goes to the report, in the words of the original's schema library (marshmallow). */
export type FieldReader<T> = (field: Field, report: Report) => T | undefined;

export function readText(field: Field, report: Report): string | undefined {
  if (refuseNull(field, report)) return undefined;
  if (field.value.kind === 'text') return field.value.value;
  report.problem(field, 'Not a valid string.');
  return undefined;
}

/** A finite number, or a text that Python reads as one. */
export function readNumber(field: Field, report: Report): number | undefined {
  if (refuseNull(field, report)) return undefined;
  const number = numberOf(field.value);
  if (number === undefined) report.problem(field, 'Not a valid number.');
  else if (Number.isFinite(number)) return number + 0; // -0 becomes 0
  else if (field.value.kind === 'integer') report.problem(field, 'Number too large.');
  else report.problem(field, 'Special numeric values (nan or infinity) are not permitted.');
  return undefined;
}

function numberOf(value: YamlValue): number | undefined {
  if (value.kind === 'text') return pythonFloat(value.value);
  return value.kind === 'integer' || value.kind === 'float' ? Number(value.value) : undefined;
}

export function readInteger(field: Field, report: Report): number | undefined {
  if (refuseNull(field, report)) return undefined;
  const { value } = field;
  const number =
    value.kind === 'text' && !/^\s*[-+]?\d+(?:_\d+)*\s*$/.test(value.value) ? undefined : numberOf(value);
  if (number === undefined || Number.isNaN(number)) report.problem(field, 'Not a valid integer.');
  else if (value.kind === 'float' && !Number.isFinite(number)) report.problem(field, 'Number too large.');
  else return Math.trunc(number);
  return undefined;
}

const trueWords = ['t', 'true', 'on', 'y', 'yes', '1'];
const falseWords = ['f', 'false', 'off', 'n', 'no', '0'];

export function readBoolean(field: Field, report: Report): boolean | undefined {
  if (refuseNull(field, report)) return undefined;
  const { value } = field;
  if (value.kind === 'boolean') return value.value;
  const word = value.kind === 'text' ? value.value.toLowerCase() : String(numberOf(value));
  if (trueWords.includes(word)) return true;
  if (falseWords.includes(word)) return false;
  report.problem(field, 'Not a valid boolean.');
  return undefined;
}

/** One of `accepted`, in any case; the refusal names `told`, the set that the original has. */
export function readOneOf<Word extends string>(
  field: Field,
  { accepted, told }: { accepted: readonly Word[]; told: readonly string[] },
  report: Report,
): Word | undefined {
  if (refuseNull(field, report)) return undefined;
  const { value } = field;
  const word = value.kind === 'text' ? value.value.toLowerCase() : undefined;
  const match = accepted.find((candidate) => candidate === word);
  if (match === undefined) report.problem(field, notInSet(value, told));
  return match;
}

/** The original's refusal of a word. */
export function notInSet(value: YamlValue, told: readonly string[]): string {
  return `Value ${pythonRepr(value)} passed is not in set [${told.map((word) => `'${word}'`).join(', ')}]`;
}

/** The items of a list, each with its index as the last part of its path. */
export function readList(field: Field, report: Report): Field[] | undefined {
  if (refuseNull(field, report)) return undefined;
  if (field.value.kind === 'list') {
    return field.value.items.map((value, index) => {
      const place = placeIn(field, String(index), value);
      return { ...place, key: place, value };
    });
  }
  report.problem(field, 'Not a valid list.');
  return undefined;
}

/** The entries of a map with free keys, which may be of any kind. */
export function readDictionary(
  field: Field,
  report: Report,
): { key: YamlScalar; field: Field }[] | undefined {
  if (refuseNull(field, report)) return undefined;
  if (field.value.kind === 'map')
    return field.value.entries.map((entry) => ({ key: entry.key, field: fieldOf(field, entry) }));
  report.problem(field, 'Not a valid mapping type.');
  return undefined;
}

/** The fields of a map by name; other keys than `names` are reported. `undefined` when the value is no map. */
export function readFields<Name extends string>(
  field: Field,
  names: readonly Name[],
  report: Report,
): Partial<Record<Name, Field>> | undefined {
  if (refuseNull(field, report)) return undefined;
  if (field.value.kind !== 'map') {
    report.problem(field, 'Invalid input type.');
    return undefined;
  }
  const fields: Partial<Record<Name, Field>> = {};
  for (const entry of field.value.entries) {
    const child = fieldOf(field, entry);
    const name = names.find((name) => name === entry.name);
    if (name === undefined) report.problem(child.key, 'Unknown field.');
    else fields[name] = child;
  }
  return fields;
}

/** Reports that `field`, a map, lacks the key `name`. */
export function reportMissing(field: Field, name: string, report: Report): void {
  report.problem(placeIn(field, name, field.key), 'Missing data for required field.');
}

/** True, after a report, for null: the original takes it nowhere. */
export function refuseNull(field: Field, report: Report): boolean {
  if (field.value.kind !== 'null') return false;
  report.problem(field.key, 'Field may not be null.');
  return true;
}

function fieldOf(parent: Place, { key, name, value }: YamlEntry): Field {
  const keyPlace = placeIn(parent, name, key);
  return { ...(value.kind === 'null' ? keyPlace : placeIn(parent, name, value)), key: keyPlace, value };
}

function placeIn(parent: Place, name: string, { line, column }: Position): Place {
  const printable = /\p{C}/u.test(name) ? JSON.stringify(name) : name;
  return { path: parent.path === '' ? printable : `${parent.path}.${printable}`, line, column };
}
