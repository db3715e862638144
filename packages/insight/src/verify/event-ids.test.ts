import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createEventIds } from './event-ids.ts';

describe('createEventIds', () => {
  it('counts every repeat once, however small the table', () => {
    const events = fc.array(fc.tuple(fc.constantFrom('/s', '/t'), fc.nat(150)), {
      maxLength: 400,
      size: 'max',
    });
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 100 }), (events, maxEntries) => {
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

  for (const [maxEntries, rounds] of [
    [2000, 1],
    [600, 2],
    [1, 255],
  ]) {
    it(`goes ${rounds} times over a thousand events with room for ${maxEntries}`, () => {
      const ids = createEventIds(maxEntries === undefined ? {} : { maxEntries });
      let done = 0;
      do {
        for (let id = 0; id < 1500; id++) ids.seenBefore('/s', `${id % 1000}`);
        done++;
      } while (ids.nextPart());
      assert.deepEqual([done, ids.repeated], [rounds, 500]);
    });
  }
});
