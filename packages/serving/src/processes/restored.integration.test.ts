import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import type { DeploymentPlan, InstanceStatus } from '@gleaner/workspace/api';

import { isRunning, planOf, routesTo, serve, until } from './testing/served.ts';
import type { Served } from './testing/served.ts';

describe('a plan that ran before', { concurrency: 2, timeout: 90_000 }, () => {
  it('is tried until it is ready, and its requests wait', async () => {
    await using served = await serve();
    const plan = lateIn(served.folder);
    await served.route(routesTo('blue'));
    const applied = served.apply({ ...plan, isRestored: true });
    // More often than a new plan may fail.
    await until(async () => ((await stateOf(served))?.restarts ?? 0) >= 3);
    assert.equal((await stateOf(served))?.state, 'unready');
    const config = await readFile(join(served.folder, 'instances/iris/blue/1-0/collector.yml'), 'utf8');
    assert.match(config, /"refused": "wait"/);
    const asked = served.score({});
    await writeFile(join(served.folder, 'dependency'), '');
    await applied;
    assert.equal((await asked).status, 200);
    assert.equal((await stateOf(served))?.state, 'ready');
    await served.apply(plan);
    assert.deepEqual(await namesOf(served), ['iris/blue/1-0']);
  });

  it('gives way to a change, and to the end of the deployment', async () => {
    await using served = await serve();
    const plan = { ...lateIn(served.folder), isRestored: true };
    const applied = served.apply(plan).catch((error: unknown) => error);
    await until(async () => ((await stateOf(served))?.processes['inference-server'] ?? 0) > 0);
    const refused = served.apply(lateIn(served.folder)).catch((error: unknown) => error);
    assert.equal(((await applied) as { code: string }).code, 'apply_cancelled');
    assert.equal(((await refused) as { code: string }).code, 'program_failed');
    assert.deepEqual(await namesOf(served), ['iris/blue/1-0'], 'it goes on');
    await served.apply(planOf(served.folder));
    await until(async () => (await namesOf(served)).join() === 'iris/blue/3-0');

    await served.remove('blue');
    const again = served.apply(plan).catch((error: unknown) => error);
    await until(async () => ((await stateOf(served))?.processes['model-data-collector'] ?? 0) > 0);
    const pids = Object.values((await stateOf(served))?.processes ?? {});
    await served.remove('blue');
    assert.equal(((await again) as { code: string }).code, 'apply_cancelled');
    assert.deepEqual(await served.status(), []);
    for (const pid of pids) assert.equal(await isRunning(pid), false);
  });
});

describe('an update whose policy cannot be written', { timeout: 60_000 }, () => {
  it('leaves no instance of it, and neither keeps the root process from its end', async () => {
    await using served = await serve();
    const plan = planOf(served.folder);
    await served.apply(plan);
    await served.route(routesTo('blue'));
    const config = join(served.folder, 'instances/iris/blue/1-0/collector.yml');
    // What is seen where no file can be written.
    await rm(config);
    await mkdir(config);
    await assert.rejects(served.apply({ ...plan, instanceCount: 2 }), { code: 'internal_error' });
    assert.deepEqual(await namesOf(served), ['iris/blue/1-0']);
    assert.equal((await served.score({})).status, 200);
    await rm(config, { recursive: true });
    await served.apply({ ...plan, instanceCount: 2 });
    assert.equal((await namesOf(served)).length, 2);
  });
});

/** The server of `planOf`, which ends at its start while a file is not there. */
function lateIn(folder: string): DeploymentPlan {
  const plan = planOf(folder);
  assert.ok(plan.program.kind === 'command');
  const [node = '', ...words] = plan.program.command;
  const script = `require('node:fs').statSync(${JSON.stringify(join(folder, 'dependency'))});${words.at(-1)}`;
  return { ...plan, program: { ...plan.program, command: [node, '-e', script] } };
}

async function stateOf(served: Served): Promise<InstanceStatus | undefined> {
  return (await served.status()).flatMap(({ instances }) => instances)[0];
}

async function namesOf(served: Served): Promise<string[]> {
  return (await served.status()).flatMap(({ instances }) => instances.map(({ name }) => name));
}
