import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createEventIds } from './event-ids.ts';

describe('createEventIds', () => {
  it('counts every repeat once, however small the table', () => {
    const events = fc.array(fc.tuple(fc.constantFrom('/s', '/t'), fc.nat(300)), { maxLength: 1000 });
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 200 }), (events, maxEntries) => {
        const ids = createEventIds({ maxEntries });
        const repeats = new Set<number>();
        do {
          events.forEach(([source, id], index) => {
            if (ids.seenBefore(source, `${id}`)) repeats.add(index);
          });
        } while (ids.nextPart());
        const known = new Set<string>();
        const expected = events.flatMap(([source, id], index) => {
          const repeated = known.has(`${source} ${id}`);
          known.add(`${source} ${id}`);
          return repeated ? [index] : [];
        });
        assert.equal(ids.repeated, expected.length);
        assert.deepEqual(
          [...repeats].sort((a, b) => a - b),
          expected,
        );
      }),
    );
  });

  it('keeps going when there are more events than all parts have room for', () => {
    const ids = createEventIds({ maxEntries: 1 });
    let rounds = 0;
    do {
      for (let id = 0; id < 1500; id++) ids.seenBefore('/s', `${id % 1000}`);
      rounds++;
    } while (ids.nextPart());
    assert.equal(ids.repeated, 500);
    assert.ok(rounds <= 256);
  });
});
