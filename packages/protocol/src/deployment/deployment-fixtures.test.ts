import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { collectsCustomData, writeMdcConfig } from '../mdc-config.ts';
import { readDeployment } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import { dataAssetsOf } from './describe.ts';

/** What `azure-ai-ml` makes of a file of `spec/fixtures/deployment-yaml` (its README.md explains). */
interface Verdict {
  accepted: boolean;
  message?: string;
  errors?: Tree;
  dataCollector?: {
    collections: Record<string, { enabled: string; clientId: string | null }>;
    rollingRate: string | null;
    samplingRate: number | null;
    captureHeaders: string[] | null;
  };
  localConfig?: {
    collections: Record<string, { sampling_percentage: number }>;
    captureHeaders?: string[];
  } | null;
  dataAssets?: { name: string; version: string; path: string; type: string }[];
}
type Tree = string | Tree[] | { [key: string]: Tree };

interface Difference {
  why: string;
  problems?: string[];
  warning?: RegExp;
  sampling_percentage?: number;
  dataAssets?: Verdict['dataAssets'];
}

const integerVersions: Difference = { why: 'an integer version is taken as its digits', problems: [] };

/** Where we differ from the original on purpose; what is not listed must be equal. */
const differences: Partial<Record<string, Difference>> = {
  'block-empty': {
    why: 'the original fails with a TypeError',
    problems: [
      "data_collector: The block names no collections: write collections with one or more of them, such as model_inputs with enabled: 'true'.",
    ],
  },
  'collection-name-upper': {
    why: 'names are written in lower case',
    dataAssets: [
      asset('iris-endpoint-blue-model_inputs', 'modelDataCollector/iris-endpoint/blue/model_inputs'),
    ],
  },
  'collections-six-custom': { why: 'five is documented', warning: /^More than 5 custom collections/ },
  'data-as-text': {
    why: 'the original loads a reference and then fails',
    dataAssets: [{ name: 'iris-inputs', version: '1', path: '', type: 'uri_folder' }],
  },
  'doc-custom-blob-storage': {
    ...integerVersions,
    dataAssets: ['inputs', 'outputs'].map((end) =>
      asset(`my_model_${end}_data_asset`, `modelDataCollector/iris-endpoint/blue/model_${end}`),
    ),
  },
  'doc-payload-without-instance-type': {
    why: 'on one machine the type means nothing',
    problems: [],
    warning: /^instance_type is missing/,
  },
  'enabled-boolean-true': { why: 'meant as it reads', problems: [], warning: /write enabled: 'true'/ },
  'preview-destination': {
    why: 'a form of the preview',
    problems: [],
    warning: /write data: \{ path: azureml:\/\/datastores\/workspaceblobstore\/paths\/x \}/,
    dataAssets: [asset('iris-endpoint-blue-model_inputs', 'x')],
  },
  'preview-enabled-on-top': {
    why: 'a form of the preview',
    problems: [],
    warning: /write enabled: 'true' below each/,
  },
  'rolling-day': { why: 'worth knowing', warning: /folders of hours only/ },
  kubernetes: { why: 'worth knowing', warning: /folders of hours only/ },
  'rolling-month': { why: 'documented', problems: [], warning: /folders of hours only/ },
  'rolling-year': { why: 'documented', problems: [], warning: /folders of hours only/ },
  'sampling-twenty-nine-percent': { why: 'the original cuts 28.999…', sampling_percentage: 29 },
  'sampling-zero': { why: 'the original takes 0 for not given', sampling_percentage: 0 },
  'unknown-sampling-in-collection': { why: 'the REST form has it', problems: [] },
};

const folder = fileURLToPath(new URL('../../../../spec/fixtures/deployment-yaml/', import.meta.url));
const { cases }: { cases: Record<string, Verdict> } = JSON.parse(
  readFileSync(`${folder}expected.json`, 'utf8'),
);

describe('readDeployment on spec/fixtures/deployment-yaml', () => {
  it('has a verdict for every file, and no difference without a file', () => {
    assert.deepEqual(readdirSync(`${folder}cases`).toSorted(), Object.keys(cases).toSorted());
    for (const name of Object.keys(differences)) assert.ok(`${name}.yaml` in cases, name);
  });

  for (const [file, verdict] of Object.entries(cases)) {
    if (file.startsWith('endpoint-')) continue;
    const difference = differences[file.replace('.yaml', '')] ?? { why: '' };
    it(`${file}${difference.why === '' ? '' : `: ${difference.why}`}`, () => {
      const reading = readDeployment(readFileSync(`${folder}cases/${file}`), { fileName: file });

      const problems = reading.problems.map(({ path, message }) => `${path}: ${message}`);
      assert.deepEqual(problems.toSorted(), (difference.problems ?? problemsOf(verdict)).toSorted());
      for (const { line, column } of reading.problems) assert.ok(line >= 1 && column >= 1);

      const warnings = reading.warnings.map(({ message }) => message);
      assert.equal(warnings.length, difference.warning === undefined ? 0 : 1, warnings.join('\n'));
      if (difference.warning !== undefined) assert.match(warnings.join(), difference.warning);

      assert.equal(reading.deployment === undefined, problems.length > 0);
      if (reading.deployment !== undefined) assertEqualTo(verdict, reading.deployment, difference);
    });
  }
});

function assertEqualTo(verdict: Verdict, deployment: Deployment, difference: Difference): void {
  assert.equal(deployment.endpointName, 'iris-endpoint');
  if (verdict.accepted) {
    const expected = verdict.dataCollector;
    assert.deepEqual(
      deployment.collections.map(({ name, enabled, clientId = null }) => ({
        name,
        enabled: `${enabled}`,
        clientId,
      })),
      Object.entries(expected?.collections ?? {}).map(([written, { enabled, clientId }]) => {
        const name = written.toLowerCase();
        return { name, enabled, clientId };
      }),
    );
    assert.equal(deployment.rollingRate, expected?.rollingRate ?? 'hour');
    assert.equal(deployment.samplingRate, expected?.samplingRate ?? 1);
    for (const { samplingRate } of deployment.collections)
      assert.equal(samplingRate, deployment.samplingRate);
    assert.deepEqual(deployment.captureHeaders, expected?.captureHeaders ?? []);
  }
  const dataAssets = difference.dataAssets ?? verdict.dataAssets;
  if (dataAssets !== undefined) {
    const ours = dataAssetsOf(deployment).map(({ name, version, path = '', type }) => ({
      name,
      version,
      path,
      type,
    }));
    assert.deepEqual(ours, dataAssets);
  }
  if (verdict.localConfig !== undefined) assertLocalConfig(verdict.localConfig, deployment, difference);
}

function assertLocalConfig(
  expected: Verdict['localConfig'],
  deployment: Deployment,
  difference: Difference,
): void {
  // The original writes no file when the SDK has nothing to do.
  assert.equal(collectsCustomData(deployment.collections), expected !== null);
  if (expected === null || expected === undefined) return;
  const file: typeof expected = JSON.parse(writeMdcConfig({ ...deployment, runMode: 'local' }));
  const percentages = (config: typeof expected) =>
    Object.entries(config.collections).map(([name, { sampling_percentage: percentage }]) => [
      name,
      percentage,
    ]);
  const { sampling_percentage: percentage } = difference;
  assert.deepEqual(
    percentages(file),
    percentages(expected).map(([name, original]) => [name, percentage ?? original]),
  );
  assert.deepEqual(file.captureHeaders, expected.captureHeaders);
}

/** The leaves of the original's tree, each with its path; steps that only its schema library sees are left out. */
function problemsOf({ accepted, message, errors }: Verdict): string[] {
  if (accepted) return [];
  return errors === undefined ? [`name: ${message}`] : leaves(errors, '');
}

function leaves(tree: Tree, path: string): string[] {
  if (typeof tree === 'string') return [`${path}: ${tree}`];
  if (Array.isArray(tree)) return tree.flatMap((item) => leaves(item, path));
  return Object.entries(tree).flatMap(([key, value]) => {
    const hidden = ['key', 'value', '_schema'].includes(key);
    return leaves(value, hidden ? path : path === '' ? key : `${path}.${key}`);
  });
}

function asset(name: string, path: string) {
  return {
    name,
    version: '1',
    path: `azureml://datastores/workspaceblobstore/paths/${path}`,
    type: 'uri_folder',
  };
}
