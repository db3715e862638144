import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { createMemoryDatastore } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import { manifestName, parseManifest } from '@gleaner/protocol';
import { ForgetfulFiles, createFaultyDatastore, scriptedFaults } from '@gleaner/testkit';

import type { AdmittedRecord } from '../flow.ts';
import { openSpool } from '../spool/open.ts';
import type { Spool } from '../spool/spool.ts';
import { openCheckpoint } from './checkpoint.ts';
import { Shipper } from './shipper.ts';

const hour = 1_700_000_000;
const folder = 'data/rows/2023/11/14/22';

describe('ship, where the store keeps whole objects', { concurrency: true }, () => {
  it('waits for company, and then puts one object for each window, named by its first record', async () => {
    const clock = { nowMs: 0 };
    await using system = await start({ clock });
    await system.append(1, hour);
    await system.append(2, hour + 3600);
    await system.append(3, hour);
    await system.idle();
    assert.deepEqual(await objects(system.store), []);
    clock.nowMs = 300_000;
    await system.until(async () => (await objects(system.store)).length === 2);
    const { instance } = system.spool;
    assert.deepEqual(await objects(system.store), [
      [`${folder}/${instance}-000000000001.jsonl`, 'line 1\nline 3\n'],
      [`data/rows/2023/11/14/23/${instance}-000000000002.jsonl`, 'line 2\n'],
    ]);
  });

  it('waits no longer than for lines of the largest size', async () => {
    await using system = await start({ objectBytes: 14 });
    await system.append(1, hour);
    await system.idle();
    assert.equal((await objects(system.store)).length, 0);
    await system.append(2, hour);
    await system.until(async () => (await objects(system.store)).length === 1);
  });

  it('gathers what has piled up before it looks how old it is', async () => {
    const files = new ForgetfulFiles();
    const inner = createMemoryDatastore({ writes: 'object' });
    {
      await using away = await start({ files, inner, plan: () => ({ kind: 'refuse' }) });
      // Several readings of the spool.
      for (let number = 1; number <= 500; number++) await away.append(number, hour);
    }
    await using system = await start({ files, inner, clock: { nowMs: 300_000 } });
    await system.until(async () => (await objects(inner)).length > 0);
    assert.equal((await objects(inner))[0]?.[1].split('\n').length, 501);
  });

  it('lists the objects of a window in its manifest', async () => {
    await using system = await start({ objectBytes: 1 });
    for (const number of [1, 2, 3]) {
      await system.append(number, hour);
      await system.until(async () => (await objects(system.store)).length === number);
    }
    assert.ok(await system.drain());
    const manifest = parseManifest(
      await text(system.store, `${folder}/${manifestName(system.spool.instance)}`),
    );
    const names = ['01', '02', '03'].map((end) => `${system.spool.instance}-0000000000${end}.jsonl`);
    assert.deepEqual(
      manifest.files,
      names.map((name) => ({ name, lines: 1, bytes: 7 })),
    );
    assert.deepEqual([manifest.lines, manifest.firstSequence, manifest.lastSequence], [3, 1, 3]);
  });

  it('is not harmed by a put of a killed process that the store applies at last', async () => {
    const late = Promise.withResolvers<void>();
    const files = new ForgetfulFiles();
    const inner = createMemoryDatastore({ writes: 'object' });
    const dead = await start({
      files,
      inner,
      objectBytes: 1,
      plan: scriptedFaults({ put: [{ kind: 'late', until: late.promise }, { kind: 'hang' }] }),
    });
    await dead.append(1, hour);
    await dead.idle();
    files.kill();
    await dead[Symbol.asyncDispose]();
    await using next = await start({ files, inner });
    await next.append(2, hour);
    assert.ok(await next.drain());
    late.resolve();
    await next.idle();
    const lines = (await objects(inner)).map(([, content]) => content).join('');
    assert.equal(lines, 'line 1\nline 2\n');
  });
});

interface System extends AsyncDisposable {
  spool: Spool;
  store: Datastore;
  append(number: number, time: number): Promise<void>;
  /** Long enough for ship to have looked several times. */
  idle(): Promise<void>;
  until(isReached: () => Promise<boolean>): Promise<void>;
  drain(): Promise<boolean>;
}

interface SystemOptions {
  clock?: { nowMs: number };
  files?: ForgetfulFiles;
  inner?: Datastore;
  objectBytes?: number;
  plan?: ReturnType<typeof scriptedFaults>;
}

async function start(options: SystemOptions): Promise<System> {
  const { clock = { nowMs: 0 }, inner = createMemoryDatastore({ writes: 'object' }) } = options;
  const files = (options.files ?? new ForgetfulFiles()).startProcess();
  const store = options.plan === undefined ? inner : createFaultyDatastore(inner, { plan: options.plan });
  const events = new Proxy({}, { get: () => () => undefined }) as Parameters<typeof openSpool>[0]['events'] &
    ConstructorParameters<typeof Shipper>[0]['events'];
  const checkpoint = await openCheckpoint(files, { folder: '/spool', datastore: 'store' });
  const spool = await openSpool({
    folder: '/spool',
    acknowledge: 'durable',
    maxBytes: 2 ** 26,
    afterSequence: checkpoint.loaded.cut,
    files,
    lock: () => ({ release: () => undefined }),
    now: () => clock.nowMs,
    events,
  });
  const shipper = new Shipper({
    source: spool.openSource(checkpoint.loaded.cut),
    datastore: store,
    name: 'store',
    instance: spool.instance,
    checkpoint,
    flushIntervalMs: 300_000,
    maxBatchBytes: 4096,
    objectBytes: options.objectBytes ?? 2 ** 20,
    sealGraceMs: 3_600_000,
    mergeWindowMs: 0,
    callTimeoutMs: 30_000,
    retryDelayMs: { least: 1, most: 1 },
    now: () => clock.nowMs,
    events,
  });
  shipper.start();
  return {
    spool,
    store: inner,
    async append(number, time) {
      const kinds = await new Promise((resolve) =>
        spool.append(record(`line ${number}\n`, time), ({ kind }) => resolve(kind)),
      );
      assert.equal(kinds, 'accepted');
    },
    idle: () => sleep(1200),
    async until(isReached) {
      while (!(await isReached())) await sleep(5);
    },
    drain: () => shipper.drain(AbortSignal.timeout(5000)),
    async [Symbol.asyncDispose]() {
      await shipper[Symbol.asyncDispose]();
      await spool[Symbol.asyncDispose]();
    },
  };
}

function record(line: string, time: number): AdmittedRecord {
  return {
    destination: { collection: 'rows', datastore: 'store', path: 'data/rows', rollingRate: 'hour' },
    time,
    arrivalMs: 0,
    retryKey: randomUUID(),
    line: { kind: 'whole', text: line },
    payload: undefined,
  };
}

async function objects(store: Datastore): Promise<[string, string][]> {
  const found = (await Array.fromAsync(store.list(''))).filter(({ path }) => path.endsWith('.jsonl'));
  return Promise.all(found.map(async ({ path }) => [path, await text(store, path)]));
}

async function text(store: Datastore, path: string): Promise<string> {
  return Buffer.concat(await Array.fromAsync(store.read(path))).toString();
}
