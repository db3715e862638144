import { parseDataReference, parseDatastoreUri } from '../azureml-uri.ts';
import type { DataReference, DatastoreUri } from '../azureml-uri.ts';
import { GleanerError } from '../errors.ts';
import { readFields, readText, refuseNull } from './fields.ts';
import type { Field } from './fields.ts';
import type { Place, Report } from './report.ts';

/** Where the records of a collection go, as far as the file says so. */
export interface CollectionData {
  dataPath?: DatastoreUri | undefined;
  /** Name and version of the data asset to register for the place. */
  dataName?: string | undefined;
  dataVersion?: string | undefined;
  /** A data asset that exists and knows its place; then the three above are left out. */
  dataReference?: DataReference | undefined;
}

/**
 * Reads `data` of a collection: a map, or the text of a datastore path or of a reference to an asset. As in the original,
 * empty texts count as left out.
 */
export function readCollectionData(field: Field, report: Report): CollectionData | undefined {
  if (refuseNull(field, report)) return undefined;
  if (field.value.kind !== 'text') return readDataMap(field, report);
  const text = field.value.value;
  if (text === '') return undefined;
  return /^\s*azureml:\/\//i.test(text)
    ? { dataPath: parse(field, parseDatastoreUri, report.problem) }
    : { dataReference: parse(field, parseDataReference, report.problem) };
}

function readDataMap(field: Field, report: Report): CollectionData {
  const problemsBefore = report.problemCount;
  const {
    name,
    version,
    path,
    data_id: id,
  } = readFields(field, ['name', 'path', 'version', 'data_id'], report) ?? {};
  const dataName = name && readText(name, report);
  const dataVersion = version && readVersion(version, report);
  const pathText = path && readText(path, report);
  const idText = id && readText(id, report);
  // The original tries to read a map, then a text, and tells why each of them failed.
  if (report.problemCount > problemsBefore) report.problem(field, 'Not a valid string.');

  const dataPath = path && pathText ? parse(path, parseDatastoreUri, report.problem) : undefined;
  if (id && idText && !dataName && !path) {
    const dataReference = parse(id, parseDataReference, report.warning);
    if (dataReference !== undefined) return { dataReference };
  }
  return { dataPath, dataName: dataName || undefined, dataVersion: dataVersion || undefined };
}

/** A version is text; an integer, as the original's samples have it, is taken as its digits. */
function readVersion(field: Field, report: Report): string | undefined {
  return field.value.kind === 'integer' ? String(field.value.value) : readText(field, report);
}

/** A datastore path where there must be one. */
export function readDatastoreUri(field: Field, report: Report): DatastoreUri | undefined {
  return readText(field, report) === undefined ? undefined : parse(field, parseDatastoreUri, report.problem);
}

/** Hands a text to a parser and its complaint to the report. */
function parse<T>(
  field: Field,
  parser: (text: string) => T,
  tell: (at: Place, message: string) => void,
): T | undefined {
  try {
    return field.value.kind === 'text' ? parser(field.value.value) : undefined;
  } catch (error) {
    if (!(error instanceof GleanerError)) throw error;
    tell(field, `${error.message} ${error.fix ?? ''}`.trim());
    return undefined;
  }
}
