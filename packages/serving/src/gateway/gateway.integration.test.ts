import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';

import { ask, bodyOf, startModel, tableOf, until } from './gateway-under-test.ts';
import type { TestTable } from './gateway-under-test.ts';
import type { FromGateway, ToGateway } from './messages.ts';

/** What the root process does: it owns the port, and hands connections to the gateway that is there, or to the next one. */
class Root implements AsyncDisposable {
  readonly told: FromGateway[] = [];
  #child: ChildProcess | undefined;
  readonly #waiting: Socket[] = [];
  readonly #server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
    this.#handOver(socket),
  );

  async listen(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async start(table: TestTable): Promise<ChildProcess> {
    const child = fork(new URL('main.ts', import.meta.url), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ready = new Promise<void>((resolve) => {
      child.on('message', (message: FromGateway) => {
        this.told.push(message);
        if (message.kind === 'ready') resolve();
      });
    });
    await ready;
    this.#child = child;
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    this.send({ kind: 'table', table: tableOf(table) });
    for (const socket of this.#waiting.splice(0)) this.#handOver(socket);
    return child;
  }

  send(message: ToGateway, socket?: Socket): void {
    this.#child?.send(message, socket);
  }

  #handOver(socket: Socket): void {
    if (this.#child?.connected === true) this.send({ kind: 'connection' }, socket);
    else this.#waiting.push(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

describe('the gateway process', () => {
  it('serves the connections that it is handed, and tells when an instance is released', async () => {
    const held: ServerResponse[] = [];
    await using model = await startModel((message, response) => {
      void bodyOf(message).then((body) => {
        if (body.toString() === 'hold') held.push(response);
        else response.end(body);
      });
    });
    await using root = new Root();
    const port = await root.listen();
    await root.start({ deployments: { blue: [model.port] } });
    const bodies = await Promise.all(
      Array.from({ length: 50 }, (_, at) => ask(port, { body: `body ${at}` })),
    );
    assert.deepEqual(
      bodies.map(({ body }) => body.toString()),
      Array.from({ length: 50 }, (_, at) => `body ${at}`),
    );
    const last = ask(port, { body: 'hold' });
    await until(() => held.length === 1);
    const table = tableOf({ deployments: { blue: [] } });
    root.send({ kind: 'table', table });
    await until(() => root.told.some((one) => one.kind === 'applied' && one.version === table.version));
    assert.ok(!root.told.some(({ kind }) => kind === 'released'));
    held[0]?.end('held');
    assert.equal((await last).body.toString(), 'held');
    await until(() => root.told.some(({ kind }) => kind === 'released'));
    assert.deepEqual(root.told.at(-1), { kind: 'released', instance: `iris-blue-${model.port}` });
  });

  it('killed, loses what is in flight alone: the next one takes the connections that came meanwhile', async () => {
    let silent = true;
    await using model = await startModel((message, response) => {
      if (!silent) message.pipe(response);
    });
    await using root = new Root();
    const port = await root.listen();
    const table = { deployments: { blue: [model.port] } };
    const first = await root.start(table);
    const inFlight = ask(port, { body: 'lost' });
    const lost = assert.rejects(inFlight, { code: 'ECONNRESET' });
    const [asked] = (await once(model.server, 'request')) as [unknown];
    assert.ok(asked);
    first.kill('SIGKILL');
    await lost;
    await once(first, 'exit');
    silent = false;
    const later = [ask(port, { body: 'one' }), ask(port, { body: 'two' })];
    await until(() => root.waiting === 2);
    await root.start(table);
    assert.deepEqual(
      (await Promise.all(later)).map(({ body }) => body.toString()),
      ['one', 'two'],
    );
  });

  it('drains: it answers what is under way, closes idle connections, and exits', async () => {
    const held: ServerResponse[] = [];
    await using model = await startModel((_, response) => void held.push(response));
    await using root = new Root();
    const port = await root.listen();
    const child = await root.start({ deployments: { blue: [model.port] } });
    const exited = once(child, 'exit');
    const agent = new Agent({ keepAlive: true });
    const idle = request({ port, path: '/endpoints/other', agent }).end();
    ((await once(idle, 'response')) as [IncomingMessage])[0].resume();
    const last = ask(port, { body: 'x' });
    await until(() => held.length === 1);
    root.send({ kind: 'drain' });
    held[0]?.end('answered');
    assert.equal((await last).body.toString(), 'answered');
    assert.deepEqual(await exited, [0, null]);
  });

  it('ends when the root process is gone', async () => {
    await using root = new Root();
    const child = await root.start({ deployments: {} });
    const exited = once(child, 'exit');
    child.disconnect();
    assert.deepEqual(await exited, [0, null]);
  });
});
