import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { RetryMemory } from './retry-memory.ts';

const keys = fc.oneof(
  fc.uuid(),
  fc.string(),
  fc.nat(40).map((n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`),
);

describe('RetryMemory', () => {
  it('is a map as long as nothing has to go', () => {
    const actions = fc.array(fc.tuple(keys, fc.boolean()), { maxLength: 200 });
    fc.assert(
      fc.property(actions, (plan) => {
        const memory = new RetryMemory(200);
        const model = new Map<string, number>();
        for (const [sequence, [key, isForgotten]] of plan.entries()) {
          if (isForgotten) memory.forget([key]);
          else memory.remember(key, sequence);
          if (isForgotten) model.delete(key);
          else model.set(key, sequence);
          assert.equal(memory.sequenceOf(key), model.get(key));
        }
        for (const [key] of plan) assert.equal(memory.sequenceOf(key), model.get(key));
      }),
    );
  });

  it('remembers the last keysPerGeneration keys, and twice as many at most', () => {
    const memory = new RetryMemory(1000);
    const sent = Array.from({ length: 5000 }, () => randomUUID());
    sent.forEach((key, sequence) => memory.remember(key, sequence));
    const known = sent.map((key) => memory.sequenceOf(key) !== undefined);
    assert.ok(known.slice(-1000).every(Boolean));
    assert.ok(known.filter(Boolean).length <= memory.capacity);
  });

  it('hands its keys on to the next process', () => {
    const memory = new RetryMemory(1000);
    const sent = ['no uuid', ...Array.from({ length: 99 }, () => randomUUID())];
    sent.forEach((key, sequence) => memory.remember(key, sequence));
    const next = new RetryMemory(1000);
    const prints = memory.fingerprintsBetween(0, 49);
    assert.equal(prints.length, 50 * 16);
    next.restore(prints);
    sent.forEach((key, index) => assert.equal(next.sequenceOf(key), index < 50 ? 0 : undefined));
    assert.equal(next.sequenceOf(sent[3]?.toUpperCase() ?? ''), 0);
  });
});
