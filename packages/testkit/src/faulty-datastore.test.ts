import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createMemoryDatastore, openFolderDatastore } from '@gleaner/datastore';
import { datastoreContract, failsWith, textOf } from '@gleaner/datastore/contract';
import { randomFaults, scriptedFaults } from './fault-plans.ts';
import type { FaultPlan } from './fault-plans.ts';
import { createFaultyDatastore } from './faulty-datastore.ts';
import { seededRandom } from './seeded-random.ts';

const base = await mkdtemp(join(tmpdir(), 'gleaner-faulty-'));
after(() => rm(base, { recursive: true }));

datastoreContract('a faulty store without faults', async () =>
  createFaultyDatastore(createMemoryDatastore()),
);
datastoreContract('a faulty store of whole objects without faults', async () =>
  createFaultyDatastore(createMemoryDatastore({ writes: 'object' })),
);
datastoreContract('a faulty folder store without faults', async () =>
  createFaultyDatastore(await openFolderDatastore(await mkdtemp(join(base, 'root-')))),
);

const bytes = Buffer.from('0123456789');
const faulty = (plan: FaultPlan) => createFaultyDatastore(createMemoryDatastore(), { plan });

describe('createFaultyDatastore', () => {
  it('refuses a call and does nothing', async () => {
    await using store = faulty(
      scriptedFaults({ append: [{ kind: 'refuse', code: 'store_full' }], put: [{ kind: 'refuse' }] }),
    );
    await failsWith('store_full', store.append('a', { offset: 0, bytes }));
    await failsWith('store_unreachable', store.put('a', bytes));
    assert.equal(await store.length('a'), undefined);
    await store.append('a', { offset: 0, bytes });
    assert.equal(await store.length('a'), 10);
  });

  it('tears a piece, what is read and what is listed', async () => {
    const tear = { kind: 'tear', kept: 4 } as const;
    await using store = faulty(
      scriptedFaults({ append: [tear], put: [tear], read: [tear], list: [{ ...tear, kept: 1 }] }),
    );
    await failsWith('store_unreachable', store.append('a', { offset: 0, bytes }));
    assert.equal(await store.length('a'), 4);
    await store.append('a', { offset: 4, bytes: bytes.subarray(4) });
    await failsWith('store_unreachable', store.put('b', bytes));
    assert.equal(await store.length('b'), undefined);
    await store.put('b', bytes);

    const given: unknown[] = [];
    const keep = async (source: AsyncIterable<unknown>) => {
      for await (const item of source) given.push(item);
    };
    await failsWith('store_unreachable', keep(store.read('a')));
    await failsWith('store_unreachable', keep(store.list('')));
    assert.deepEqual(given, [Uint8Array.from(Buffer.from('0123')), { path: 'a', byteLength: 10 }]);
    assert.equal(await textOf(store, 'a'), '0123456789');
  });

  it('does as it was told and loses the answer', async () => {
    const lost = { kind: 'lose answer', code: 'store_timeout' } as const;
    await using store = faulty(scriptedFaults({ append: [lost], put: [lost], delete: [lost] }));
    await failsWith('store_timeout', store.append('a', { offset: 0, bytes }));
    assert.equal(await textOf(store, 'a'), '0123456789');
    await failsWith('store_timeout', store.put('a', Buffer.from('put')));
    assert.equal(await textOf(store, 'a'), 'put');
    await failsWith('store_timeout', store.delete('a'));
    assert.equal(await store.length('a'), undefined);
  });

  it('hangs until it is let go, or the caller gives up', async () => {
    const gate = Promise.withResolvers<void>();
    await using store = faulty(
      scriptedFaults({ put: [{ kind: 'hang', until: gate.promise }, { kind: 'hang' }] }),
    );
    const first = store.put('a', bytes);
    const giving = new AbortController();
    const second = store.put('a', Buffer.from('never'), giving);
    assert.equal(await store.length('a'), undefined);
    gate.resolve();
    await first;
    const reason = new Error('enough');
    giving.abort(reason);
    assert.equal((await failsWith('store_timeout', second)).cause, reason);
    assert.equal(await textOf(store, 'a'), '0123456789');
  });

  it('writes late what it said had failed', async () => {
    const gate = Promise.withResolvers<void>();
    await using store = faulty(scriptedFaults({ append: [{ kind: 'late', until: gate.promise }] }));
    await failsWith('store_timeout', store.append('a', { offset: 0, bytes }));
    assert.equal(await store.length('a'), undefined);
    gate.resolve();
    await gate.promise;
    await failsWith('store_conflict', store.append('a', { offset: 0, bytes }));
    assert.equal(await store.length('a'), 10);
  });

  it('is switched while it runs', async () => {
    const delaysMs: number[] = [];
    const sleep = async (delayMs: number) => delaysMs.push(delayMs);
    await using store = createFaultyDatastore(createMemoryDatastore(), { sleep });
    await store.put('a', bytes);
    store.down();
    await failsWith('store_unreachable', store.length('a'));
    await failsWith('store_unreachable', textOf(store, 'a'));
    store.full();
    await failsWith('store_full', store.append('a', { offset: 10, bytes }));
    await failsWith('store_full', store.put('a', bytes));
    assert.equal(await textOf(store, 'a'), '0123456789');
    store.denied();
    await failsWith('store_permission_denied', store.delete('a'));
    assert.equal(await store.length('a'), 10);
    store.slow(50);
    await store.delete('a');
    assert.deepEqual(delaysMs, [50]);
    store.up();
    assert.equal(await store.length('a'), undefined);
    assert.deepEqual(delaysMs, [50]);
  });
});

describe('randomFaults', () => {
  it('does the same for the same seed, about as often as asked', () => {
    const odds = { refuse: 0.1, tear: 0.2, 'lose answer': 0.1 };
    const drawn = (seed: number) => {
      const plan = randomFaults(seededRandom(seed), odds);
      return Array.from({ length: 1000 }, () => plan({ method: 'append', path: 'a', byteLength: 10 }));
    };
    assert.deepEqual(drawn(1), drawn(1));
    assert.notDeepEqual(drawn(1), drawn(2));
    const counts = Object.groupBy(drawn(1), (fault) => fault?.kind ?? 'none');
    assert.deepEqual(Object.keys(counts).sort(), ['lose answer', 'none', 'refuse', 'tear']);
    assert.ok(Math.abs((counts['none']?.length ?? 0) - 600) < 60);
    const kept = new Set(counts.tear?.map((fault) => fault?.kind === 'tear' && fault.kept));
    assert.equal(kept.size, 11);
  });
});
