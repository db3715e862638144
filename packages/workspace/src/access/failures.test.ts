import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createFailureLimit } from './failures.ts';

describe('createFailureLimit', () => {
  it('counts by address and by minute', () => {
    let nowMs = 0;
    const limit = createFailureLimit({ now: () => nowMs, maxPerAddress: 2, maxOverall: 100 });
    assert.deepEqual(['a', 'a', 'a', 'b'].map(limit.isOver), [false, false, true, false]);
    nowMs = 15_000;
    assert.equal(limit.retryAfterSeconds(), 45);
    nowMs = 60_000;
    assert.equal(limit.isOver('a'), false);
  });

  it('counts all addresses together, and keeps but so many of them', () => {
    const limit = createFailureLimit({ now: () => 0, maxPerAddress: 2, maxOverall: 5000 });
    const over = Array.from({ length: 6000 }, (_, number) => limit.isOver(`address-${number}`));
    assert.equal(over.indexOf(true), 5000);
  });
});
