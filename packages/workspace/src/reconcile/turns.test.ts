import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createTurns } from './turns.ts';

describe('createTurns', () => {
  it('lets one work after the other, whether it failed or not, and others beside it', async () => {
    const turns = createTurns();
    const seen: string[] = [];
    const gate = Promise.withResolvers<undefined>();
    const first = turns.take('a', async () => {
      await gate.promise;
      seen.push('a1');
      throw new Error('no');
    });
    const second = turns.take('a', async () => {
      seen.push('a2');
    });
    await turns.take('b', async () => {
      seen.push('b');
    });
    gate.resolve(undefined);
    await assert.rejects(first, /no/);
    await second;
    assert.deepEqual(seen, ['b', 'a1', 'a2']);
  });

  it('lets what is first end the wait of all before it, and what comes later wait', async () => {
    const turns = createTurns();
    const seen: string[] = [];
    let given: AbortSignal | undefined;
    const started = Promise.withResolvers<void>();
    const stuck = turns.take('a', async (signal) => {
      given = signal;
      started.resolve();
      await new Promise(() => undefined);
    });
    const queued = turns.take('a', async () => {
      seen.push('queued');
    });
    await started.promise;
    const first = turns.take(
      'a',
      async () => {
        await new Promise((resolve) => setImmediate(resolve));
        seen.push('first');
      },
      { first: true },
    );
    assert.equal(given?.aborted, true);
    const later = turns.take('a', async () => {
      seen.push('later');
    });
    await assert.rejects(stuck, { code: 'resource_busy' });
    await assert.rejects(queued, { code: 'resource_busy' });
    await Promise.all([first, later]);
    assert.deepEqual(seen, ['first', 'later']);
  });
});
