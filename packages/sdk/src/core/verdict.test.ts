import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { judge } from './verdict.ts';

const nowMs = Date.UTC(2026, 0, 1);
const judged = (status: number, rest: { retryAfter?: string; body?: string } = {}) =>
  judge({ kind: 'answered', status, retryAfter: rest.retryAfter, body: rest.body ?? '' }, nowMs);
const afterMs = (retryAfter: string) => {
  const verdict = judged(503, { retryAfter });
  return verdict.kind === 'retry' ? verdict.afterMs : undefined;
};

describe('judge', () => {
  it('takes any 2xx for success', () => {
    for (const status of [200, 202, 204]) assert.deepEqual(judged(status), { kind: 'delivered' });
  });

  it('has what may pass sent again, and nothing else', () => {
    for (const status of [408, 425, 429, 500, 503]) assert.equal(judged(status).kind, 'retry');
    for (const status of [301, 400, 401, 404, 413, 431]) assert.equal(judged(status).kind, 'refused');
    const cause = new Error('reset');
    const retry = { kind: 'retry', reason: 'reset', afterMs: 0, cause };
    assert.deepEqual(judge({ kind: 'unanswered', cause }, nowMs), retry);
  });

  it('waits as long as Retry-After says, in seconds or by date', () => {
    assert.equal(afterMs('2'), 2000);
    assert.equal(afterMs(new Date(nowMs + 5000).toUTCString()), 5000);
    assert.equal(afterMs(new Date(nowMs - 5000).toUTCString()), 0);
    assert.equal(afterMs('soon'), 0);
  });

  it("tells the collector's error code, or else what the answer says", () => {
    const body = '{"error":{"code":"body_too_large","message":"12 bytes; the limit is 10"}}';
    const reason = 'the collector answered 413 body_too_large: 12 bytes; the limit is 10';
    assert.deepEqual(judged(413, { body }), { kind: 'refused', reason });
    const text = 'the collector answered 404: page not found';
    assert.deepEqual(judged(404, { body: 'page not found\n' }), { kind: 'refused', reason: text });
    for (const odd of ['null', '[]', '{"error":5}', ''])
      assert.equal(judged(400, { body: odd }).kind, 'refused');
  });
});
