import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { planOf, routesTo, serve, until } from './testing/served.ts';

const timeoutMs = 90_000;

describe('a process that hangs', { concurrency: 2, timeout: 2 * timeoutMs }, () => {
  it('is started again, when it is the gateway', async () => {
    await using served = await serve();
    const { gatewayPid: pid = 0 } = served.supervisor;
    await served.status();
    process.kill(pid, 'SIGSTOP');
    await until(() => ![undefined, pid].includes(served.supervisor.gatewayPid), timeoutMs);
    assert.deepEqual(await served.status(), []);
  });

  it('is started again, when it is the workspace or a collector', async () => {
    await using served = await serve();
    await served.apply(planOf(served.folder));
    await served.route(routesTo('blue'));
    const { workspacePid: pid = 0 } = served.supervisor;
    const [before] = (await served.status()).flatMap(({ instances }) => instances);
    process.kill(before?.processes['model-data-collector'] ?? 0, 'SIGSTOP');
    await until(async () => (await served.status())[0]?.instances[0]?.restarts === 1, timeoutMs);
    await until(async () => (await served.status())[0]?.instances[0]?.state === 'ready');
    assert.equal((await served.score({})).status, 200);
    process.kill(pid, 'SIGSTOP');
    await until(() => ![undefined, pid].includes(served.supervisor.workspacePid), timeoutMs);
  });
});
