/**
 * The promise of the collector, by property: whatever is killed or loses its power, and whatever the store does, every
 * acknowledged record is stored once. The disk is a layer that forgets what was not synced.
 */
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';

import { createMemoryDatastore } from '@gleaner/datastore';
import type { Datastore, MemoryDatastoreOptions } from '@gleaner/datastore';
import { manifestName, parseManifest, scanJson } from '@gleaner/protocol';
import { ForgetfulFiles, createFaultyDatastore, randomFaults, seededRandom } from '@gleaner/testkit';
import type { FaultyDatastore } from '@gleaner/testkit';
import fc from 'fast-check';

import type { AdmittedRecord, Destination } from './flow.ts';
import { openCheckpoint } from './ship/checkpoint.ts';
import { Shipper } from './ship/shipper.ts';
import { openSpool } from './spool/open.ts';
import type { Acknowledgement, Spool } from './spool/spool.ts';

type Step =
  | { kind: 'send'; count: number; large: boolean }
  | { kind: 'wait'; turns: number }
  | { kind: 'kill' }
  | { kind: 'cut power' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('send' as const),
        count: fc.integer({ min: 1, max: 30 }),
        large: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), turns: fc.integer({ min: 0, max: 60 }) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut power' as const) }) },
  ),
  { minLength: 4, maxLength: 25 },
);

interface Outcome {
  missing: number;
  duplicate: number;
  broken: number;
  unproven: number;
}

const none: Outcome = { missing: 0, duplicate: 0, broken: 0, unproven: 0 };

describe('a collector that is killed', () => {
  it('loses nothing it acknowledged and stores nothing twice', async () => {
    await holds({ acknowledge: 'written', kinds: ['kill'], mergeWindowMs: 0 });
  });

  it('keeps that promise when calls share lines', async () => {
    await holds({ acknowledge: 'written', kinds: ['kill'], mergeWindowMs: 5 });
  });

  it('keeps that promise when every start has another setting for that', async () => {
    await holds({ acknowledge: 'written', kinds: ['kill'], mergeWindowMs: 'changing' });
  });

  it('keeps that promise where the store keeps whole objects', async () => {
    await holds({ acknowledge: 'written', kinds: ['kill'], mergeWindowMs: 0, store: { writes: 'object' } });
    await holds({ acknowledge: 'written', kinds: ['kill'], mergeWindowMs: 5, store: { writes: 'object' } });
  });
});

describe('a collector whose files take no more after some appends, or once they are sealed', () => {
  it('goes on in the next file, loses nothing and stores nothing twice', async () => {
    const store = { appendsPerObject: 3 };
    await holds({ acknowledge: 'written', kinds: ['kill'], mergeWindowMs: 0, store });
  });
});

describe('a machine that loses its power', () => {
  it('loses nothing acknowledged as durable and stores nothing twice', async () => {
    await holds({ acknowledge: 'durable', kinds: ['kill', 'cut power'], mergeWindowMs: 0 });
  });

  it('loses nothing acknowledged as durable where the store keeps whole objects', async () => {
    const kinds: Step['kind'][] = ['kill', 'cut power'];
    await holds({ acknowledge: 'durable', kinds, mergeWindowMs: 0, store: { writes: 'object' } });
  });

  it('stores nothing twice when records were acknowledged as written', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(), async (plan, seed) => {
        const outcome = await live(plan, {
          seed,
          acknowledge: 'written',
          files: new ForgetfulFiles(),
          mergeWindowMs: 0,
        });
        assert.deepEqual({ ...outcome, missing: 0 }, none);
      }),
      { numRuns: 20 },
    );
  });

  it('loses records on a disk that lies about its syncs', async () => {
    const plan: Step[] = [
      { kind: 'send', count: 20, large: false },
      { kind: 'wait', turns: 30 },
      { kind: 'cut power' },
    ];
    const files = new ForgetfulFiles({ syncs: false });
    const outcome = await live(plan, { seed: 1, acknowledge: 'durable', files, mergeWindowMs: 0 });
    assert.ok(outcome.missing > 0);
  });
});

async function holds(options: {
  acknowledge: Acknowledgement;
  kinds: Step['kind'][];
  /** `changing`: another one for each process. */
  mergeWindowMs: number | 'changing';
  store?: MemoryDatastoreOptions;
}): Promise<void> {
  const { kinds, ...rest } = options;
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(), async (plan, seed) => {
      const allowed = plan.filter((step) => ['send', 'wait', ...kinds].includes(step.kind));
      const files = new ForgetfulFiles();
      assert.deepEqual(await live(allowed, { ...rest, seed, files }), none);
    }),
    { numRuns: options.store === undefined ? 100 : 40 },
  );
}

interface LifeOptions {
  seed: number;
  acknowledge: Acknowledgement;
  files: ForgetfulFiles;
  /** `changing`: another one for each process. */
  mergeWindowMs: number | 'changing';
  store?: MemoryDatastoreOptions;
}

interface Process {
  spool: Spool;
  shipper: Shipper;
  store: FaultyDatastore;
}

/** Lives through the plan, ends with a quiet drain, and counts. */
async function live(plan: readonly Step[], options: LifeOptions): Promise<Outcome> {
  const { files } = options;
  const random = seededRandom(options.seed);
  const inner = createMemoryDatastore(options.store);
  const acknowledged = new Set<string>();
  const sent: AdmittedRecord[] = [];
  let unanswered: AdmittedRecord[] = [];
  let process = await start(inner, { ...options, random });
  const send = (record: AdmittedRecord): void => {
    sent.push(record);
    unanswered.push(record);
    const { spool } = process;
    spool.append(record, ({ kind }) => {
      if (kind === 'accepted' && spool === process.spool) {
        acknowledged.add(String(record.retryKey));
        unanswered = unanswered.filter((one) => one !== record);
      }
    });
  };
  for (const step of plan) {
    switch (step.kind) {
      case 'send':
        for (let i = 0; i < step.count; i++) {
          const isLarge = step.large && i % 8 === 0;
          // An answer may be lost on the way, in this life or an earlier one: its sender sends again.
          const earlier = random() < 0.2 ? sent.at(-Math.ceil(random() * 40)) : undefined;
          send(earlier ?? makeRecord(random, isLarge));
        }
        break;
      case 'wait':
        for (let turn = 0; turn < step.turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        break;
      case 'kill':
      case 'cut power': {
        const dead = process;
        if (step.kind === 'cut power') files.cutPower(random);
        else files.kill();
        dead.store.down();
        const again = unanswered;
        unanswered = [];
        process = await start(inner, { ...options, random });
        await dead.shipper[Symbol.asyncDispose]();
        await dead.spool[Symbol.asyncDispose]();
        again.forEach(send);
        break;
      }
    }
  }
  process.store.up();
  await process.spool.stopAccepting();
  assert.ok(await process.shipper.drain(AbortSignal.timeout(20_000)));
  await process.spool[Symbol.asyncDispose]();
  return count(inner, acknowledged);
}

async function start(inner: Datastore, options: LifeOptions & { random: () => number }): Promise<Process> {
  const { random, acknowledge, mergeWindowMs } = options;
  const files = options.files.startProcess();
  const quiet = new Proxy({}, { get: () => () => undefined }) as Parameters<typeof openSpool>[0]['events'] &
    ConstructorParameters<typeof Shipper>[0]['events'];
  const store = createFaultyDatastore(inner, {
    // Where objects close, the store applies an append whole or not at all.
    plan: randomFaults(random, {
      refuse: 0.05,
      tear: options.store?.appendsPerObject === undefined ? 0.1 : 0,
      'lose answer': 0.1,
      late: 0.05,
    }),
  });
  const folder = '/spool';
  const checkpoint = await openCheckpoint(files, { folder, datastore: 'store' });
  const spool = await openSpool({
    folder,
    acknowledge,
    maxBytes: 64 * 1024 * 1024,
    segmentBytes: 8 * 1024,
    afterSequence: checkpoint.loaded.cut,
    files,
    lock: () => ({ release: () => undefined }),
    events: quiet,
  });
  const shipper = new Shipper({
    source: spool.openSource(checkpoint.loaded.cut),
    datastore: store,
    name: 'store',
    instance: spool.instance,
    checkpoint,
    flushIntervalMs: 1,
    maxBatchBytes: 4 * 1024,
    objectBytes: 8 * 1024,
    sealGraceMs: 0,
    mergeWindowMs: mergeWindowMs === 'changing' ? Math.floor(random() * 3) * 3 : mergeWindowMs,
    callTimeoutMs: 1000,
    retryDelayMs: { least: 0.1, most: 1 },
    now: Date.now,
    events: quiet,
  });
  shipper.start();
  return { spool, shipper, store };
}

const destinations: Destination[] = (['hour', 'day'] as const).map((rollingRate, index) => ({
  collection: `c${index}`,
  datastore: 'store',
  path: `data/c${index}`,
  rollingRate,
}));

function makeRecord(random: () => number, withPayload: boolean): AdmittedRecord {
  const id = randomUUID();
  const rows = `[{"id":"${id}","filler":"${randomBytes(Math.floor(random() * 300)).toString('hex')}"}]`;
  const body = Buffer.from(rows);
  const correlation = `r${Math.floor(random() * 5)}`;
  const common = {
    destination: destinations[Math.floor(random() * destinations.length)] ?? assert.fail(),
    time: 1_700_000_000 + Math.floor(random() * 3) * 3600,
    arrivalMs: Date.now(),
    retryKey: id,
  };
  if (withPayload) {
    const text = `{"id":"${id}","dataref":"${id}.json","correlationid":"${correlation}"}\n`;
    const payload = { name: `${id}.json`, body: { kind: 'memory', bytes: body } as const };
    return { ...common, line: { kind: 'whole', text }, payload };
  }
  const tail = `,"contentrange":"bytes 0-${body.length - 1}/${body.length}","correlationid":"${correlation}"}\n`;
  const line = { kind: 'around', head: `{"id":"${id}","data":`, tail, body, scan: scanJson(body) } as const;
  return { ...common, line, payload: undefined };
}

async function count(store: Datastore, acknowledged: ReadonlySet<string>): Promise<Outcome> {
  const found = new Map<string, number>();
  const outcome = { ...none };
  for await (const { path, byteLength } of store.list('')) {
    if (!path.endsWith('.jsonl')) continue;
    const text = await read(store, path);
    for (const line of text.split('\n').slice(0, -1)) {
      try {
        const record = JSON.parse(line) as { id: string; data?: { id: string }[] };
        for (const id of record.data?.map((row) => row.id) ?? [record.id])
          found.set(id, (found.get(id) ?? 0) + 1);
      } catch {
        outcome.broken++;
      }
    }
    const [folder, name] = [path.slice(0, path.lastIndexOf('/') + 1), path.slice(path.lastIndexOf('/') + 1)];
    const manifest = parseManifest(await read(store, folder + manifestName(name.slice(0, 38))));
    const file = manifest.files.find((one) => one.name === name);
    if (file?.bytes !== byteLength || file.lines !== text.split('\n').length - 1) outcome.unproven++;
  }
  for (const id of acknowledged) if (!found.has(id)) outcome.missing++;
  for (const times of found.values()) outcome.duplicate += times - 1;
  return outcome;
}

async function read(store: Datastore, path: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.read(path)) pieces.push(piece);
  return Buffer.concat(pieces).toString('utf8');
}
