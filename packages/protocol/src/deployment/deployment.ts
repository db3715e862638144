import { GleanerError } from '../errors.ts';
import { deploymentNameProblem, endpointNameProblem } from '../names.ts';
import { noDataCollector, readDataCollectorBlock } from './data-collector.ts';
import type { DataCollector } from './data-collector.ts';
import { readFields, readOneOf, readText, reportMissing } from './fields.ts';
import type { Field } from './fields.ts';
import { formatFinding } from './report.ts';
import type { Finding, Report } from './report.ts';
import { readSettings, settingKeys } from './settings.ts';
import type { DeploymentSettings } from './settings.ts';
import { openYaml } from './yaml-file.ts';

export type DeploymentType = 'managed' | 'kubernetes';

/** What a file says about collecting: whose data, and which. */
export interface CollectedDeployment extends DataCollector {
  name: string;
  endpointName: string;
}

export interface Deployment extends CollectedDeployment {
  type: DeploymentType;
}

/** The outcome of reading a deployment file. */
export interface DeploymentReading {
  /** There when there are no problems. */
  deployment?: Deployment;
  /** What it says besides; there with it. */
  settings?: DeploymentSettings;
  problems: readonly Finding[];
  warnings: readonly Finding[];
  fileName: string;
}

/**
 * Reads a deployment file as the original's client does, in its words where it refuses, and finds everything at once. The
 * differences, all to the lenient side or for safety, are listed in `spec/`.
 *
 * @param source text, or bytes of UTF-8; at most 1 MiB
 */
export function readDeployment(
  source: string | Uint8Array,
  { fileName = 'deployment.yml' }: { fileName?: string } = {},
): DeploymentReading {
  const { root, report } = openYaml(source);
  const { deployment, settings } = root === undefined ? {} : readRoot(root, report);
  const findings = report.findings();
  const sound = findings.problems.length === 0 && deployment !== undefined && settings !== undefined;
  return { ...(sound && { deployment, settings }), ...findings, fileName };
}

/**
 * The deployment of a reading.
 *
 * @throws GleanerError `deployment_invalid`, whose message has one line for each problem.
 */
export function requireDeployment({ deployment, problems, fileName }: DeploymentReading): Deployment {
  if (deployment !== undefined) return deployment;
  const lines = problems.map((problem) => formatFinding(problem, fileName));
  throw new GleanerError('deployment_invalid', lines.join('\n'), {
    fix: `Correct ${fileName} in the lines named.`,
  });
}

/** The keys that say what to collect; other files of ours carry them too, at their top level. */
export const collectedKeys = ['name', 'endpoint_name', 'data_collector'] as const;

/** Reads them, with the fields that `readFields` found for them in the map `root`. */
export function readCollectedDeployment(
  root: Field,
  fields: Partial<Record<(typeof collectedKeys)[number], Field>>,
  report: Report,
): CollectedDeployment | undefined {
  const { name, endpoint_name: endpointName, data_collector: block } = fields;
  if (name === undefined) reportMissing(root, 'name', report);
  if (endpointName === undefined) reportMissing(root, 'endpoint_name', report);
  const names = {
    name: name && readName(name, deploymentNameProblem, report),
    endpointName: endpointName && readName(endpointName, endpointNameProblem, report),
  };
  const collector = block === undefined ? noDataCollector : readDataCollectorBlock(block, report);
  if (names.name === undefined || names.endpointName === undefined) return undefined;
  return { name: names.name, endpointName: names.endpointName, ...collector };
}

function readName(
  field: Field,
  problemOf: (name: string) => string | undefined,
  report: Report,
): string | undefined {
  const name = readText(field, report);
  const problem = name === undefined ? undefined : problemOf(name);
  if (problem !== undefined) report.problem(field, problem);
  return name;
}

function readRoot(
  root: Field,
  report: Report,
): { deployment: Deployment | undefined; settings: DeploymentSettings } {
  const fields: Partial<Record<string, Field>> =
    readFields<string>(root, [...collectedKeys, 'type', ...settingKeys], report) ?? {};
  const { type: typeField, instance_type: instanceType } = fields;
  const types: DeploymentType[] = ['managed', 'kubernetes'];
  const type = (typeField && readOneOf(typeField, { accepted: types, told: types }, report)) ?? 'managed';
  const settings = readSettings(fields, type, report);
  if (type === 'managed' && instanceType === undefined) {
    report.warning(
      root,
      'instance_type is missing: the original requires it; on one machine it means nothing.',
    );
  }
  const deployment = readCollectedDeployment(root, fields, report);
  const block = fields['data_collector'];
  return {
    deployment: deployment && { type, ...deployment },
    settings: { ...settings, ...(block !== undefined && { data_collector_keys: keysOf(block) }) },
  };
}

function keysOf({ value }: Field): string[] {
  return value.kind === 'map' ? value.entries.map(({ name }) => name) : [];
}
