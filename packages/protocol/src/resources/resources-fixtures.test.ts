import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readDeployment } from '../deployment/deployment.ts';
import { dataAssetsOf } from '../deployment/describe.ts';
import { dataVersionResourceId } from '../resource-id.ts';
import { deploymentToRest } from './deployment.ts';
import { endpointEntity, endpointToRest, readEndpoint } from './endpoint.ts';

/** What `azure-ai-ml` makes of a file of `spec/fixtures/deployment-yaml` (its README.md explains). */
interface Verdict {
  accepted: boolean;
  message?: string;
  errors?: Record<string, string[]>;
  rest?: Record<string, unknown>;
  restDataCollector?: { collections: Record<string, unknown> } | null;
}

const folder = fileURLToPath(new URL('../../../../spec/fixtures/deployment-yaml/', import.meta.url));
const { cases }: { cases: Record<string, Verdict> } = JSON.parse(
  readFileSync(`${folder}expected.json`, 'utf8'),
);
const names = readdirSync(`${folder}cases`);

describe('readEndpoint on spec/fixtures/deployment-yaml', () => {
  for (const file of names.filter((name) => name.startsWith('endpoint-'))) {
    const verdict = cases[file];
    it(file, () => {
      const { value, problems } = readEndpoint(readFileSync(`${folder}cases/${file}`), { fileName: file });
      assert.deepEqual(
        problems.map(({ path, message }) => `${path}: ${message}`),
        problemsOf(verdict),
      );
      assert.equal(value !== undefined, verdict?.accepted);
      if (value === undefined || verdict?.rest === undefined) return;
      const { location: _, ...rest } = verdict.rest;
      assert.deepEqual(endpointToRest(value), rest);

      const shown = endpointEntity({ name: value.name, ...endpointToRest(value) });
      const again = readEndpoint(JSON.stringify(shown));
      assert.deepEqual(again.problems, []);
      assert.deepEqual(again.value && endpointToRest(again.value), rest);
    });
  }
});

/** The names of fixtures whose block we read otherwise: other case of names, other forms. */
const readOtherwise = new Set(['collection-name-upper.yaml', 'data-as-text.yaml']);

describe('deploymentToRest on spec/fixtures/deployment-yaml', () => {
  for (const file of names.filter((name) => !name.startsWith('endpoint-') && !readOtherwise.has(name))) {
    const verdict = cases[file];
    if (!verdict?.accepted || verdict.restDataCollector === undefined) continue;
    it(file, () => {
      const { deployment, settings } = readDeployment(readFileSync(`${folder}cases/${file}`));
      assert.ok(deployment && settings);
      const data = Object.fromEntries(
        dataAssetsOf(deployment).map(({ collection, name, version = '' }) => [
          collection,
          dataVersionResourceId.format({ ...exampleWorkspace, name, version }),
        ]),
      );
      const ids = { data, code: '.', model: 'iris-classifier:1', environment: 'score-env:1' };
      const rest = deploymentToRest({ deployment, settings }, ids);
      assert.deepEqual(rest.properties.dataCollector ?? null, verdict.restDataCollector);
      if (verdict.rest === undefined) return;
      const { location: _, ...expected } = verdict.rest;
      assert.deepEqual(rest, expected);
    });
  }
});

const exampleWorkspace = {
  subscriptionId: '00000000-0000-0000-0000-000000000000',
  resourceGroup: 'rg-example',
  workspace: 'ws-example',
};

function problemsOf(verdict: Verdict | undefined): string[] {
  if (verdict?.accepted) return [];
  if (verdict?.errors === undefined) return [`name: ${verdict?.message}`];
  return Object.entries(verdict.errors).flatMap(([key, messages]) =>
    messages.map((text) => `${key}: ${text}`),
  );
}
