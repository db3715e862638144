import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { InstanceStatus } from '@gleaner/workspace/api';

import { openSupervisor } from './supervisor.ts';
import {
  isRunning,
  loadOn,
  optionsIn,
  planOf,
  routesTo,
  serve,
  storedLines,
  until,
} from './testing/served.ts';
import type { Served } from './testing/served.ts';

const clients = 4;

describe('openSupervisor', { concurrency: 2, timeout: 60_000 }, () => {
  it('starts a collector or a program again that was killed, and few requests notice', async () => {
    await using served = await serve();
    await served.apply(planOf(served.folder, { instanceCount: 2 }));
    await served.route(routesTo('blue'));
    const before = await instancesOf(served);
    assert.deepEqual(
      before.map(({ name, state }) => [name, state]),
      [
        ['iris/blue/1-0', 'ready'],
        ['iris/blue/1-1', 'ready'],
      ],
    );
    const load = loadOn(served, clients);
    const [killed, kept] = before;
    for (const container of ['model-data-collector', 'inference-server'] as const) {
      const pid = killed?.processes[container] ?? 0;
      process.kill(pid, 'SIGKILL');
      await until(async () => {
        const [now] = await instancesOf(served);
        return now?.state === 'ready' && now.processes[container] !== pid;
      });
    }
    await sleep(100);
    await load.stop();
    const after = await instancesOf(served);
    assert.equal(after[0]?.collectorAdminPort, killed?.collectorAdminPort);
    assert.equal(after[0]?.restarts, 2);
    assert.deepEqual(after[1], kept);
    assert.ok(load.failures.length <= 2 * clients, load.failures.join('\n'));
    await served.supervisor.stop();
    const stored = (await storedLines(served.folder, 'response')).length;
    assert.ok(stored >= load.answers.length - 2 * clients, `${stored} of ${load.answers.length}`);
    const pids = [...before, ...after].flatMap(({ processes }) => Object.values(processes));
    for (const pid of pids) assert.equal(await isRunning(pid), false);
  });

  it('replaces instances under load without a failed request, and stores what the old ones had', async () => {
    await using served = await serve();
    await served.apply(planOf(served.folder, { environmentVariables: { VERSION: '1', DELAY_MS: '100' } }));
    await served.route(routesTo('blue'));
    const [old] = await instancesOf(served);
    const load = loadOn(served, clients);
    await until(() => load.answers.length > 50);
    await served.apply(planOf(served.folder, { environmentVariables: { VERSION: '2', DELAY_MS: '100' } }));
    const count = load.answers.length;
    await until(() => load.answers.length > count + 50);
    await until(async () => (await instancesOf(served)).length === 1);
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.deepEqual([...new Set(load.answers)], ['1', '2']);
    assert.equal(load.answers.at(-1), '2');
    for (const pid of Object.values(old?.processes ?? {})) assert.equal(await isRunning(pid), false);
    assert.deepEqual((await readdir(join(served.folder, 'instances/iris/blue'))).sort(), ['2-0', 'logs']);
    await served.supervisor.stop();
    assert.equal((await storedLines(served.folder, 'request')).length, load.answers.length);
    assert.equal((await storedLines(served.folder, 'response')).length, load.answers.length);
  });

  it('says why a program does not start, leaves nothing of it, and the plan before goes on', async () => {
    await using served = await serve();
    const failing = planOf(served.folder, {
      program: {
        kind: 'command',
        command: [process.execPath, '-e', 'console.error("no such model"); process.exit(3)'],
      },
    });
    await assert.rejects(served.apply(failing), (failure: Record<string, unknown>) => {
      assert.equal(failure['code'], 'program_failed');
      assert.match(String(failure['message']), /ended before it was ready \(code 3\)/);
      assert.match(String(failure['log']), /no such model/);
      return true;
    });
    assert.deepEqual(await instancesOf(served), []);
    assert.match(await served.logs('blue', 'inference-server'), /no such model/);
    assert.deepEqual(await readdir(join(served.folder, 'instances/iris/blue')), ['logs']);

    await served.apply(planOf(served.folder));
    await served.route(routesTo('blue'));
    const before = await instancesOf(served);
    await assert.rejects(served.apply(failing), { code: 'program_failed' });
    assert.deepEqual(await instancesOf(served), before);
    assert.equal((await served.score({})).status, 200);

    const { readinessProbe } = failing;
    const silent = planOf(served.folder, {
      program: { kind: 'command', command: [process.execPath, '-e', 'setInterval(() => {}, 1000)'] },
      readinessProbe: { ...readinessProbe, initialDelayMs: 200, periodMs: 100, failureThreshold: 2 },
    });
    await assert.rejects(served.apply(silent), { code: 'probe_failed' });
    assert.deepEqual(await instancesOf(served), before);
  });

  it('changes policy and number without touching what runs, and starts anew where the SDK must be told', async () => {
    await using served = await serve();
    const plan = planOf(served.folder);
    await served.apply(plan);
    await served.route(routesTo('blue'));
    const [first] = await instancesOf(served);
    const change = (name: string, policy: { enabled?: boolean; samplingRate?: number }) => {
      const { collector } = plan;
      const before = collector.collections[name];
      assert.ok(before !== undefined);
      const collections = { ...collector.collections, [name]: { ...before, ...policy } };
      return { ...plan, collector: { ...collector, collections } };
    };
    const collectionsNow = async (): Promise<unknown> => {
      const status = await fetch(`http://127.0.0.1:${first?.collectorAdminPort}/status`);
      return ((await status.json()) as { collections: Record<string, unknown> }).collections;
    };

    await served.apply(plan);
    await served.apply(change('request', { enabled: false, samplingRate: 0.5 }));
    assert.deepEqual(await instancesOf(served), [first]);
    const { request } = (await collectionsNow()) as { request: { enabled: boolean; samplingRate: number } };
    assert.deepEqual([request.enabled, request.samplingRate], [false, 0.5]);

    process.kill(first?.processes['model-data-collector'] ?? 0, 'SIGKILL');
    await until(async () => {
      const [now] = await instancesOf(served);
      return now?.state === 'ready' && now.restarts === 1;
    });
    const again = (await collectionsNow()) as { request: { enabled: boolean } };
    assert.equal(again.request.enabled, false);

    await served.apply(change('model_inputs', { enabled: false }));
    await served.apply(plan);
    assert.equal((await instancesOf(served))[0]?.name, first?.name);

    await served.apply({ ...plan, instanceCount: 3 });
    const three = await instancesOf(served);
    assert.equal(three.length, 3);
    assert.equal(three[0]?.name, first?.name);
    await served.apply({ ...plan, requests: { ...plan.requests, timeoutMs: 1000 } });
    await until(async () => (await instancesOf(served)).length === 1);
    assert.equal((await instancesOf(served))[0]?.name, first?.name);

    const without = change('model_inputs', { enabled: false });
    await served.apply({ ...without, environmentVariables: { VERSION: '2' } });
    const [second] = await readyOf(served);
    await served.apply({ ...plan, environmentVariables: { VERSION: '2' } });
    const [third] = await readyOf(served);
    assert.notEqual(third?.name, second?.name);
  });

  it('ends a program with a port of its own before its successor starts, and brings it back when that fails', async () => {
    await using served = await serve();
    const plan = planOf(served.folder);
    const port = 10_000 + Math.floor(Math.random() * 9000);
    assert.ok(plan.program.kind === 'command');
    const route = { path: '/health', port };
    const program = {
      ...plan.program,
      routes: { readiness: route, liveness: route, scoring: { path: '/score', port } },
    };
    await served.apply({ ...plan, program });
    await served.route(routesTo('blue'));
    await assert.rejects(served.apply({ ...plan, program, instanceCount: 2 }), { code: 'port_in_use' });
    await served.apply({ ...plan, program, environmentVariables: { VERSION: '2' } });
    assert.match(await (await served.score({})).text(), /"version":"2"/);
    const broken = { ...program, command: [process.execPath, '-e', 'process.exit(1)'] };
    await assert.rejects(served.apply({ ...plan, program: broken }), { code: 'program_failed' });
    await until(async () => (await readyOf(served)).length === 1);
    assert.match(await (await served.score({})).text(), /"version":"2"/);
  });

  it('goes on while gateway and workspace are killed', async () => {
    await using served = await serve();
    const plan = planOf(served.folder);
    await served.apply(plan);
    await served.route(routesTo('blue'));
    const before = await instancesOf(served);
    for (let kill = 0; kill < 3; kill++) {
      const load = loadOn(served, 2 * clients);
      await until(() => load.answers.length > 50);
      process.kill(served.supervisor.gatewayPid ?? 0, 'SIGKILL');
      const count = load.answers.length;
      await until(() => load.answers.length > count + 50);
      await load.stop();
      assert.ok(load.failures.length <= 4 * clients, load.failures.join('\n'));
    }

    const slow = { ...plan, environmentVariables: { VERSION: '3' } };
    const cut = served.apply(slow).catch((error: unknown) => error);
    await until(async () => (await instancesOf(served)).length === 2);
    process.kill(served.supervisor.workspacePid ?? 0, 'SIGKILL');
    assert.notEqual(await cut, undefined);
    await until(async () => (await served.status().catch(() => undefined)) !== undefined);
    await served.apply(slow);
    await until(async () => (await instancesOf(served)).length === 1);
    const [after] = await instancesOf(served);
    assert.equal(after?.name, 'iris/blue/2-0');
    assert.notEqual(after?.name, before[0]?.name);
  });

  it('is the only one of its folder, and refuses a port that is taken', async () => {
    await using served = await serve();
    await assert.rejects(openSupervisor(optionsIn(served.folder)), { code: 'data_in_use' });
    const other = optionsIn(join(served.folder, 'other'));
    const { port } = served.supervisor.address;
    await assert.rejects(openSupervisor({ ...other, listen: { host: '127.0.0.1', port } }), {
      code: 'address_in_use',
    });
    await using second = await openSupervisor({
      ...other,
      workspaceProcess: () => ({
        command: process.execPath,
        args: ['-e', 'process.exit(4)'],
        environment: {},
      }),
    });
    await assert.rejects(second.ready, { code: 'workspace_failed', message: /code 4/ });
  });

  it('starts a program again that takes more memory than its limit', async () => {
    await using served = await serve();
    const memoryBytes = 250 * 1024 * 1024;
    await served.apply(planOf(served.folder, { limits: { cpus: 1, memoryBytes } }));
    await served.route(routesTo('blue'));
    const [before] = await instancesOf(served);
    await served.score({ takeBytes: 2 * memoryBytes });
    await until(async () => (await instancesOf(served))[0]?.restarts === 1);
    await until(async () => (await readyOf(served)).length === 1);
    assert.equal((await served.score({})).status, 200);
    assert.notDeepEqual(await instancesOf(served), [before]);
    assert.match(await served.logs('blue', 'inference-server'), /over the limit of 262144000/);
  });

  it('takes a deployment away', async () => {
    await using served = await serve();
    await served.apply(planOf(served.folder));
    await served.route(routesTo('blue'));
    await served.score({});
    const [instance] = await instancesOf(served);
    await served.remove('blue');
    await served.remove('blue');
    assert.deepEqual(await served.status(), []);
    for (const pid of Object.values(instance?.processes ?? {})) assert.equal(await isRunning(pid), false);
    assert.equal((await storedLines(served.folder, 'request')).length, 1);
    assert.deepEqual(await readdir(join(served.folder, 'instances/iris')), []);

    const starting = served.apply(planOf(served.folder)).catch((error: unknown) => error);
    await until(async () => (await instancesOf(served)).length === 1);
    await served.remove('blue');
    assert.equal(((await starting) as { code: string }).code, 'apply_cancelled');
    assert.deepEqual(await instancesOf(served), []);
  });
});

async function instancesOf(served: Served): Promise<readonly InstanceStatus[]> {
  return (await served.status()).flatMap(({ instances }) => instances);
}

async function readyOf(served: Served): Promise<readonly InstanceStatus[]> {
  return (await instancesOf(served)).filter(({ state }) => state === 'ready');
}
