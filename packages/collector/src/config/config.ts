/** What a collector is told: a deployment's `data_collector` block, and the settings around it. */
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import {
  GleanerError,
  collectedKeys,
  collectionUri,
  deploymentResourceId,
  formatFinding,
  openYaml,
  readCollectedDeployment,
  readDeployment,
  readDictionary,
  readFields,
  readText,
} from '@gleaner/protocol';
import type { CollectedDeployment, Field, Finding, Report } from '@gleaner/protocol';

import type { CollectionPolicy } from '../admit/policy.ts';
import { CollectorError, causeOf } from '../errors.ts';
import { checkDestinations } from './destinations.ts';
import { environmentName, settings } from './settings.ts';
import type { Setting, SettingName, SettingValues } from './settings.ts';

export interface CollectorConfig {
  settings: SettingValues;
  collections: CollectionPolicy[];
  captureHeaders: readonly string[];
  /** Resource id of the deployment: the source of its events. */
  source: string;
  endpointName: string;
  deploymentName: string;
  spoolFolder: string;
  datastores: Map<string, DatastoreConfig>;
  /** Of the file, as `file:line:column: message`. */
  warnings: string[];
}

/** Where bytes rest. */
export interface DatastoreConfig {
  type: 'folder';
  /** Absolute. */
  path: string;
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

export const defaultDatastore = 'workspaceblobstore';
const defaultDataFolder = 'gleaner-data';

/** Errors: `configuration_invalid` with one line for each problem, with file, line and column where there is one. */
export async function loadConfig(source: ConfigSource): Promise<CollectorConfig> {
  const file = source.collectorFile === undefined ? undefined : await readCollectorFile(source.collectorFile);
  const block = file ?? (await readDeploymentFile(source.deploymentFile ?? 'deployment.yml'));
  const values = resolveSettings(source, file?.settings ?? new Map());
  const { deployment } = block;
  const datastores = new Map(file?.datastores);
  if (source.dataFolder !== undefined || !datastores.has(defaultDatastore)) {
    const path = resolve(source.dataFolder ?? defaultDataFolder);
    datastores.set(defaultDatastore, { type: 'folder', path });
  }
  const dataFolder = datastores.get(defaultDatastore)?.path ?? resolve(defaultDataFolder);
  return {
    settings: values,
    collections: collectionsOf(deployment, datastores),
    captureHeaders: deployment.captureHeaders,
    source: sourceOf(deployment, values),
    endpointName: deployment.endpointName,
    deploymentName: deployment.name,
    spoolFolder: resolve(values['spool.path'] ?? join(dataFolder, '.spool')),
    datastores,
    warnings: block.warnings,
  };
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

function collectionsOf(
  deployment: CollectedDeployment,
  datastores: ReadonlyMap<string, DatastoreConfig>,
): CollectionPolicy[] {
  const policies = deployment.collections.map((collection): CollectionPolicy => {
    const uri = collectionUri(deployment, collection);
    if (uri === undefined) {
      throw invalid(`Collection ${collection.name}: a data asset needs a workspace to be looked up in.`, {
        fix: 'Give data.path as azureml://datastores/<name>/paths/<path>.',
      });
    }
    if (!datastores.has(uri.datastore)) {
      const known = [...datastores.keys()].join(', ');
      throw invalid(
        `Collection ${collection.name}: there is no datastore '${uri.datastore}' (known: ${known}).`,
        {
          fix: `Name it under datastores: in the collector configuration.`,
        },
      );
    }
    return {
      destination: {
        collection: collection.name,
        datastore: uri.datastore,
        path: uri.path,
        rollingRate: deployment.rollingRate,
      },
      enabled: collection.enabled,
      samplingRate: collection.samplingRate,
    };
  });
  const problem = checkDestinations(policies.map((policy) => policy.destination));
  if (problem !== undefined) throw invalid(problem, { fix: 'Give every collection a data.path of its own.' });
  return policies;
}

interface BlockFile {
  deployment: CollectedDeployment;
  warnings: string[];
}

interface CollectorFile extends BlockFile {
  settings: Map<SettingName, string>;
  datastores: Map<string, DatastoreConfig>;
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
  const read = root === undefined ? undefined : readRoot(root, report, dirname(path));
  const { problems, warnings } = report.findings();
  if (read === undefined || problems.length > 0) throw invalidFile(path, problems);
  return { ...read, warnings: warnings.map((one) => formatFinding(one, path)) };
}

function readRoot(root: Field, report: Report, folder: string): Omit<CollectorFile, 'warnings'> | undefined {
  const names = Object.keys(settings) as SettingName[];
  const groups = [...new Set(names.map((name) => name.split('.', 1)[0] ?? name))];
  const fields = readFields<string>(root, [...collectedKeys, 'datastores', ...groups], report);
  if (fields === undefined) return undefined;
  const values = new Map<SettingName, string>();
  for (const group of groups) {
    const field = fields[group];
    if (field === undefined) continue;
    const isAlone = names.find((name) => name === group);
    if (isAlone !== undefined) readSetting(field, { name: isAlone, values }, report);
    else readGroup(field, { names: names.filter((name) => name.startsWith(`${group}.`)), values }, report);
  }
  const datastores = readDatastores(fields['datastores'], report, folder);
  // As datastores do: a path in the file starts where the file is.
  for (const name of ['spool.path', 'write_mdc_config'] as const) {
    const path = values.get(name);
    if (path !== undefined) values.set(name, resolve(folder, path));
  }
  const deployment = readCollectedDeployment(root, fields, report);
  return deployment && { deployment, settings: values, datastores };
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
  const text = value.kind === 'boolean' ? value.source : 'value' in value ? String(value.value) : undefined;
  if (text === undefined || parse(text) === undefined) report.problem(field, `Expected ${expected}.`);
  else values.set(name, text);
}

function readDatastores(
  field: Field | undefined,
  report: Report,
  folder: string,
): Map<string, DatastoreConfig> {
  const datastores = new Map<string, DatastoreConfig>();
  if (field === undefined) return datastores;
  for (const { key, field: entry } of readDictionary(field, report) ?? []) {
    const fields = readFields(entry, ['type', 'path'], report);
    const type = fields?.type === undefined ? undefined : readText(fields.type, report);
    if (type !== 'folder') report.problem(fields?.type ?? entry.key, "Expected the type 'folder'.");
    const path = fields?.path === undefined ? undefined : readText(fields.path, report);
    if (path === undefined) report.problem(entry.key, 'A folder needs its path.');
    else if (key.kind === 'text') datastores.set(key.value, { type: 'folder', path: resolve(folder, path) });
  }
  return datastores;
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

function invalid(message: string, options: { fix: string; cause?: unknown }): CollectorError {
  return new CollectorError('configuration_invalid', message, options);
}
