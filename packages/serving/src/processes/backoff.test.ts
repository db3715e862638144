import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createBackoff } from './backoff.ts';

describe('createBackoff', () => {
  it('starts again at once, then after delays that double up to a limit', () => {
    const backoff = createBackoff({ firstMs: 500, maxMs: 3000, stableMs: 60_000 });
    const delays = Array.from({ length: 6 }, () => backoff.delayMs(100));
    assert.deepEqual(delays, [0, 500, 1000, 2000, 3000, 3000]);
  });

  it('begins anew with a process that ran for long', () => {
    const backoff = createBackoff({ firstMs: 500, maxMs: 3000, stableMs: 60_000 });
    for (let end = 0; end < 5; end++) backoff.delayMs(59_999);
    assert.equal(backoff.delayMs(60_000), 0);
    assert.equal(backoff.delayMs(1), 500);
  });
});
