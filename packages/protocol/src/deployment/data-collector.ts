import type { DatastoreUri } from '../azureml-uri.ts';
import { collectionNameProblem, isPayloadCollection } from '../names.ts';
import { rollingRates } from '../window.ts';
import type { RollingRate } from '../window.ts';
import type { CollectionData } from './collection-data.ts';
import { readCollection, readEnabled, readSamplingRate } from './collection.ts';
import type { CollectionSettings } from './collection.ts';
import { readDictionary, readFields, readList, readOneOf, readText } from './fields.ts';
import type { Field } from './fields.ts';
import { readDestination, readSamplingStrategy } from './preview.ts';
import type { Place, Report } from './report.ts';
import type { YamlScalar } from './yaml-value.ts';

/** One collection of a deployment, everything decided but the default place. */
export interface Collection extends CollectionData {
  /** In lower case. */
  name: string;
  enabled: boolean;
  clientId?: string | undefined;
  /** Fraction 0…1 of the correlation ids to keep. */
  samplingRate: number;
}

/** The `data_collector` block of a deployment. */
export interface DataCollector {
  collections: readonly Collection[];
  rollingRate: RollingRate;
  /** What collections without a rate of their own keep. */
  samplingRate: number;
  /** As written: header names are compared without case by whoever captures them. */
  captureHeaders: readonly string[];
}

/** What holds without a block: nothing is collected. */
export const noDataCollector: DataCollector = {
  collections: [],
  rollingRate: 'hour',
  samplingRate: 1,
  captureHeaders: [],
};

const documentedCustomCollections = 5;

/** Reads the block; with problems in the report, the result holds what could be read and is not to be used. */
export function readDataCollectorBlock(field: Field, report: Report): DataCollector {
  const fields = readFields(
    field,
    [
      'collections',
      'rolling_rate',
      'sampling_rate',
      'request_logging',
      'enabled',
      'destination',
      'sampling_strategy',
    ],
    report,
  );
  if (fields === undefined) return noDataCollector;
  if (fields.collections === undefined) {
    report.problem(
      field.key,
      "The block names no collections: write collections with one or more of them, such as model_inputs with enabled: 'true'.",
    );
  }
  const samplingRate = fields.sampling_rate && readSamplingRate(fields.sampling_rate, report);
  const strategy = fields.sampling_strategy && readSamplingStrategy(fields.sampling_strategy, report);
  const defaults = {
    enabled: fields.enabled === undefined || readBlockEnabled(fields.enabled, report),
    samplingRate: samplingRate ?? strategy ?? 1,
    folder: fields.destination && readDestination(fields.destination, report),
  };
  return {
    collections: fields.collections
      ? readCollections(fields.collections, report).map((collection) => withDefaults(collection, defaults))
      : [],
    rollingRate: (fields.rolling_rate && readRollingRate(fields.rolling_rate, report)) ?? 'hour',
    samplingRate: defaults.samplingRate,
    captureHeaders: (fields.request_logging && readCaptureHeaders(fields.request_logging, report)) ?? [],
  };
}

type NamedSettings = CollectionSettings & { name: string };

function readCollections(field: Field, report: Report): NamedSettings[] {
  const collections = new Map<string, NamedSettings>();
  const custom: Field[] = [];
  for (const { key, field: entry } of readDictionary(field, report) ?? []) {
    const name = readName(entry.key, { key, taken: collections }, report);
    const settings = readCollection(entry, report);
    if (name === undefined || settings === undefined) continue;
    collections.set(name, { ...settings, name });
    if (settings.enabled && !isPayloadCollection(name)) custom.push(entry);
  }
  const beyond = custom[documentedCustomCollections];
  if (beyond !== undefined) {
    report.warning(
      beyond.key,
      `More than ${documentedCustomCollections} custom collections: the documentation of the original allows no more.`,
    );
  }
  return [...collections.values()];
}

function readName(
  at: Place,
  { key, taken }: { key: YamlScalar; taken: ReadonlyMap<string, unknown> },
  report: Report,
): string | undefined {
  if (key.kind !== 'text') {
    report.problem(at, key.kind === 'null' ? 'Field may not be null.' : 'Not a valid string.');
    return undefined;
  }
  const name = key.value.toLowerCase();
  const repeated = taken.has(name)
    ? `Collection '${name}' is there already: names are compared without case.`
    : undefined;
  const problem = collectionNameProblem(key.value) ?? repeated;
  if (problem === undefined) return name;
  report.problem(at, problem);
  return undefined;
}

function withDefaults(
  collection: NamedSettings,
  defaults: { enabled: boolean; samplingRate: number; folder: DatastoreUri | undefined },
): Collection {
  const { folder } = defaults;
  const placed = collection.dataPath !== undefined || collection.dataReference !== undefined;
  return {
    ...collection,
    ...(folder !== undefined &&
      !placed && { dataPath: { ...folder, path: `${folder.path}/${collection.name}` } }),
    enabled: collection.enabled && defaults.enabled,
    samplingRate: collection.samplingRate ?? defaults.samplingRate,
  };
}

function readBlockEnabled(field: Field, report: Report): boolean {
  const enabled = readEnabled(field, report);
  if (enabled !== undefined) {
    report.warning(
      field.key,
      `enabled beside collections is a form of the preview: write enabled: '${enabled}' below each collection.`,
    );
  }
  return enabled ?? true;
}

function readRollingRate(field: Field, report: Report): RollingRate | undefined {
  const rate = readOneOf(field, { accepted: rollingRates, told: ['minute', 'day', 'hour'] }, report);
  if (rate !== undefined && rate !== 'hour') {
    report.warning(
      field,
      `The monitors of the original read the folders of hours only, not those of a ${rate}.`,
    );
  }
  return rate;
}

function readCaptureHeaders(field: Field, report: Report): string[] | undefined {
  const fields = readFields(field, ['capture_headers'], report);
  const items = fields?.capture_headers && readList(fields.capture_headers, report);
  return items?.map((item) => readText(item, report)).filter((name) => name !== undefined);
}
