import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { startSystem } from '@gleaner/testkit';

const head = [
  'POST /modeldata/log HTTP/1.1',
  'host: collector',
  'ce-type: azureml.inference.model_inputs',
  'content-type: application/json',
];

describe('the intake with more senders than it has memory for', () => {
  it('answers all of them in turn, and those that come after they are gone', async () => {
    await using system = await startSystem({ environment: { GLEANER_INTAKE_MAX_BUFFERED: '8MiB' } });
    const port = system.collector.intakePort;
    const send = async (pauseMs: number): Promise<string> => {
      const socket = connect({ port, host: '127.0.0.1' });
      // Each of them may become 4 MiB.
      socket.write([...head, 'transfer-encoding: chunked', '', ''].join('\r\n'));
      await sleep(pauseMs);
      socket.write('9\r\n[{"x":1}]\r\n');
      await sleep(pauseMs);
      socket.write('0\r\n\r\n');
      const [answer] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      return answer.toString('latin1', 0, 15);
    };
    const gone = Array.from({ length: 6 }, () => {
      const socket = connect({ port, host: '127.0.0.1' }).on('error', () => undefined);
      socket.write([...head, 'transfer-encoding: chunked', '', ''].join('\r\n'));
      return socket;
    });
    await sleep(50);
    for (const socket of gone) socket.destroy();
    const answers = await Promise.all(Array.from({ length: 12 }, () => send(20)));
    assert.deepEqual(new Set(answers), new Set(['HTTP/1.1 200 OK']));
    assert.equal(await send(0), 'HTTP/1.1 200 OK');
  });
});
