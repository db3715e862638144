/** The assets that files describe on their own or within a deployment. */
import { readCommand, wordReader } from './asset-reference.ts';
import { readDictionary, readInteger, readText, refuseNull } from './fields.ts';
import type { Field } from './fields.ts';
import type { Report } from './report.ts';
import { readTexts, readVersion, shapeReader } from './shape.ts';
import type { Shaped } from './shape.ts';
import { plainValue } from './yaml-value.ts';
import type { PlainValue } from './yaml-value.ts';

const readRoute = shapeReader({ path: readText, port: readInteger }, ['path', 'port']);

const environmentKeys = {
  name: readText,
  version: readVersion,
  description: readText,
  tags: readTexts,
  properties: readTexts,
  image: readText,
  conda_file: readConda,
  build: shapeReader({ path: readText, dockerfile_path: readText }),
  inference_config: readInference,
  os_type: wordReader(['linux', 'windows']),
  /** Ours: the program to run, any HTTP server. */
  command: readCommand,
  $schema: readAnything,
  id: readAnything,
  creation_context: readAnything,
} as const;

export const readEnvironmentShape = shapeReader(environmentKeys);
export type EnvironmentShape = Shaped<typeof environmentKeys>;

const modelKeys = {
  name: readText,
  version: readVersion,
  type: wordReader(['custom_model', 'mlflow_model', 'triton_model']),
  path: readText,
  description: readText,
  tags: readTexts,
  properties: readTexts,
  stage: readText,
  flavors: readPlainMap,
  datastore: readText,
  $schema: readAnything,
  id: readAnything,
  creation_context: readAnything,
} as const;

export const readModelShape = shapeReader(modelKeys);
export type ModelShape = Shaped<typeof modelKeys>;

/** A path, or the conda file itself as a map. */
export function readConda(field: Field, report: Report): string | { [name: string]: PlainValue } | undefined {
  return field.value.kind === 'text' ? field.value.value : readPlainMap(field, report);
}

function readInference(field: Field, report: Report) {
  const routes = { liveness_route: readRoute, readiness_route: readRoute, scoring_route: readRoute };
  // The original wants all three; a command of ours may do without.
  return shapeReader(routes)(field, report);
}

export function readPlainMap(field: Field, report: Report): { [name: string]: PlainValue } | undefined {
  const entries = readDictionary(field, report);
  return (
    entries &&
    Object.fromEntries(entries.map(({ key, field: child }) => [textOf(key), plainValue(child.value)]))
  );
}

/** Keys that are dropped with what they hold. */
export function readAnything(field: Field, report: Report): undefined {
  refuseNull(field, report);
}

function textOf(key: Parameters<typeof plainValue>[0]): string {
  const value = plainValue(key);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
