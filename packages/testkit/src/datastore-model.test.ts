import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createMemoryDatastore, DatastoreError, openFolderDatastore } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import fc from 'fast-check';
import { randomFaults } from './fault-plans.ts';
import { createFaultyDatastore } from './faulty-datastore.ts';
import type { FaultyDatastore } from './faulty-datastore.ts';
import { seededRandom } from './seeded-random.ts';

const base = await mkdtemp(join(tmpdir(), 'gleaner-model-'));
after(() => rm(base, { recursive: true }));

describe('the folder store', () => {
  it('is the memory store to whoever uses it, faults, resumption and restarts included', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 30 }), fc.integer(), async (sequence, seed) => {
        const root = await mkdtemp(join(base, 'root-'));
        const open = async () => {
          const plan = randomFaults(seededRandom(seed), {
            refuse: 0.1,
            tear: 0.3,
            'lose answer': 0.15,
            late: 0.1,
          });
          const folder = await openFolderDatastore(root);
          return { folder, faulty: createFaultyDatastore(folder, { plan }) };
        };
        await fc.asyncModelRun(
          async () => ({ model: createMemoryDatastore(), real: { open, ...(await open()) } }),
          sequence,
        );
      }),
      { numRuns: 100 },
    );
  });
});

interface Real {
  open: () => Promise<Pick<Real, 'folder' | 'faulty'>>;
  folder: Datastore;
  faulty: FaultyDatastore;
}

type Command = fc.AsyncCommand<Datastore, Real>;

/** Does the same to both stores, which must give the same or fail alike. */
function alike(name: string, work: (store: Datastore) => Promise<unknown>): Command {
  return {
    check: () => true,
    run: async (memory, { folder }) =>
      assert.deepEqual(await outcome(work(folder)), await outcome(work(memory))),
    toString: () => name,
  };
}

function outcome(work: Promise<unknown>): Promise<unknown> {
  return work.catch((error: unknown) => {
    if (error instanceof DatastoreError) return { code: error.code };
    throw error;
  });
}

/** Brings `bytes` to the end of an object as a shipper does: after a failure it asks for the length and goes on from there. */
async function ship(store: Datastore, path: string, bytes: Uint8Array): Promise<void> {
  const start = await insist(() => store.length(path));
  for (let offset = start ?? 0; ;) {
    const done = offset - (start ?? 0);
    const piece = { offset, bytes: bytes.subarray(done, done + 7) };
    const failure = await store.append(path, piece).catch((error: unknown) => error);
    if (failure !== undefined && !(failure instanceof DatastoreError)) throw failure;
    offset =
      failure === undefined
        ? offset + piece.bytes.byteLength
        : ((await insist(() => store.length(path))) ?? 0);
    if (offset === (start ?? 0) + bytes.byteLength && (bytes.byteLength > 0 || failure === undefined)) return;
  }
}

/** A result, however often it takes. */
async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DatastoreError && error.retryable)) throw error;
    }
  }
}

const path = fc.constantFrom('a/b', 'a/c/d', 'a/c/e', 'a-b', 'z');
const content = fc.uint8Array({ maxLength: 40 });
const drift = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }) },
);
const bound = fc.nat({ max: 60 });

const commands: fc.Arbitrary<Command>[] = [
  fc.tuple(path, content, drift).map(([path, bytes, drift]) =>
    alike(`append ${bytes.byteLength} to ${path} at end + ${drift}`, async (store) => {
      const offset = Math.max(0, ((await store.length(path)) ?? 0) + drift);
      await store.append(path, { offset, bytes });
    }),
  ),
  fc
    .tuple(path, content)
    .map(([path, bytes]) => alike(`put ${bytes.byteLength} as ${path}`, (store) => store.put(path, bytes))),
  path.map((path) => alike(`delete ${path}`, (store) => store.delete(path))),
  path.map((path) => alike(`length of ${path}`, (store) => store.length(path))),
  fc
    .tuple(path, bound, bound)
    .map(([path, start, end]) =>
      alike(`read ${path} from ${start} to ${end}`, async (store) =>
        Buffer.concat(await Array.fromAsync(store.read(path, { start, end }))),
      ),
    ),
  fc
    .constantFrom('', 'a', 'a/', 'a/c', 'a/c/')
    .map((prefix) => alike(`list ${prefix}`, (store) => Array.fromAsync(store.list(prefix)))),
  fc.tuple(path, content).map(([path, bytes]) => ({
    check: () => true,
    run: async (memory, { faulty }) => {
      await ship(memory, path, bytes);
      await ship(faulty, path, bytes);
    },
    toString: () => `ship ${bytes.byteLength} to ${path}`,
  })),
  fc.constant({
    check: () => true,
    run: async (_memory, real) => {
      await real.faulty[Symbol.asyncDispose]();
      Object.assign(real, await real.open());
    },
    toString: () => 'restart',
  }),
];
