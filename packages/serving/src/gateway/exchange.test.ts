import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';

import { sendRaw } from '@gleaner/testkit';

import { ask, bearer, bodyOf, codeOf, echo, jsonOf, startGateway, startModel } from './gateway-under-test.ts';

describe('a request to an endpoint', () => {
  it('reaches the model at the rest of the path, with the body as it is', async () => {
    await using model = await startModel((message, response) => {
      response.setHeader('x-target', message.url ?? '');
      message.pipe(response);
    });
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const body = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    for (const [path, target] of [
      ['/endpoints/iris/score', '/score'],
      ['/endpoints/IRIS/a/b?c=%2F&d', '/a/b?c=%2F&d'],
      ['/endpoints/iris', '/'],
      ['/endpoints/iris?x=1', '/?x=1'],
    ]) {
      const answer = await ask(gateway.port, { path: path ?? '', body });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['x-target'], target);
      assert.deepEqual(answer.body, body);
    }
  });

  it('passes on headers, but not the key and what belongs to the connection', async () => {
    await using model = await startModel(echo);
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const headers = {
      ...bearer,
      connection: 'close, x-private',
      'x-private': 'for the gateway',
      te: 'trailers',
      'x-mine': 'mine',
      host: 'models.example',
    };
    const answer = await ask(gateway.port, { headers, body: '{}' });
    const seen = jsonOf(answer)['headers'] as Record<string, string>;
    assert.equal(seen['x-mine'], 'mine');
    assert.equal(seen['host'], 'models.example');
    for (const name of ['authorization', 'x-private', 'te']) assert.equal(seen[name], undefined, name);
  });

  it('has an id: the one it came with, or a new one, for the model and in the answer', async () => {
    await using model = await startModel(echo);
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const given = await ask(gateway.port, { headers: { ...bearer, 'x-request-id': 'mine' } });
    assert.equal((jsonOf(given)['headers'] as Record<string, string>)['x-request-id'], 'mine');
    assert.equal(given.headers['x-request-id'], 'mine');
    assert.equal(given.headers['x-ms-request-id'], 'mine');
    assert.equal(given.headers['azureml-model-deployment'], 'blue');
    const made = await ask(gateway.port, { headers: { ...bearer, 'x-ms-client-request-id': 'theirs' } });
    const id = made.headers['x-request-id'];
    assert.match(String(id), /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    assert.equal((jsonOf(made)['headers'] as Record<string, string>)['x-request-id'], id);
    assert.equal(made.headers['x-ms-request-id'], 'theirs');
    assert.equal(made.headers['x-ms-client-request-id'], 'theirs');
  });

  it('is refused with 431 when an id is longer than 100 characters', async () => {
    await using gateway = await startGateway({ deployments: { blue: [] } });
    for (const name of ['x-request-id', 'x-ms-client-request-id']) {
      const answer = await ask(gateway.port, { headers: { ...bearer, [name]: 'a'.repeat(101) } });
      assert.equal(answer.status, 431);
      assert.equal(typeof jsonOf(answer)['message'], 'string');
      assert.equal(answer.headers['x-request-id'], undefined);
    }
  });

  it('is refused without a good key, before anything else of it is looked at', async () => {
    let asked = 0;
    await using model = await startModel((_, response) => {
      asked++;
      response.end();
    });
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const missing = await ask(gateway.port, { headers: {} });
    assert.equal(missing.status, 401);
    assert.equal(missing.headers['www-authenticate'], 'Bearer');
    assert.equal(codeOf(missing), 'key_auth_bad_header_forbidden');
    const wrong = await ask(gateway.port, { headers: { authorization: 'Bearer x' }, body: 'x' });
    assert.equal(wrong.status, 401);
    assert.equal(codeOf(wrong), 'key_auth_access_denied');
    assert.equal(asked, 0);
  });

  it('goes to the deployment that it names; nobody there is a 404', async () => {
    await using blue = await startModel((_, response) => void response.end('blue'));
    await using green = await startModel((_, response) => void response.end('green'));
    await using gateway = await startGateway({ deployments: { blue: [blue.port], Green: [green.port] } });
    const named = (name: string) =>
      ask(gateway.port, { headers: { ...bearer, 'azureml-model-deployment': name } });
    assert.equal((await ask(gateway.port)).body.toString(), 'blue');
    const answer = await named('green');
    assert.equal(answer.body.toString(), 'green');
    assert.equal(answer.headers['azureml-model-deployment'], 'Green');
    const unknown = await named('red');
    assert.equal(unknown.status, 404);
    assert.equal(codeOf(unknown), 'deployment_not_found');
    const elsewhere = await ask(gateway.port, { path: '/endpoints/other/score' });
    assert.equal(codeOf(elsewhere), 'endpoint_not_found');
    gateway.use({ deployments: { blue: [blue.port] }, route: { traffic: {} } });
    const none = await ask(gateway.port);
    assert.equal(none.status, 404);
    assert.equal(codeOf(none), 'no_traffic');
  });

  it('shows every answer that is not 200 as 424, with the status of the model and its body', async () => {
    await using model = await startModel((message, response) => {
      response.writeHead(Number(message.url?.slice(1)), { 'x-model': 'yes' }).end('the reason');
    });
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    for (const status of [201, 400, 404, 429, 500, 503]) {
      const answer = await ask(gateway.port, { path: `/endpoints/iris/${status}` });
      assert.equal(answer.status, 424);
      assert.equal(answer.headers['ms-azureml-model-error-statuscode'], String(status));
      assert.equal(answer.headers['ms-azureml-model-error-reason'], 'model_error');
      assert.equal(answer.headers['x-model'], 'yes');
      assert.equal(answer.body.toString(), 'the reason');
    }
    const fine = await ask(gateway.port, { path: '/endpoints/iris/200' });
    assert.equal(fine.headers['ms-azureml-model-error-statuscode'], undefined);
  });

  it('is answered with repeated headers and trailers as the model sends them', async () => {
    await using model = await startModel((_, response) => {
      response.writeHead(200, [
        'Set-Cookie',
        'a=1',
        'Set-Cookie',
        'b=2',
        'X-Latin',
        '\u00e9',
        'Trailer',
        'x-sum',
      ]);
      response.write('body');
      response.addTrailers({ 'x-sum': '42' });
      response.end();
    });
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const answer = await ask(gateway.port);
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2']);
    assert.equal(answer.headers['x-latin'], '\u00e9');
    assert.equal(answer.trailers['x-sum'], '42');
  });

  it('keeps HEAD without a body', async () => {
    await using model = await startModel((_, response) => void response.end('0123456789'));
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const answer = await ask(gateway.port, { method: 'HEAD' });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.length, 0);
  });

  it('is asked for its body only when it is admitted', async () => {
    await using model = await startModel(echo);
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const asked = (headers: Record<string, string>) => {
      const path = '/endpoints/iris/score';
      const all = { ...headers, expect: '100-continue', 'content-length': '2' };
      const asking = request({ port: gateway.port, path, method: 'POST', headers: all, agent: false });
      asking.flushHeaders();
      const told = once(asking, 'continue').then(() => 'continue' as const);
      const answered = once(asking, 'response').then(([message]) => message as IncomingMessage);
      return { asking, answered, first: Promise.race([told, answered]) };
    };
    const refused = await asked({ authorization: 'Bearer x' }).first;
    assert.ok(refused !== 'continue');
    assert.equal(refused.statusCode, 401);
    assert.equal(refused.headers.connection, 'close');
    const admitted = asked(bearer);
    assert.equal(await admitted.first, 'continue');
    admitted.asking.end('ok');
    assert.match((await bodyOf(await admitted.answered)).toString(), /"body":"ok"/);
  });

  it('cannot smuggle another one: a request of two lengths is refused', async () => {
    await using gateway = await startGateway({ deployments: { blue: [] } });
    const raw = `POST /endpoints/iris/score HTTP/1.1\r\nhost: x\r\nauthorization: ${bearer.authorization}\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`;
    assert.equal((await sendRaw(gateway.port, [Buffer.from(raw)])).status, 400);
  });
});

describe('a request to anything else', () => {
  it('reaches the workspace process as it is, and 503 tells that it is away', async () => {
    await using workspace = await startModel(echo);
    await using gateway = await startGateway({ deployments: {}, workspacePort: workspace.port });
    const path = '/subscriptions/s/resourceGroups/g?api-version=1';
    const answer = await ask(gateway.port, { method: 'PUT', path, body: '{"a":1}' });
    const { url, method, body, headers } = jsonOf(answer);
    assert.deepEqual([url, method, body], [path, 'PUT', '{"a":1}']);
    assert.equal((headers as Record<string, string>)['authorization'], bearer.authorization);
    assert.equal(answer.headers['x-request-id'], undefined);
    gateway.use({ deployments: {} });
    const away = await ask(gateway.port, { path });
    assert.equal(away.status, 503);
    assert.equal(codeOf(away), 'workspace_away');
  });

  it('is 503, too, when the workspace has just been killed', async () => {
    const workspace = await startModel(echo);
    await using gateway = await startGateway({ deployments: {}, workspacePort: workspace.port });
    await workspace[Symbol.asyncDispose]();
    const answer = await ask(gateway.port, { path: '/', body: 'x' });
    assert.equal(codeOf(answer), 'workspace_away');
  });
});
