/** The tutorial of the original, step by step, with `gleaner` for `az`: custom logging, payload logging, MLflow. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { examples, fixtures, startUp } from './up-fixture.ts';
import type { UpWorkspace } from './up-fixture.ts';

const flowers = {
  data: [
    [5.1, 3.5, 1.4, 0.2],
    [6.7, 3.0, 5.2, 2.3],
  ],
};

describe('the tutorial', () => {
  let workspace: UpWorkspace;
  before(async () => {
    workspace = await startUp();
  });
  after(async () => workspace[Symbol.asyncDispose]());

  it('custom logging: a scoring script with two collectors, its packages from a conda file', async () => {
    const folder = join(examples, 'iris');
    await workspace.run(`ml online-endpoint create -f ${folder}/endpoint.yml`);
    await workspace.run(`ml online-deployment create -f ${folder}/deployment.yml --all-traffic`);
    const answer = await workspace.run(`ml online-endpoint invoke -n iris -r ${folder}/sample-request.json`);
    assert.match(answer, /setosa|versicolor|virginica/);
    assert.equal((await workspace.score('iris', flowers)).status, 200);

    const inputs = await workspace.records('iris/blue/model_inputs', 2);
    const outputs = await workspace.records('iris/blue/model_outputs', 2);
    assert.deepEqual(
      inputs.map(({ correlationid }) => correlationid),
      outputs.map(({ correlationid }) => correlationid),
    );
    const columns = Object.keys((inputs.at(-1) as { data: object[] }).data[0] ?? {});
    assert.deepEqual(columns, ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']);
  });

  it('payload logging: request and response, and a header, without touching the script', async () => {
    const folder = join(examples, 'iris');
    await write('payloads.yml', [
      'name: green',
      'endpoint_name: iris',
      `code_configuration: { code: ${folder}, scoring_script: score.py }`,
      `environment: { conda_file: ${folder}/conda.yaml, image: 'mcr.microsoft.com/azureml/x:1' }`,
      'instance_type: Standard_DS3_v2',
      'instance_count: 1',
      'data_collector:',
      '  collections:',
      "    request: { enabled: 'True' }",
      "    response: { enabled: 'True' }",
      '  request_logging: { capture_headers: [x-tenant] }',
    ]);
    await workspace.run(`ml online-deployment create -f ${file('payloads.yml')}`);
    const headers = { 'azureml-model-deployment': 'green', 'x-request-id': 'r-1', 'x-tenant': 't1' };
    const answer = await workspace.score('iris', flowers, { headers });
    assert.equal(answer.status, 200);
    const body: unknown = await answer.json();

    const [request] = await workspace.records('iris/green/request');
    const [response] = await workspace.records('iris/green/response');
    assert.deepEqual([request?.correlationid, response?.correlationid], ['r-1', 'r-1']);
    assert.deepEqual(request?.data, flowers);
    assert.equal(request?.['xtenant'], 't1');
    assert.equal(request?.['path'], '/score');
    assert.deepEqual(response?.data, body);
  });

  it('traffic: a split, a mirror, and its end', async () => {
    await workspace.run(['ml', 'online-endpoint', 'update', '-n', 'iris', '--traffic', 'blue=90 green=10']);
    const shown = await workspace.json<{ traffic: Record<string, number> }>(
      'ml online-endpoint show -n iris',
    );
    assert.deepEqual(shown.traffic, { blue: 90, green: 10 });

    await workspace.run(['ml', 'online-endpoint', 'update', '-n', 'iris', '--traffic', 'blue=100 green=0']);
    await workspace.run('ml online-endpoint update -n iris --mirror-traffic green=50');
    const before = (await workspace.records('iris/green/request')).length;
    for (let i = 0; i < 20; i++) assert.equal((await workspace.score('iris', flowers)).status, 200);
    const mirrored = (await workspace.records('iris/green/request', before + 1)).length - before;
    assert.ok(mirrored > 0 && mirrored < 20, `${mirrored} of 20 mirrored`);

    const refused = await workspace.tried('ml online-deployment delete -e iris -n blue --yes');
    assert.equal(refused.exitCode, 1, 'it has all traffic');
    await workspace.run('ml online-endpoint update -n iris --mirror-traffic green=0');
    await workspace.run('ml online-deployment delete -e iris -n green --yes');
  });

  it('MLflow: a model folder without code, one switch', async () => {
    await workspace.run('ml online-endpoint create -n flowers');
    await write('mlflow.yml', [
      'name: blue',
      'endpoint_name: flowers',
      `model: { path: ${fixtures}/mlflow-iris/model, type: mlflow_model }`,
      'instance_type: Standard_DS3_v2',
      'instance_count: 1',
      'data_collector:',
      '  collections:',
      "    model_inputs: { enabled: 'True' }",
      "    model_outputs: { enabled: 'True' }",
    ]);
    await workspace.run(`ml online-deployment create -f ${file('mlflow.yml')} --all-traffic`);
    const answer = await workspace.score('flowers', {
      input_data: {
        columns: ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'],
        index: [0, 1],
        data: flowers.data,
      },
    });
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), [0, 2]);
    const [input] = await workspace.records('flowers/blue/model_inputs');
    const [output] = await workspace.records('flowers/blue/model_outputs');
    assert.equal(input?.correlationid, output?.correlationid);
    assert.deepEqual(output?.data, [{ 0: 0 }, { 0: 2 }]);
  });

  const file = (name: string): string => join(workspace.data, '../files', name);

  async function write(name: string, lines: readonly string[]): Promise<void> {
    await mkdir(file('.'), { recursive: true });
    await writeFile(file(name), `${lines.join('\n')}\n`);
  }
});
