/** What a collector is told: a deployment's `data_collector` block, and the settings around it. */
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import {
  GleanerError,
  collectedKeys,
  deploymentResourceId,
  formatFinding,
  openYaml,
  readCollectedDeployment,
  readDeployment,
  readFields,
} from '@gleaner/protocol';
import type { CollectedDeployment, Field, Finding, Report, YamlValue } from '@gleaner/protocol';

import { folderKind, readDatastores } from '@gleaner/datastore';
import type { DatastoreConfig } from '@gleaner/datastore';

import type { CollectionPolicy } from '../admit/policy.ts';
import { causeOf } from '../errors.ts';
import type { CollectorError } from '../errors.ts';
import { collectionPlaces, defaultDatastore } from './places.ts';
import { invalid } from './invalid.ts';
import type { Redaction, RedactionSettings, openRedaction, readRedaction } from './redaction.ts';
import { environmentName, settings } from './settings.ts';
import type { Setting, SettingName, SettingValues } from './settings.ts';

export interface CollectorConfig {
  settings: SettingValues;
  collections: CollectionPolicy[];
  captureHeaders: readonly string[];
  /** What is taken out of records before they are written; `undefined`: nothing. */
  redaction: Redaction | undefined;
  /** Resource id of the deployment: the source of its events. */
  source: string;
  endpointName: string;
  deploymentName: string;
  spoolFolder: string;
  /** Those that collections use, by the name that their frames carry: `<name>`, or `<name>@<client id>` of the identity. */
  datastores: Map<string, DatastoreConfig>;
  /** The folder that data go to unless a datastore is named; `undefined` when that is no folder. */
  dataFolder: string | undefined;
  /** Of the file, as `file:line:column: message`. */
  warnings: string[];
}

export interface ConfigSource {
  /** A deployment YAML: only its `data_collector` block and names are used. */
  deploymentFile?: string;
  /** A collector YAML: the same keys at its top level, and all settings. */
  collectorFile?: string;
  /** By flag name, as given. */
  flags: Readonly<Record<string, string | undefined>>;
  /** Folder of the default datastore, `workspaceblobstore`. */
  dataFolder?: string;
  environment: Readonly<Record<string, string | undefined>>;
}

const defaultDataFolder = 'gleaner-data';

/** Errors: `configuration_invalid` with one line for each problem, with file, line and column where there is one. */
export async function loadConfig(source: ConfigSource): Promise<CollectorConfig> {
  const file = source.collectorFile === undefined ? undefined : await readCollectorFile(source.collectorFile);
  const block = file ?? (await readDeploymentFile(source.deploymentFile ?? 'deployment.yml'));
  const values = resolveSettings(source, file?.settings ?? new Map());
  const { deployment } = block;
  const named = new Map(file?.datastores);
  if (source.dataFolder !== undefined || !named.has(defaultDatastore)) {
    named.set(defaultDatastore, folderAt(resolve(source.dataFolder ?? defaultDataFolder)));
  }
  const warnings = [...block.warnings];
  const places = collectionPlaces(deployment, { named, values, warnings });
  const dataFolder = named.get(defaultDatastore)?.settings['path'];
  return {
    settings: values,
    collections: places.policies,
    captureHeaders: deployment.captureHeaders,
    redaction: file?.redaction && (await (await loadRedaction()).openRedaction(file.redaction)),
    source: sourceOf(deployment, values),
    endpointName: deployment.endpointName,
    deploymentName: deployment.name,
    spoolFolder: resolve(values['spool.path'] ?? join(dataFolder ?? resolve(defaultDataFolder), '.spool')),
    datastores: places.datastores,
    dataFolder,
    warnings,
  };
}

function folderAt(path: string): DatastoreConfig {
  return { kind: folderKind, settings: { path } };
}

function sourceOf(deployment: CollectedDeployment, values: SettingValues): string {
  try {
    return deploymentResourceId.format({
      subscriptionId: values['workspace.subscription_id'],
      resourceGroup: values['workspace.resource_group'],
      workspace: values['workspace.name'],
      endpoint: deployment.endpointName,
      deployment: deployment.name,
    });
  } catch (cause) {
    if (!(cause instanceof GleanerError)) throw cause;
    throw invalid(cause.message, { cause, fix: 'Correct the workspace settings.' });
  }
}

interface RedactionReader {
  readRedaction: typeof readRedaction;
  openRedaction: typeof openRedaction;
}

interface BlockFile {
  deployment: CollectedDeployment;
  warnings: string[];
}

interface CollectorFile extends BlockFile {
  settings: Map<SettingName, string>;
  datastores: Map<string, DatastoreConfig> | undefined;
  redaction: RedactionSettings | undefined;
}

async function readDeploymentFile(path: string): Promise<BlockFile> {
  const reading = readDeployment(await readYaml(path), { fileName: path });
  if (reading.deployment === undefined) throw invalidFile(path, reading.problems);
  return {
    deployment: reading.deployment,
    warnings: reading.warnings.map((one) => formatFinding(one, path)),
  };
}

async function readCollectorFile(path: string): Promise<CollectorFile> {
  const { root, report } = openYaml(await readYaml(path));
  const redaction = hasKey(root, 'redact') ? await loadRedaction() : undefined;
  const read = root === undefined ? undefined : readRoot(root, report, { folder: dirname(path), redaction });
  const { problems, warnings } = report.findings();
  if (read === undefined || problems.length > 0) throw invalidFile(path, problems);
  return { ...read, warnings: warnings.map((one) => formatFinding(one, path)) };
}

/** Where it is needed alone: patterns take time and memory. */
function loadRedaction(): Promise<RedactionReader> {
  return import('./redaction.ts');
}

function hasKey(root: Field | undefined, key: string): boolean {
  return root?.value.kind === 'map' && root.value.entries.some(({ name }) => name === key);
}

function readRoot(
  root: Field,
  report: Report,
  { folder, redaction: reader }: { folder: string; redaction: RedactionReader | undefined },
): Omit<CollectorFile, 'warnings'> | undefined {
  const names = Object.keys(settings) as SettingName[];
  const groups = [...new Set(names.map((name) => name.split('.', 1)[0] ?? name))];
  const fields = readFields<string>(root, [...collectedKeys, 'datastores', 'redact', ...groups], report);
  if (fields === undefined) return undefined;
  const values = new Map<SettingName, string>();
  for (const group of groups) {
    const field = fields[group];
    if (field === undefined) continue;
    const isAlone = names.find((name) => name === group);
    if (isAlone !== undefined) readSetting(field, { name: isAlone, values }, report);
    else readGroup(field, { names: names.filter((name) => name.startsWith(`${group}.`)), values }, report);
  }
  const datastores = fields['datastores'] && readDatastores(fields['datastores'], report, { folder });
  // As datastores do: a path in the file starts where the file is.
  for (const name of ['spool.path', 'write_mdc_config'] as const) {
    const path = values.get(name);
    if (path !== undefined) values.set(name, resolve(folder, path));
  }
  const deployment = readCollectedDeployment(root, fields, report);
  const collections = deployment?.collections.map(({ name }) => name.toLowerCase()) ?? [];
  const redaction =
    fields['redact'] && reader?.readRedaction(fields['redact'], report, { folder, collections });
  return deployment && { deployment, settings: values, datastores, redaction };
}

function readGroup(
  field: Field,
  { names, values }: { names: SettingName[]; values: Map<SettingName, string> },
  report: Report,
): void {
  const keys = names.map((name) => name.slice(name.indexOf('.') + 1));
  const fields = readFields<string>(field, keys, report) ?? {};
  for (const [index, key] of keys.entries()) {
    const [name, value] = [names[index], fields[key]];
    if (name !== undefined && value !== undefined) readSetting(value, { name, values }, report);
  }
}

function readSetting(
  field: Field,
  { name, values }: { name: SettingName; values: Map<SettingName, string> },
  report: Report,
): void {
  const { value } = field;
  const { expected, parse }: Setting<unknown>['type'] = settings[name].type;
  const text = settingText(value);
  if (text === undefined || parse(text) === undefined) report.problem(field, `Expected ${expected}.`);
  else values.set(name, text);
}

/** As a flag has it: a list with commas between, a map as `name: value`. */
function settingText(value: YamlValue): string | undefined {
  switch (value.kind) {
    case 'null':
      return undefined;
    case 'boolean':
      return value.source;
    case 'list':
      return joinTexts(value.items.map(settingText));
    case 'map':
      return joinTexts(
        value.entries.map((entry) => {
          const text = settingText(entry.value);
          return text === undefined ? undefined : `${entry.name}: ${text}`;
        }),
      );
    case 'text':
    case 'integer':
    case 'float':
    case 'date':
      return String(value.value);
  }
}

function joinTexts(texts: readonly (string | undefined)[]): string | undefined {
  return texts.includes(undefined) ? undefined : texts.join(', ');
}

function resolveSettings(source: ConfigSource, file: ReadonlyMap<SettingName, string>): SettingValues {
  const problems: string[] = [];
  const values = Object.entries(settings).map(([key, setting]: [string, Setting<unknown>]) => {
    const name = key as SettingName;
    const flag = setting.flag === undefined ? undefined : source.flags[setting.flag];
    const variable = environmentName(name);
    const given = flag ?? source.environment[variable];
    const text = given ?? file.get(name) ?? setting.default;
    const value = text === undefined ? undefined : setting.type.parse(text);
    if (text !== undefined && value === undefined) {
      const where = flag === undefined ? variable : `--${setting.flag}`;
      const shown = setting.secret ? 'The value' : `'${text}'`;
      problems.push(`${where}: ${shown} is not ${setting.type.expected}.`);
    }
    return [name, value];
  });
  if (problems.length > 0) throw invalid(problems.join('\n'), { fix: 'Correct the settings named.' });
  return Object.fromEntries(values) as SettingValues;
}

async function readYaml(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw invalid(`${path} cannot be read: ${causeOf(cause)}.`, {
      cause,
      fix: 'Name the file with -f or --config.',
    });
  }
}

function invalidFile(path: string, problems: readonly Finding[]): CollectorError {
  return invalid(problems.map((problem) => formatFinding(problem, path)).join('\n'), {
    fix: `Correct ${path} in the lines named.`,
  });
}
