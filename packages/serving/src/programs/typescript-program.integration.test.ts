import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { text } from 'node:stream/consumers';

import { prepareProgram } from './prepare.ts';
import { ProgramError } from './program-error.ts';
import { startIntake, startProgram } from './test-program.ts';
import type { RunningProgram } from './test-program.ts';

const script = `
let ready = false;
export async function init(): Promise<void> { ready = true; }
export function run(data: any, request: { requestId: string; clientRequestId: string }): unknown {
  if (!ready) throw new Error('init was not called');
  switch (data?.want) {
    case 'error': throw new Error('the secret of the script');
    case 'nothing': return undefined;
    case 'text': return 'text';
    case 'bigint': return 1n;
    case 'slow': return new Promise((resolve) => setTimeout(() => resolve('late'), 300));
    case 'environment': return [process.env.AZUREML_MODEL_DIR, process.env.SIZE];
  }
  return { data, ids: [request.requestId, request.clientRequestId] };
}`;

describe('a scoring script in TypeScript', () => {
  let folder: string;
  let running: RunningProgram;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gleaner-score-'));
    running = await start(script);
  });
  after(async () => {
    await running[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(source: string, options: { name?: string; variables?: Record<string, string> } = {}) {
    const codeFolder = await mkdtemp(join(folder, 'code-'));
    const name = options.name ?? 'score.ts';
    await writeFile(join(codeFolder, name), source);
    const prepared = await prepareProgram(
      {
        program: { kind: 'typescript', codeFolder, script: name },
        model: { name: 'm', version: '2', path: '/models/m/2/weights' },
        environmentVariables: { SIZE: 'big' },
      },
      { environmentsFolder: folder, log: () => {} },
    );
    return startProgram(prepared, options.variables);
  }

  async function score(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) {
    const response = await fetch(`${running.url}/score`, { method: 'POST', body, headers });
    const answer: unknown = await response.json();
    return { status: response.status, body: answer, headers: response.headers };
  }

  it('gets JSON parsed, anything else as text, and the parameters of a GET', async () => {
    assert.deepEqual(dataOf(await score('{"a":[1]}')), { a: [1] });
    assert.equal(dataOf(await score('plain words')), 'plain words');
    const byAddress: unknown = await (await fetch(`${running.url}/score?a=1&b=x&b=2`)).json();
    assert.deepEqual(dataOf({ body: byAddress }), { a: 1, b: ['x', 2] });
    assert.equal((await score(new Uint8Array([0xff]))).status, 400);
  });

  it('is answered as JSON, also a text, and nothing as an empty object', async () => {
    assert.equal((await score('{"want":"text"}')).body, 'text');
    assert.deepEqual((await score('{"want":"nothing"}')).body, {});
  });

  it('gets the model folder and the variables of the deployment', async () => {
    assert.deepEqual((await score('{"want":"environment"}')).body, ['/models/m/2', 'big']);
  });

  it('gets the ids of the request, which are given back', async () => {
    const given = await score('1', { 'x-request-id': 'ours', 'x-ms-client-request-id': 'theirs' });
    assert.deepEqual(idsOf(given), ['ours', 'theirs']);
    assert.equal(given.headers.get('x-request-id'), 'ours');
    assert.equal(given.headers.get('x-ms-client-request-id'), 'theirs');
    const made = await score('1');
    assert.match(made.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    assert.deepEqual(idsOf(made), [made.headers.get('x-request-id'), '']);
  });

  it('has ids of more than 100 characters refused', async () => {
    assert.equal((await score('1', { 'x-request-id': 'i'.repeat(100) })).status, 200);
    for (const [name, message] of [
      ['x-request-id', 'x-request-id must not exceed 100 characters'],
      ['x-ms-client-request-id', 'x-ms-request-id and x-ms-client-request-id must not exceed 100 characters'],
    ] as const) {
      const refused = await score('1', { [name]: 'i'.repeat(101) });
      assert.deepEqual([refused.status, refused.body], [431, { message }]);
      assert.equal(refused.headers.get('x-request-id'), null);
    }
  });

  it('answers its errors with 500 in the words of the original, and logs them', async () => {
    const message = 'An unexpected error occurred in scoring script. Check the logs for more info.';
    for (const want of ['error', 'bigint']) {
      const failed = await score(JSON.stringify({ want }));
      assert.deepEqual([failed.status, failed.body], [500, { message }]);
    }
    assert.match(running.output(), /the secret of the script/);
  });

  it('has the routes of the inference server beside it', async () => {
    assert.deepEqual(await asked(running.url + '/'), [200, 'Healthy']);
    assert.equal((await asked(running.url + '/swagger.json'))[0], 200);
    assert.deepEqual(await asked(running.url + '/score', 'OPTIONS'), [200, '']);
    assert.equal((await asked(running.url + '/score', 'PUT'))[0], 405);
    assert.equal((await asked(running.url + '/elsewhere'))[0], 404);
  });

  it('answers what was asked before it was told to end', async () => {
    await using other = await start(script);
    const answer = fetch(`${other.url}/score`, { method: 'POST', body: '{"want":"slow"}' });
    await new Promise((resolve) => setTimeout(resolve, 100));
    other.stop();
    assert.equal(await (await answer).json(), 'late');
    assert.equal(await other.exited, 0);
  });

  it('gets our SDK without having it installed, and may use the id of the request in it', async () => {
    await using intake = await startIntake('model_inputs');
    await using other = await start(
      `import { BasicCorrelationContext, Collector } from '@gleaner/sdk';
      let inputs;
      export function init() { inputs = new Collector({ name: 'model_inputs' }); }
      export function run(rows, { requestId }) { return inputs.collect(rows, new BasicCorrelationContext({ id: requestId })).id; }`,
      { name: 'score.mjs', variables: intake.variables },
    );
    const response = await fetch(`${other.url}/score`, {
      method: 'POST',
      body: '[{"a":1}]',
      headers: { 'x-request-id': 'from-the-gateway' },
    });
    assert.equal(response.status, 200, other.output());
    const [event] = await intake.take(1);
    const id = 'from-the-gateway';
    assert.deepEqual(event, { type: 'azureml.inference.model_inputs', id, rows: '[{"a":1}]' });
  });

  const faulty: [string, string, RegExp][] = [
    [
      'init fails',
      'export function init() { throw new Error("no weights"); } export function run() {}',
      /no weights[^]*score\.ts/,
    ],
    ['there is no run', 'export const init = () => {};', /exports no function run/],
    ['it is no TypeScript', 'export function run( {', /SyntaxError|ERR_INVALID_TYPESCRIPT_SYNTAX/],
  ];
  for (const [what, source, shown] of faulty) {
    it(`ends with 1 and shows why when ${what}`, async () => {
      await using other = await start(source);
      assert.equal(await other.exited, 1);
      assert.match(other.output(), shown);
    });
  }

  it('is refused when there is no such file', async () => {
    const program = { kind: 'typescript', codeFolder: folder, script: 'none.ts' } as const;
    await assert.rejects(
      prepareProgram({ program, environmentVariables: {} }, { environmentsFolder: folder, log: () => {} }),
      (error) =>
        error instanceof ProgramError && error.code === 'program_failed' && /none\.ts/.test(error.message),
    );
  });

  it('has a body over the limit refused before it is all there', async () => {
    const sent = request(`${running.url}/score`, { method: 'POST' });
    const answer = new Promise<string>((resolve, reject) => {
      sent.on('response', (response) =>
        resolve(text(response).then((body) => `${response.statusCode} ${body}`)),
      );
      sent.on('error', reject);
    });
    sent.setHeader('Content-Length', 129 * 1024 * 1024);
    sent.flushHeaders();
    assert.match(await answer, /^413 .*must not exceed 134217728 bytes/);
    sent.destroy();
  });
});

function dataOf({ body }: { body: unknown }): unknown {
  return (body as { data: unknown }).data;
}

function idsOf({ body }: { body: unknown }): unknown {
  return (body as { ids: unknown }).ids;
}

async function asked(url: string, method = 'GET'): Promise<[number, string]> {
  const response = await fetch(url, { method });
  return [response.status, await response.text()];
}
