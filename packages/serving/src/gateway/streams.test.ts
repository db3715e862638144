import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';

import { ask, bearer, startGateway, startModel, until } from './gateway-under-test.ts';

const path = '/endpoints/iris/score';
const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe('streams', () => {
  it('come piece by piece in both directions', async () => {
    await using model = await startModel((message, response) => {
      message.on('data', (chunk: Buffer) => response.write(chunk.toString().toUpperCase()));
      message.on('end', () => response.end());
    });
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const asking = request({ port: gateway.port, path, method: 'POST', headers: bearer, agent: false });
    asking.write('one');
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    assert.equal(String((await once(answer, 'data'))[0]), 'ONE');
    asking.write('two');
    assert.equal(String((await once(answer, 'data'))[0]), 'TWO');
    asking.end();
    await once(answer, 'end');
  });

  it('show their head before their first piece', async () => {
    let held: ServerResponse | undefined;
    await using model = await startModel((_, response) => {
      held = response;
      response.flushHeaders();
    });
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const asking = request({ port: gateway.port, path, headers: bearer, agent: false }).end();
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    held?.end('late');
    assert.equal(String((await once(answer, 'data'))[0]), 'late');
  });

  it('of many bytes arrive whole there and back', async () => {
    await using model = await startModel((message, response) => void message.pipe(response));
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const body = randomBytes(20 * 1024 * 1024);
    for (const headers of [{ 'transfer-encoding': 'chunked' }, { 'content-length': String(body.length) }]) {
      const answer = await ask(gateway.port, { headers: { ...bearer, ...headers }, body });
      assert.equal(hash(answer.body), hash(body));
    }
  });

  it('hold a model back that is faster than its client', async () => {
    let written = 0;
    await using model = await startModel((_, response) => {
      const more = (): void => {
        while (written < 200e6) {
          written += 1e6;
          if (!response.write(Buffer.alloc(1e6))) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const asking = request({ port: gateway.port, path, headers: bearer, agent: false }).end();
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    answer.pause();
    let before = -1;
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(written < 100e6, `${written} bytes were taken from the model`);
    answer.destroy();
  });

  it('end at the model when the client leaves, before the answer and in the middle of it', async () => {
    const asked: IncomingMessage[] = [];
    let left = 0;
    await using model = await startModel((message, response) => {
      asked.push(message);
      if (message.url === '/stream') response.write('first');
      response.on('close', () => left++);
    });
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const silent = new AbortController();
    const asking = ask(gateway.port, { body: 'x', signal: silent.signal });
    await until(() => asked.length === 1);
    silent.abort();
    await assert.rejects(asking);
    await until(() => left === 1);
    const streaming = request({
      port: gateway.port,
      path: '/endpoints/iris/stream',
      headers: bearer,
      agent: false,
    });
    streaming.end();
    const [answer] = (await once(streaming, 'response')) as [IncomingMessage];
    answer.destroy();
    await until(() => left === 2);
  });

  it('break at the client when the model breaks off', async () => {
    await using model = await startModel((_, response) => {
      response.write('first', () => response.destroy());
    });
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    await assert.rejects(ask(gateway.port), { code: 'ECONNRESET' });
  });
});
