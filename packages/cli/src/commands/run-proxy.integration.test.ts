/** The real inference server of Azure, its scoring script collecting by the real SDK, behind the tap. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { linesBelow } from '@gleaner/testkit';

import { pythonEnvironment } from '../../../../scripts/python.ts';
import { repository } from '../../../../scripts/repository.ts';
import { startGleaner } from '../gleaner-process.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function score(url: string, id: string): Promise<string> {
  const headers = { 'content-type': 'application/json', 'x-request-id': id };
  const body = '{"data": [[5.1, 3.5, 1.4, 0.2]]}';
  const answer = await fetch(`${url}/score`, { method: 'POST', headers, body });
  assert.equal(answer.headers.get('x-ms-request-id') ?? answer.headers.get('x-request-id'), id);
  return await answer.text();
}

describe('gleaner run --proxy', () => {
  it('keeps requests and answers of the Azure inference server beside what its script collects', async (test) => {
    const environment = await pythonEnvironment('iris');
    if ('unavailable' in environment) return test.skip(environment.unavailable);
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-proxy-'));
    const [port, modelPort] = [await freePort(), await freePort()];
    const names = ['model_inputs', 'model_outputs', 'request', 'response'];
    const deployment = {
      name: 'blue',
      endpoint_name: 'iris',
      instance_type: 'local',
      data_collector: { collections: Object.fromEntries(names.map((name) => [name, { enabled: 'true' }])) },
    };
    await writeFile(join(folder, 'deployment.yml'), JSON.stringify(deployment));
    const script = join(repository, 'examples/iris/score.py');
    const words =
      `run -f deployment.yml --proxy ${port}:${modelPort} --intake-port 0 --admin-port 0 --`.split(' ');
    const server = [join(environment.bin, 'azmlinfsrv'), '--entry_script', script, '--port', `${modelPort}`];
    await using run = startGleaner([...words, ...server], { folder });
    const [through, direct] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${modelPort}`];
    while (
      !(await fetch(direct).then(
        (answer) => answer.ok,
        () => false,
      ))
    )
      await sleep(100);
    const answers = await Promise.all([score(through, 'a'), score(through, 'b'), score(direct, 'c')]);
    assert.equal(new Set(answers).size, 1);
    const collected = async (name: string) =>
      (await linesBelow(join(folder, 'gleaner-data/modelDataCollector/iris/blue', name))).map(
        (line) => JSON.parse(line) as Record<string, unknown>,
      );
    // The SDK sends when it comes to it, and forgets what it has not sent when its process ends.
    while ((await collected('model_outputs')).length < 3) await sleep(50);
    run.kill('SIGTERM');
    await run.ended;
    const [inputs, outputs, requests, responses] = await Promise.all(names.map(collected));
    assert.deepEqual([inputs?.length, outputs?.length], [3, 3]);
    for (const side of [requests, responses])
      assert.deepEqual(new Set(side?.map((one) => one['correlationid'])), new Set(['a', 'b']));
    assert.deepEqual(responses?.[0]?.['data'], JSON.parse(answers[0] ?? ''));
    await rm(folder, { recursive: true });
  });
});
