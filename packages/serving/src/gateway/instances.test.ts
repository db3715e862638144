import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';

import { ask, bearer, codeOf, jsonOf, startGateway, startModel, until } from './gateway-under-test.ts';
import type { Answer, TestServer } from './gateway-under-test.ts';
import { undeliveredHeader } from './headers.ts';

/** A model that answers when it is told to. */
function heldBack(): { listener: RequestListener; held: ServerResponse[] } {
  const held: ServerResponse[] = [];
  return { held, listener: (_, response) => void held.push(response) };
}

const echoLater: RequestListener = (message, response) => {
  setTimeout(() => message.pipe(response), 2);
};

function byStatus(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe('the limits of a deployment', () => {
  it('let one request per place reach an instance, as many again wait, and refuse the rest with 429', async () => {
    const { listener, held } = heldBack();
    await using model = await startModel(listener);
    const requests = { maxConcurrentPerInstance: 2 };
    await using gateway = await startGateway({ deployments: { blue: [model.port] }, requests });
    let refused = 0;
    const asking = Array.from({ length: 7 }, async () => {
      const answer = await ask(gateway.port, { body: 'x' });
      if (answer.status === 429) refused++;
      return answer;
    });
    const first = await Promise.race(asking);
    assert.equal(first.status, 429);
    assert.equal(codeOf(first), 'too_many_pending_requests');
    assert.equal(first.headers['ms-azureml-model-error-reason'], 'too_many_pending_request');
    await until(() => held.length === 2 && refused === 3);
    for (let answered = 0; answered < 4; answered++) {
      assert.ok(held.length <= 2, 'no more than two at a time');
      await until(() => held.length > 0);
      held.shift()?.end('done');
    }
    assert.deepEqual(byStatus(await Promise.all(asking)), { 200: 4, 429: 3 });
  });

  it('send each request to the least busy instance', async () => {
    const [one, other] = [heldBack(), heldBack()];
    await using first = await startModel(one.listener);
    await using second = await startModel(other.listener);
    await using gateway = await startGateway({ deployments: { blue: [first.port, second.port] } });
    const asking = Array.from({ length: 6 }, () => ask(gateway.port));
    await until(() => one.held.length + other.held.length === 6);
    assert.equal(one.held.length, 3);
    for (const response of [...one.held, ...other.held]) response.end();
    await Promise.all(asking);
  });

  it('end a request that has waited too long with 408, for a place or for the model', async () => {
    const { listener, held } = heldBack();
    await using model = await startModel(listener);
    const requests = { maxConcurrentPerInstance: 1, timeoutMs: 100 };
    await using gateway = await startGateway({ deployments: { blue: [model.port] }, requests });
    const answers = await Promise.all([ask(gateway.port), ask(gateway.port)]);
    assert.deepEqual(answers.map(codeOf), ['request_timeout', 'request_timeout']);
    assert.deepEqual(byStatus(answers), { 408: 2 });
    // The places are free again.
    const next = ask(gateway.port);
    const before = held.length;
    await until(() => held.length > before);
    held.at(-1)?.end();
    assert.equal((await next).status, 200);
  });

  it('do not cut an answer that has begun', async () => {
    await using model = await startModel((_, response) => {
      response.write('a');
      setTimeout(() => response.end('b'), 300);
    });
    await using gateway = await startGateway({
      deployments: { blue: [model.port] },
      requests: { timeoutMs: 100 },
    });
    assert.equal((await ask(gateway.port)).body.toString(), 'ab');
  });
});

describe('a client that sends its body slowly', () => {
  it("takes nobody's place", async () => {
    await using model = await startModel((message, response) => void message.pipe(response));
    const requests = { maxConcurrentPerInstance: 1, timeoutMs: 1000 };
    await using gateway = await startGateway({ deployments: { blue: [model.port] }, requests });
    const slow = Array.from({ length: 4 }, () => {
      const headers = { ...bearer, 'content-length': '10' };
      const asking = request({ port: gateway.port, path: '/endpoints/iris/score', method: 'POST', headers });
      asking.write('x');
      return asking;
    });
    const answered = Promise.all(slow.map((asking) => once(asking, 'response')));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal((await ask(gateway.port, { body: 'quick' })).status, 200);
    const statuses = (await answered).map(([message]) => (message as IncomingMessage).statusCode);
    assert.deepEqual(statuses, [408, 408, 408, 408]);
    for (const asking of slow) asking.destroy();
  });
});

describe('a request whose instance is away', () => {
  it('waits for one to be ready', async () => {
    await using model = await startModel((_, response) => void response.end('here'));
    await using gateway = await startGateway({ deployments: { blue: [] } });
    const asking = ask(gateway.port, { body: 'x' });
    setTimeout(() => gateway.use({ deployments: { blue: [model.port] } }), 50);
    assert.equal((await asking).body.toString(), 'here');
  });

  it('is 503 when none is ready in time', async () => {
    await using gateway = await startGateway({ deployments: { blue: [] }, requests: { timeoutMs: 50 } });
    const answer = await ask(gateway.port);
    assert.equal(answer.status, 503);
    assert.equal(codeOf(answer), 'model_not_ready');
    assert.equal(answer.headers['ms-azureml-model-error-reason'], 'model_not_ready');
  });

  it('is 503, too, when those in the table cannot be reached', async () => {
    const gone = await startModel(() => undefined);
    await gone[Symbol.asyncDispose]();
    const requests = { timeoutMs: 200 };
    await using gateway = await startGateway({ deployments: { blue: [gone.port] }, requests });
    const answer = await ask(gateway.port, { body: 'x' });
    assert.equal(answer.status, 503);
    assert.equal(codeOf(answer), 'model_not_ready');
  });

  it('waits, too, for a deployment with traffic that does not run yet', async () => {
    await using model = await startModel((_, response) => void response.end('here'));
    await using gateway = await startGateway({ deployments: {} });
    const asking = ask(gateway.port, { body: 'x' });
    setTimeout(() => gateway.use({ deployments: { blue: [model.port] } }), 50);
    assert.equal((await asking).body.toString(), 'here');
    // Where another one runs, nobody has to wait.
    gateway.use({ deployments: { blue: [model.port] }, route: { traffic: { blue: 1, green: 99 } } });
    for (let round = 0; round < 10; round++) assert.equal((await ask(gateway.port)).status, 200);
  });

  it('waits for the workspace to say which endpoints there are', async () => {
    await using model = await startModel((_, response) => void response.end('here'));
    await using gateway = await startGateway({ deployments: {} }, { isRouted: false });
    const asking = ask(gateway.port, { body: 'x' });
    setTimeout(() => gateway.use({ deployments: { blue: [model.port] } }), 50);
    assert.equal((await asking).body.toString(), 'here');
  });

  it('is 404 when its deployment is deleted meanwhile', async () => {
    await using gateway = await startGateway({ deployments: { blue: [] } });
    const asking = ask(gateway.port);
    setTimeout(() => gateway.use({ deployments: {}, route: { traffic: {} } }), 50);
    assert.equal((await asking).status, 404);
  });

  it('goes to another one when the connection is refused, with all of its body', async () => {
    const gone = await startModel(() => undefined);
    await gone[Symbol.asyncDispose]();
    await using model = await startModel((message, response) => void message.pipe(response));
    await using gateway = await startGateway({ deployments: { blue: [gone.port, model.port] } });
    for (let round = 0; round < 4; round++) {
      const answer = await ask(gateway.port, { body: `body ${round}` });
      assert.equal(answer.status, 200);
      assert.equal(answer.body.toString(), `body ${round}`);
    }
  });

  it('goes to the same one when it comes back, chunked bodies as well', async () => {
    const gone = await startModel(() => undefined);
    await gone[Symbol.asyncDispose]();
    await using gateway = await startGateway({ deployments: { blue: [gone.port] } });
    const headers = { ...bearer, 'transfer-encoding': 'chunked' };
    const asking = ask(gateway.port, { headers, body: 'x'.repeat(100_000) });
    await new Promise((resolve) => setTimeout(resolve, 150));
    await using _ = await startModel((message, response) => void message.pipe(response), gone.port);
    assert.equal((await asking).body.length, 100_000);
  });

  it('is sent again when the tap says that the program never saw it', async () => {
    let tries = 0;
    await using tap = await startModel((message, response) => {
      if (tries++ === 0)
        return void response.writeHead(502, { [undeliveredHeader]: 'refused', connection: 'close' }).end();
      message.pipe(response);
    });
    await using gateway = await startGateway({ deployments: { blue: [tap.port] } });
    const answer = await ask(gateway.port, { body: 'all of it' });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.toString(), 'all of it');
    assert.equal(tries, 2);
  });

  it('is not sent twice when the model may have seen it, unless it is a GET', async () => {
    let connections = 0;
    const broken = createServer((socket) => {
      connections++;
      socket.once('data', () => socket.destroy());
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => broken.once('listening', resolve));
    const { port } = broken.address() as { port: number };
    await using gateway = await startGateway({ deployments: { blue: [port] }, requests: { timeoutMs: 200 } });
    const posted = await ask(gateway.port, { body: 'x' });
    assert.equal(posted.status, 502);
    assert.equal(codeOf(posted), 'model_broke_off');
    assert.equal(connections, 1);
    await ask(gateway.port, { method: 'GET' });
    assert.ok(connections > 2, `${connections} connections`);
    broken.close();
  });
});

describe('an instance that left the table', () => {
  it('is released when its last request is answered, and gets no new one', async () => {
    const { listener, held } = heldBack();
    await using old = await startModel(listener);
    await using next = await startModel((_, response) => void response.end('{"new":true}'));
    await using gateway = await startGateway({ deployments: { blue: [old.port] } });
    const last = ask(gateway.port);
    await until(() => held.length === 1);
    gateway.use({ deployments: { blue: [next.port] } });
    assert.deepEqual(jsonOf(await ask(gateway.port)), { new: true });
    assert.deepEqual(gateway.released, []);
    held[0]?.end('old');
    assert.equal((await last).body.toString(), 'old');
    await until(() => gateway.released.length > 0);
    assert.deepEqual(gateway.released, [`iris-blue-${old.port}`]);
  });

  it('is released at once when it is idle', async () => {
    await using gateway = await startGateway({ deployments: { blue: [1] } });
    gateway.use({ deployments: { blue: [] } });
    assert.deepEqual(gateway.released, ['iris-blue-1']);
  });

  it('leaves without a failed request while many come, however often instances change', async () => {
    await using gateway = await startGateway({ deployments: { blue: [] } });
    const over = new AbortController();
    const statuses = new Set<number>();
    const clients = Array.from({ length: 8 }, async () => {
      for (let at = 0; !over.signal.aborted; at++) {
        const answer = await ask(gateway.port, { body: `body ${at}` });
        statuses.add(answer.status);
        assert.equal(answer.body.toString(), `body ${at}`);
      }
    });
    let before: TestServer | undefined;
    for (let generation = 1; generation <= 10; generation++) {
      const next = await startModel(echoLater);
      gateway.use({ deployments: { blue: [next.port] } });
      if (before !== undefined) {
        await until(() => gateway.released.length === generation - 1);
        await before[Symbol.asyncDispose]();
      }
      before = next;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    over.abort();
    await Promise.all(clients);
    assert.deepEqual([...statuses], [200]);
    await before?.[Symbol.asyncDispose]();
  });
});
