/** spec/admin.md against a real collector: every key of /status and every metric is on the page, and the other way round. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { openDatastore } from '@gleaner/datastore';
import { createFaultyDatastore, startSystem } from '@gleaner/testkit';
import type { FaultyDatastore } from '@gleaner/testkit';

import { codesIn, tableBelow } from './tables.ts';

const page = await readFile(join(import.meta.dirname, 'admin.md'), 'utf8');
let store: FaultyDatastore | undefined;
const system = await startSystem({
  environment: { GLEANER_RECORDER_MINUTES: '5' },
  async openDatastore(config) {
    store = createFaultyDatastore(await openDatastore(config));
    return store;
  },
});
after(() => system[Symbol.asyncDispose]());

function post(type: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'ce-type': type };
  return fetch(`${system.intakeUrl}/modeldata/log`, { method: 'POST', headers, body: '[{"a":1}]' });
}

function ask(path: string, options?: RequestInit): Promise<Response> {
  return fetch(`${system.adminUrl}${path}`, options);
}

function patch(collections: unknown): Promise<Response> {
  return ask('/policy', { method: 'PATCH', body: JSON.stringify({ collections }) });
}

describe('spec/admin.md', () => {
  it('has the routes', async () => {
    const routes = tableBelow(page, 'The admin port').flatMap(([route]) => codesIn(route));
    const unknown = (await (await ask('/nothing')).json()) as { error: { message: string } };
    assert.equal(unknown.error.message, `Known: ${routes.join(', ')}.`);
  });

  it('has the keys of /status', async () => {
    store?.down();
    assert.equal((await patch({ model_outputs: { enabled: false } })).status, 200);
    assert.equal((await post('azureml.inference.model_inputs')).status, 200);
    assert.equal((await post('azureml.inference.model_outputs')).status, 404);
    assert.equal((await post('nothing')).status, 400);
    while (system.collector.status().causes.length === 0) await sleep(10);
    const keys = waysOf(await (await ask('/status')).json()).map((way) =>
      way
        .replace(/^collections\.[^.]+/, 'collections.<collection>')
        .replace(/dropped\.[^.]+$/, 'dropped.<reason>'),
    );
    const shown = tableBelow(page, '`GET /status`').flatMap(([key]) => codesIn(key));
    assert.deepEqual(shown.toSorted(), [...new Set(keys)].sort());
  });

  it('has the metrics with types and labels', async () => {
    const metrics = metricsOf(await (await ask('/metrics')).text());
    const shown = tableBelow(page, '`GET /metrics`').map(([name, type = '', labels]) => [
      codesIn(name).join(''),
      { type, labels: codesIn(labels) },
    ]);
    assert.deepEqual(Object.fromEntries(shown), metrics);
  });

  it('says what PATCH /policy does', async () => {
    const refused = await patch({ model_inputs: { samplingRate: 0.5 }, nothing: { enabled: true } });
    assert.equal(refused.status, 404);
    assert.equal(system.collector.status().collections['model_inputs']?.samplingRate, 1);
    const changed = await patch({ model_inputs: { samplingRate: 0.5 } });
    assert.deepEqual(
      await changed.json(),
      ((await (await ask('/status')).json()) as { collections: unknown }).collections,
    );
  });
});

/** Ways to the plain values: `a.b`, `causes[].code`. */
function waysOf(value: unknown, way = ''): string[] {
  if (typeof value !== 'object' || value === null) return [way];
  if (Array.isArray(value)) return value.flatMap((one) => waysOf(one, `${way}[]`));
  return Object.entries(value).flatMap(([key, one]) => waysOf(one, way === '' ? key : `${way}.${key}`));
}

function metricsOf(text: string): Record<string, { type: string; labels: string[] }> {
  const metrics: Record<string, { type: string; labels: string[] }> = {};
  for (const line of text.split('\n')) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined && type !== undefined) metrics[name] = { type, labels: [] };
    const [, sample, labels] = /^([a-z_]+)\{(.*)\} /.exec(line) ?? [];
    const metric = metrics[sample ?? ''];
    if (metric !== undefined)
      metric.labels = Array.from(labels?.matchAll(/(\w+)="/g) ?? [], ([, label = '']) => label);
  }
  return metrics;
}
