import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { ask, bearer, bodyOf, startGateway, startModel, until } from './gateway-under-test.ts';

const route = { mirrorTraffic: { green: 50 } };
const always = (): number => 0;

describe('a mirrored request', () => {
  it('is the same request under the same id, and its answer is dropped', async () => {
    const seen: Record<string, unknown>[] = [];
    await using blue = await startModel((message, response) => {
      void bodyOf(message).then(() => response.end('blue'));
    });
    await using green = await startModel((message, response) => {
      void bodyOf(message).then((body) => {
        const { url, headers, method } = message;
        seen.push({
          url,
          method,
          id: headers['x-request-id'],
          key: headers.authorization,
          body: body.toString(),
        });
        response.writeHead(500).end('green');
      });
    });
    await using gateway = await startGateway(
      { deployments: { blue: [blue.port], green: [green.port] }, route },
      { random: always },
    );
    for (const extra of [{}, { 'transfer-encoding': 'chunked' }]) {
      const headers = { ...bearer, ...extra, 'x-request-id': 'same' };
      const answer = await ask(gateway.port, { path: '/endpoints/iris/score?a=1', headers, body: '{"a":1}' });
      assert.equal(answer.status, 200);
      assert.equal(answer.body.toString(), 'blue');
      await until(() => seen.length > 0);
      assert.deepEqual(seen.pop(), {
        url: '/score?a=1',
        method: 'POST',
        id: 'same',
        key: undefined,
        body: '{"a":1}',
      });
    }
  });

  it('neither slows nor fails the request itself: hanging, away, or full', async () => {
    const outcomes: string[] = [];
    await using blue = await startModel((_, response) => void response.end('blue'));
    await using green = await startModel(() => undefined);
    const requests = { timeoutMs: 100, maxConcurrentPerInstance: 1 };
    const deployments = { blue: [blue.port], green: [green.port] };
    await using gateway = await startGateway(
      { deployments, route, requests },
      { random: always, onMirror: (outcome) => void outcomes.push(outcome) },
    );
    for (let round = 0; round < 3; round++)
      assert.equal((await ask(gateway.port, { body: 'x' })).body.toString(), 'blue');
    assert.deepEqual(outcomes, ['too_many_pending']);
    await until(() => outcomes.length === 3);
    assert.deepEqual(outcomes.slice(1), ['timed_out', 'timed_out']);
  });

  it('is left out when its body is too large to be kept', async () => {
    const outcomes: string[] = [];
    let mirrored = 0;
    await using blue = await startModel((message, response) => void message.pipe(response));
    await using green = await startModel(() => void mirrored++);
    await using gateway = await startGateway(
      { deployments: { blue: [blue.port], green: [green.port] }, route },
      { random: always, onMirror: (outcome) => void outcomes.push(outcome) },
    );
    const answer = await ask(gateway.port, { body: Buffer.alloc(2 * 1024 * 1024, 1) });
    assert.equal(answer.body.length, 2 * 1024 * 1024);
    assert.deepEqual(outcomes, ['too_large']);
    assert.equal(mirrored, 0);
  });
});
