/** The server of `mlflow models serve`, unmodified, behind the tap. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startTapped } from '@gleaner/testkit';

import { pythonEnvironment } from '../../../../../scripts/python.ts';

const model = fileURLToPath(new URL('../../../../../spec/fixtures/mlflow-iris/model', import.meta.url));

interface MlflowServer extends AsyncDisposable {
  port: number;
}

/** What `mlflow models serve` executes, on a port of its own choice. */
async function startMlflow(python: string): Promise<MlflowServer> {
  const words = '-m uvicorn --host 127.0.0.1 --port 0 mlflow.pyfunc.scoring_server.app:app'.split(' ');
  const child = spawn(python, words, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, __pyfunc_model_path__: model },
  });
  const exited = once(child, 'exit');
  const log: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    log.push(line);
    const [, port] = /running on http:\/\/127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (port === undefined) continue;
    child.stderr.resume();
    return {
      port: Number(port),
      async [Symbol.asyncDispose]() {
        child.kill('SIGTERM');
        await exited;
      },
    };
  }
  throw new Error(`MLflow's server ended:\n${log.join('\n')}`);
}

const environment = await pythonEnvironment('mlflow');
const skip = 'unavailable' in environment ? environment.unavailable : false;

describe('the tap in front of an MLflow server', { skip }, () => {
  it('answers as MLflow does, and keeps each request with its answer', async () => {
    if ('unavailable' in environment) return;
    await using server = await startMlflow(environment.python);
    await using tapped = await startTapped(server.port);
    const json = 'application/json';
    const question = await readFile(`${model}/serving_input_example.json`, 'utf8');
    const calls = [
      { id: 'json', contentType: json, body: question },
      {
        id: 'csv',
        contentType: 'text/csv',
        body: 'sepal_length,sepal_width,petal_length,petal_width\n6,3,5,2\n',
      },
      { id: 'wrong', contentType: json, body: '{"rows":[]}' },
    ];
    const texts: string[] = [];
    for (const { id, contentType, body } of calls) {
      const headers = { 'content-type': contentType, 'x-request-id': id };
      const [direct, through] = await Promise.all(
        [tapped.modelUrl, tapped.url].map(async (url) => {
          const answer = await fetch(`${url}/invocations`, { method: 'POST', headers, body });
          return { status: answer.status, text: await answer.text() };
        }),
      );
      assert.deepEqual(through, direct);
      texts.push(through?.text ?? '');
    }
    const records = await tapped.records();
    // Bodies that are files take their time: records may come in another order than their exchanges.
    const [request, response] = [records.request, records.response].map((all) =>
      calls.map(({ id }) => all.find((one) => one['correlationid'] === id)),
    );
    assert.deepEqual([records.request.length, records.response.length], [3, 3]);
    assert.deepEqual(request?.[0]?.['data'], JSON.parse(question));
    assert.deepEqual(
      request?.map((one) => [one?.['path'], one?.['datacontenttype']]),
      calls.map(({ contentType }) => ['/invocations', contentType]),
    );
    assert.deepEqual(
      response?.map((one) => [one?.['status'], one?.['data']]),
      ['200', '200', '400'].map((status, i) => [status, JSON.parse(texts[i] ?? '')]),
    );
    assert.deepEqual(response?.[0]?.['data'], { predictions: [0, 0] });
  });
});
