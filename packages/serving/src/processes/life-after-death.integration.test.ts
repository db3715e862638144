import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { clientOf, isRunning, planOf, routesTo, serve, storedLines, until } from './testing/served.ts';

const root = fileURLToPath(new URL('testing/root.ts', import.meta.url));

describe('a root process after one that was killed', { timeout: 60_000 }, () => {
  it('ends what that one left running, and stores what its collectors held', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-killed-'));
    const first = spawn(process.execPath, [root, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: first.stdout }), 'line')) as [string];
    const client = clientOf(Number(line.slice('port '.length)));
    await client.apply(planOf(folder));
    await client.route(routesTo('blue'));
    const [instance] = (await client.status()).flatMap(({ instances }) => instances);
    assert.equal((await client.score({ n: 1 })).status, 200);
    await until(async () => (await acceptedBy(instance?.collectorAdminPort)) === 1);

    first.kill('SIGKILL');
    await once(first, 'exit');
    const { 'model-data-collector': collector = 0, 'inference-server': program = 0 } =
      instance?.processes ?? {};
    process.kill(collector, 'SIGKILL');
    await until(async () => !(await isRunning(collector)));
    assert.equal(await isRunning(program), true);
    const old = join(folder, 'instances/iris/blue/1-0');
    assert.equal((await stat(join(old, 'collector.yml'))).mode & 0o777, 0o600);

    {
      await using served = await serve(folder);
      assert.equal(await isRunning(program), false);
      await until(async () => (await storedLines(folder, 'request')).length === 1);
      await until(async () => !(await readdir(join(folder, 'instances/iris/blue'))).includes('1-0'));
      await served.apply(planOf(folder));
      await served.route(routesTo('blue'));
      assert.equal((await served.score({ n: 2 })).status, 200);
    }
    assert.equal((await storedLines(folder, 'request')).length, 2);
    assert.deepEqual(await readdir(join(folder, 'run')), ['lock']);
    await rm(folder, { recursive: true, force: true });
  });
});

/** What is answered is kept a moment later: who is served does not wait for the spool. */
async function acceptedBy(adminPort = 0): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/status`);
  const { collections } = (await response.json()) as { collections: Record<string, { accepted: number }> };
  return collections['request']?.accepted ?? 0;
}
