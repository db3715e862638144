/**
 * The promise of the collector over the real servers of stores: whatever goes wrong on the way there, every record that was
 * accepted is in the store once, byte for byte, and the collector says what is wrong and goes on by itself.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { seededRandom, startFaultProxy } from '@gleaner/testkit';
import type { FaultProxy, HttpFault, StoreRequest } from '@gleaner/testkit';

import { auditStore } from '../../../bench/stores/audit.ts';
import { sendAll, startCollectorOn, writeCollectorFile } from '../../../bench/stores/collector.ts';
import { createEvents, createRows } from '../../../bench/stores/events.ts';
import type { StoreEvent } from '../../../bench/stores/events.ts';
import { runThroughFaults } from '../../../bench/stores/fault-run.ts';
import { startStoreServer, storeServices } from '../../../bench/stores/servers.ts';
import type { StorePlace, StoreServer } from '../../../bench/stores/servers.ts';
import type { HealthCause } from './admin/status.ts';
import type { Collector } from './collector.ts';

/** What the collector says of it, and how it is brought about where the plan of the proxy does not do it. */
const troubles: { what: string; code: string; fault?: HttpFault; begin?: (proxy: FaultProxy) => void }[] = [
  { what: 'a permission that is withdrawn', code: 'store_permission_denied', begin: (proxy) => proxy.deny() },
  {
    what: 'a login that has expired',
    code: 'store_permission_denied',
    fault: { kind: 'refuse', why: 'login expired' },
  },
  { what: 'a store that is down', code: 'store_unreachable', begin: (proxy) => proxy.down() },
  {
    what: 'a store that asks to slow down (429)',
    code: 'store_throttled',
    fault: { kind: 'fail', status: 429, retryAfterSeconds: 1 },
  },
  {
    what: 'a store that asks to slow down (503)',
    code: 'store_throttled',
    fault: { kind: 'fail', status: 503, retryAfterSeconds: 1 },
  },
];

const drainTimeoutMs = 30_000;
const patienceMs = 30_000;

const servers = await Promise.all(
  storeServices.map(async (service) => ({ service, server: await startStoreServer(service) })),
);

describe('a collector and its store', { concurrency: true }, () => {
  for (const { service, server } of servers) {
    const skip = 'unavailable' in server ? server.unavailable : false;
    describe(service, { skip, concurrency: 2 }, () => {
      if ('unavailable' in server) return;
      after(() => server[Symbol.asyncDispose]());

      it('has every record once, through faults of every kind and restarts', async () => {
        await using folder = await makeFolder();
        const seed = Math.floor(Math.random() * 1_000_000);
        const run = { server, records: 2000, seed, folder: folder.path };
        const { problems, missing, duplicate, stored, faults, interruptedDrains, acknowledged } =
          await runThroughFaults(run);
        const { pass: _, ...wrong } = faults;
        const faultCount = Object.values(wrong).reduce((sum, count) => sum + count, 0);
        assert.deepEqual({ missing, duplicate, problems: problems.slice(0, 10) }, noProblem, `seed ${seed}`);
        assert.deepEqual({ stored, acknowledged }, { stored: 2000, acknowledged: 2000 });
        assert.ok(faultCount > 10, `only ${faultCount} faults`);
        assert.ok(interruptedDrains > 0, 'no restart left anything behind');
      });

      for (const { what, code, fault, begin } of troubles) {
        it(`keeps what it accepts through ${what}, says so, and comes back by itself`, async () => {
          await using scene = await setScene(server);
          const { proxy, collectorFile, events } = scene;
          await using collector = await startCollectorOn(collectorFile);
          await sendEvery(collector, events.slice(0, 40));
          await until('it stores what came before', () => collector.status().backlog.records === 0);

          scene.fault = fault;
          begin?.(proxy);
          await sendEvery(collector, events.slice(40));
          const cause = await until('it names the cause', () => storeCause(collector));
          assert.equal(cause.code, code, cause.message);
          const { backlog, ready } = collector.status();
          assert.deepEqual({ left: backlog.records, ready }, { left: events.length - 40, ready: true });

          scene.fault = undefined;
          proxy.up();
          await until('it ships by itself', () => collector.status().backlog.records === 0);
          assert.deepEqual(collector.status().causes, []);
          await drain(collector);
          await assertWhole(scene);
        });
      }

      it('starts while the store is down, with what an earlier one left, and ships it once the store is back', async () => {
        await using scene = await setScene(server);
        const { proxy, collectorFile, events } = scene;
        {
          await using collector = await startCollectorOn(collectorFile);
          proxy.down();
          await sendEvery(collector, events.slice(0, 60));
          assert.deepEqual(await collector.drain(AbortSignal.timeout(200)), { complete: false, left: 60 });
        }
        await using collector = await startCollectorOn(collectorFile);
        await sendEvery(collector, events.slice(60));
        const { code } = await until('it names the cause', () => storeCause(collector));
        assert.equal(code, 'store_unreachable');
        proxy.up();
        await until('it ships by itself', () => collector.status().backlog.records === 0);
        await drain(collector);
        await assertWhole(scene);
      });

      it('goes on behind what was applied when answers are lost', async () => {
        await using scene = await setScene(server);
        const { proxy, collectorFile } = scene;
        let writes = 0;
        scene.fault = ({ method, path }) => {
          const isWrite = (method === 'PUT' || method === 'POST') && path.includes('.jsonl');
          return isWrite && writes++ % 2 === 0 ? { kind: 'lose answer' } : undefined;
        };
        scene.events = createRows(60, 100);
        await using collector = await startCollectorOn(collectorFile);
        for (let sent = 0; sent < 60; sent += 10) {
          await sendEvery(collector, scene.events.slice(sent, sent + 10));
          await until('it stores them', () => collector.status().backlog.records === 0);
        }
        scene.fault = undefined;
        await drain(collector);
        assert.ok(proxy.counts['lose answer'] > 5);
        await assertWhole(scene);
      });

      it('puts a large body again when a part of it fails', async () => {
        await using scene = await setScene(server);
        const { proxy, collectorFile } = scene;
        const lose = { kind: 'lose answer' } as const;
        const tear = { kind: 'tear', share: 0.5 } as const;
        const script = [tear, undefined, lose, undefined, undefined, lose];
        scene.fault = ({ method, path }) =>
          method !== 'DELETE' && /comp=block|uploadId=|upload_id=/.test(path) ? script.shift() : undefined;
        scene.events = createEvents(501, seededRandom(2)).slice(500);
        assert.equal(scene.events[0]?.kind, 'large binary');
        await using collector = await startCollectorOn(collectorFile);
        await sendEvery(collector, scene.events);
        await drain(collector);
        assert.deepEqual([proxy.counts.tear, proxy.counts['lose answer']], [1, 2]);
        await assertWhole(scene);
      });
    });
  }
});

const noProblem = { missing: 0, duplicate: 0, problems: [] };

interface Scene extends AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly place: StorePlace;
  readonly collectorFile: string;
  events: StoreEvent[];
  /** What goes wrong while the proxy is up. */
  fault: HttpFault | ((request: StoreRequest) => HttpFault | undefined) | undefined;
}

/** A store behind a proxy, and the configuration of a collector that finds it there. */
async function setScene(server: StoreServer): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeFolder());
  const place = await server.makePlace();
  const proxy = await startFaultProxy({
    target: server.endpoint,
    service: server.service,
    plan: (request) => (typeof scene.fault === 'function' ? scene.fault(request) : scene.fault),
  });
  stack.use(proxy);
  const { endpoint } = proxy;
  const collectorFile = await writeCollectorFile({ folder: folder.path, place, endpoint });
  const owned = stack.move();
  const scene: Scene = {
    proxy,
    place,
    collectorFile,
    events: createEvents(100, seededRandom(1)),
    fault: undefined,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  return scene;
}

async function makeFolder(): Promise<{ path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'gleaner-store-faults-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** The intake takes them, whatever the store does. */
async function sendEvery(collector: Collector, events: StoreEvent[]): Promise<void> {
  assert.deepEqual(await sendAll(collector.intakePort, events), []);
}

function storeCause(collector: Collector): HealthCause | undefined {
  return collector.status().causes.find(({ component }) => component === 'store');
}

async function drain(collector: Collector): Promise<void> {
  const drained = await collector.drain(AbortSignal.timeout(drainTimeoutMs));
  assert.deepEqual(drained, { complete: true, left: 0 });
}

async function assertWhole({ place, proxy, events }: Scene): Promise<void> {
  const audit = await auditStore({ place, endpoint: proxy.endpoint, events });
  const { missing, duplicate, problems, stored } = audit;
  assert.deepEqual({ missing, duplicate, problems }, noProblem);
  assert.equal(stored, events.length);
}

/** Gives what `look` gives, once that is something. */
async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) assert.fail(`not in ${patienceMs} ms: ${what}`);
    await sleep(20);
  }
}
