/** A collector that is not there, comes late, or is killed: the real command, in a process of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { linesBelow } from '@gleaner/testkit';

import { gleaner } from '../../../../scripts/repository.ts';
import { BasicCorrelationContext } from '../index.ts';
import { ids, openCollector } from './test-intake.ts';

/** A folder and a port for one collector after the other. */
async function openPlace() {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-sdk-'));
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const collections = { model_inputs: { enabled: 'true' } };
  const config = {
    name: 'blue',
    endpoint_name: 'iris',
    data_collector: { collections },
    intake: { port },
    admin: { port: 0 },
  };
  await writeFile(join(folder, 'collector.yml'), JSON.stringify(config));
  let child: ChildProcess | undefined;
  const [command, ...words] = [...gleaner, 'collect', '--config', 'collector.yml', '--data', 'data'];
  return {
    environment: { AZUREML_MDC_ENABLED: 'true', AZUREML_MDC_PORT: `${port}` },
    /** Starts the collector; to be called again once it has ended. */
    start() {
      child = spawn(command, words, {
        cwd: folder,
        env: { ...process.env, GLEANER_LOG_LEVEL: 'warn' },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const ended = once(child, 'exit');
      return async (signal: 'SIGKILL' | 'SIGTERM'): Promise<unknown[]> => {
        child?.kill(signal);
        return await ended;
      };
    },
    /** The correlation ids of all stored lines. */
    async stored(): Promise<string[]> {
      const lines = await linesBelow(join(folder, 'data'));
      return lines.map((line) => (JSON.parse(line) as { correlationid: string }).correlationid);
    },
    async [Symbol.asyncDispose]() {
      child?.kill('SIGKILL');
      await rm(folder, { recursive: true });
    },
  };
}

const named = (count: number) => Array.from({ length: count }, (_, number) => `r${number}`);

describe('a collector that starts after the events were collected', () => {
  it('gets and stores each of them once', async () => {
    await using place = await openPlace();
    const { collector, errors } = openCollector(place);
    for (const id of named(200)) collector.collect([{ id }], new BasicCorrelationContext(id));
    await sleep(1000);
    assert.equal(collector.stats().waiting, 200);
    const end = place.start();
    assert.equal(await collector.close(), true);
    assert.deepEqual(await end('SIGTERM'), [0, null]);
    assert.deepEqual(errors, []);
    assert.deepEqual((await place.stored()).sort(), named(200).sort());
  });
});

describe('a collector that is killed and started again on its spool', () => {
  it('stores each event once', async () => {
    await using place = await openPlace();
    const { collector, errors } = openCollector(place);
    let end = place.start();
    let restarts = 0;
    const count = 3000;
    for (const [number, id] of named(count).entries()) {
      collector.collect([{ id }], new BasicCorrelationContext(id));
      if (number % 10 === 0) await sleep(1);
      if (number % 600 !== 599 || number + 1 === count) continue;
      while (collector.stats().delivered < number - 300) await sleep(1);
      assert.deepEqual(await end('SIGKILL'), [null, 'SIGKILL']);
      end = place.start();
      restarts++;
    }
    assert.equal(await collector.close(), true);
    assert.deepEqual(await end('SIGTERM'), [0, null]);
    assert.equal(restarts, 4);
    assert.deepEqual(errors, []);
    assert.deepEqual((await place.stored()).sort(), named(count).sort());
  });
});

describe('a collector that never comes', () => {
  it('has every event reported once, when its time is over', async () => {
    await using place = await openPlace();
    const { collector, errors } = openCollector({ ...place, retryForMs: 500 });
    for (const id of named(500)) collector.collect([{ id }], new BasicCorrelationContext(id));
    assert.equal(await collector.flush(), true);
    assert.deepEqual(new Set(ids(errors)), new Set(named(500)));
    assert.equal(errors.length, 500);
    assert.deepEqual([...new Set(errors.map(({ code }) => code))], ['event_undelivered']);
    assert.match(errors[0]?.message ?? '', /ECONNREFUSED/);
  });
});
