import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';

import { bearer, bodyOf, echo, startGateway, startModel, until } from './gateway-under-test.ts';

function opening(port: number, headers: Record<string, string>) {
  const all = { ...headers, connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-key': 'a2V5' };
  return request({ port, path: '/endpoints/iris/chat', headers: all, agent: false }).end();
}

describe('a WebSocket', () => {
  it('is passed on, bytes for bytes, and ends with either side', async () => {
    await using model = await startModel(echo);
    let key: unknown;
    let hasEnded = false;
    model.server.on('upgrade', (message: IncomingMessage, socket: Socket) => {
      key = message.headers['sec-websocket-key'];
      assert.equal(message.headers.authorization, undefined);
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nx-accept: yes\r\n\r\nhello',
      );
      socket.on('data', (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
      socket.on('end', () => socket.end());
      socket.on('close', () => (hasEnded = true));
    });
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const [answer, socket, head] = (await once(opening(gateway.port, bearer), 'upgrade')) as [
      IncomingMessage,
      Socket,
      Buffer,
    ];
    assert.equal(answer.headers['x-accept'], 'yes');
    assert.equal(answer.headers['azureml-model-deployment'], 'blue');
    assert.equal(key, 'a2V5');
    let received = head.toString();
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    await until(() => received === 'hello');
    socket.write('more');
    await until(() => received === 'helloMORE');
    gateway.use({ deployments: { blue: [] } });
    assert.deepEqual(gateway.released, []);
    socket.destroy();
    await until(() => hasEnded && gateway.released.length === 1);
  });

  it('that the gateway or the model refuses is answered as any request', async () => {
    await using model = await startModel((_, response) => void response.writeHead(403).end('no'));
    await using gateway = await startGateway({ deployments: { blue: [model.port] } });
    const answered = async (headers: Record<string, string>) => {
      const [answer] = (await once(opening(gateway.port, headers), 'response')) as [IncomingMessage];
      return { answer, body: (await bodyOf(answer)).toString() };
    };
    const refused = await answered({});
    assert.equal(refused.answer.statusCode, 401);
    const { answer, body } = await answered(bearer);
    assert.equal(answer.statusCode, 424);
    assert.equal(answer.headers['ms-azureml-model-error-statuscode'], '403');
    assert.equal(body, 'no');
  });
});
