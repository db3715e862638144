import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { startTestPostgres } from '../../../../workspace/src/catalog/test-postgres.ts';
import { examples, startUp } from './up-fixture.ts';
import type { UpOptions } from './up-fixture.ts';

const folder = join(examples, 'iris-typescript');
const flower = { data: [[5.1, 3.5, 1.4, 0.2]] };

describe('gleaner up and gleaner ml', () => {
  it('serve a scoring script, collect what goes in and out, and register it', () => firstMinute());

  it('do the same with the catalog in Postgres', async () => {
    await using postgres = await startTestPostgres();
    await firstMinute({ environment: { GLEANER_DATABASE_URL: await postgres.createDatabase() } });
  });
});

async function firstMinute(options: UpOptions = {}): Promise<void> {
  await using workspace = await startUp(options);
  await workspace.run(`ml online-endpoint create -f ${folder}/endpoint.yml`);
  await workspace.run(`ml online-deployment create -f ${folder}/deployment.yml --all-traffic`);

  const endpoint = await workspace.json<Record<string, unknown>>('ml online-endpoint show -n iris');
  assert.deepEqual(endpoint['traffic'], { blue: 100 });
  assert.equal(endpoint['scoring_uri'], `${workspace.url}/endpoints/iris/score`);
  assert.equal(endpoint['provisioning_state'], 'Succeeded');

  const answer = await workspace.score('iris', flower, { headers: { 'x-request-id': 'r-1' } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('x-request-id'), 'r-1');
  const predictions = (await answer.json()) as { species: string }[];
  assert.equal(predictions[0]?.species, 'setosa');

  const [input] = await workspace.records('iris/blue/model_inputs');
  const [output] = await workspace.records('iris/blue/model_outputs');
  assert.equal(input?.correlationid, output?.correlationid);
  assert.deepEqual(output?.data, predictions);

  const assets = await workspace.json<{ name: string; version: string; type: string }[]>('ml data list');
  assert.deepEqual(assets.map(({ name }) => name).sort(), [
    'iris-blue-model_inputs',
    'iris-blue-model_outputs',
  ]);
  const asset = await workspace.json<{ path: string; type: string }>(
    'ml data show -n iris-blue-model_inputs -v 1',
  );
  assert.equal(asset.type, 'uri_folder');
  assert.match(
    asset.path,
    /\/datastores\/workspaceblobstore\/paths\/modelDataCollector\/iris\/blue\/model_inputs$/,
  );

  const deployments = await workspace.json<{ name: string }[]>('ml online-deployment list -e iris');
  assert.deepEqual(
    deployments.map(({ name }) => name),
    ['blue'],
  );
  assert.match(await workspace.run('ml online-deployment get-logs -e iris -n blue'), /score/);

  await workspace.run('ml online-endpoint delete -n iris --yes');
  assert.equal((await workspace.score('iris', flower)).status, 404);
  assert.equal((await workspace.json<unknown[]>('ml data list')).length, 2, 'assets stay');
  workspace.root.kill('SIGTERM');
  assert.equal((await workspace.root.ended).exitCode, 0);
  const verified = await workspace.run(`data verify ${workspace.data}`);
  assert.match(verified, /accepted 2 · stored 2 · missing 0 · duplicate 0/);
}
