/** One collector after another on the same spool, a store that fails at random, and the count at the end. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Collector } from '@gleaner/collector';
import { openDatastore } from '@gleaner/datastore';
import type { Datastore, DatastoreConfig } from '@gleaner/datastore';
import { randomHttpFaults, seededRandom, startFaultProxy } from '@gleaner/testkit';
import type { FaultProxy, HttpFaultPlan } from '@gleaner/testkit';

import { auditStore } from './audit.ts';
import type { Audit } from './audit.ts';
import { drainTimeoutMs, sendAll, startCollectorOn, writeCollectorFile } from './collector.ts';
import { createEvents } from './events.ts';
import type { StoreEvent } from './events.ts';
import type { StoreServer } from './servers.ts';

export interface FaultRun {
  server: StoreServer;
  records: number;
  seed: number;
  /** Empty. */
  folder: string;
}

export interface FaultRunResult extends Audit {
  acknowledged: number;
  /** Requests that something was done to. */
  faults: FaultProxy['counts'];
  /** Calls to the store that failed and were made again, by the next collector where a restart cut them short. */
  retries: number;
  /** Restarts that left something in the spool. */
  interruptedDrains: number;
  seconds: number;
}

const lives = 8;
/** Of faults, before it has a sound store. */
const lastLifeMs = 4000;
/** Between its last record and its drain: mostly nothing, so that the drain falls into a round rather than into the sealing. */
const lingerMs = (random: () => number): number => (random() < 0.7 ? 0 : 4000 * random());

const odds = {
  'cut before': 0.03,
  tear: 0.05,
  'lose answer': 0.08,
  'hold answer': 0.003,
  'apply late': 0.003,
  fail: 0.03,
  refuse: 0.03,
};

export async function runThroughFaults(run: FaultRun): Promise<FaultRunResult> {
  const startMs = performance.now();
  const { server, folder } = run;
  const random = seededRandom(run.seed);
  const place = await server.makePlace();
  await using proxy = await startFaultProxy({
    target: server.endpoint,
    service: server.service,
    plan: within(randomHttpFaults(random, odds)),
  });
  const { endpoint } = proxy;
  const collectorFile = await writeCollectorFile({ folder, place, endpoint });
  const events = createEvents(run.records, random);
  const calls = { failed: 0 };
  const start = () =>
    startCollectorOn(collectorFile, async (config) => countFailures(await openStore(config), calls));
  let unsent: StoreEvent[] = [];
  let interruptedDrains = 0;
  for (let life = 1; life <= lives; life++) {
    await using collector = await start();
    const share = events.slice(((life - 1) * run.records) / lives, (life * run.records) / lives);
    unsent = await sendAll(collector.intakePort, [...unsent, ...share], { pauseMs: 4, random });
    await sleep(life < lives ? lingerMs(random) : lastLifeMs);
    if (life < lives) {
      if (!(await drained(collector, 20 + Math.floor(random() * 500)))) interruptedDrains++;
      continue;
    }
    // The last one goes on where its faults have left it.
    proxy.calm();
    unsent = await sendAll(collector.intakePort, unsent);
    if (!(await drained(collector, drainTimeoutMs))) throw new Error('the drain at the end did not end');
  }
  await proxy[Symbol.asyncDispose]();
  return {
    ...(await auditStore({ place, endpoint, events })),
    acknowledged: events.filter(({ isAcknowledged }) => isAcknowledged).length,
    faults: proxy.counts,
    retries: calls.failed,
    interruptedDrains,
    seconds: (performance.now() - startMs) / 1000,
  };
}

const openStore = (config: DatastoreConfig): Promise<Datastore> => openDatastore(config);

async function drained(collector: Collector, timeoutMs: number): Promise<boolean> {
  return (await collector.drain(AbortSignal.timeout(timeoutMs))).complete;
}

/**
 * What the run is about. A store that refuses for good when the collector starts ends it: that is another test's. Manifests
 * replace one another, and the last one applied counts: one that is applied late may be an older one.
 */
function within(plan: HttpFaultPlan): HttpFaultPlan {
  return (request) => {
    const fault = plan(request);
    if (request.path.includes('_gleaner-probe-')) return undefined;
    return fault?.kind === 'apply late' && request.path.includes('.manifest.json') ? undefined : fault;
  };
}

/** The store itself; its calls that fail are counted. */
function countFailures(store: Datastore, calls: { failed: number }): Datastore {
  const fail = (error: unknown): never => {
    calls.failed++;
    throw error;
  };
  async function* each<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* source;
    } catch (error) {
      fail(error);
    }
  }
  return {
    writes: store.writes,
    length: (path, options) => store.length(path, options).catch(fail),
    append: (path, piece, options) => store.append(path, piece, options).catch(fail),
    put: (path, body, options) => store.put(path, body, options).catch(fail),
    read: (path, range, options) => each(store.read(path, range, options)),
    list: (prefix, options) => each(store.list(prefix, options)),
    seal: (path, options) => store.seal(path, options).catch(fail),
    delete: (path, options) => store.delete(path, options).catch(fail),
    url: (path) => store.url(path),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
