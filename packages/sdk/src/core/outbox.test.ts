import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { Outbox } from './outbox.ts';
import type { Settlement } from './outbox.ts';
import type { Answer, EventRequest } from './ports.ts';

const ok: Answer = { kind: 'answered', status: 200, retryAfter: undefined, body: '' };
const busy = (retryAfter?: string): Answer => ({ kind: 'answered', status: 503, retryAfter, body: '' });
const refused: Answer = { kind: 'answered', status: 400, retryAfter: undefined, body: 'no' };
const reset: Answer = { kind: 'unanswered', cause: new Error('reset') };
const owner = {};

/** An answer after so many milliseconds. */
interface Late {
  ms: number;
  answer: Answer;
}

/** An outbox in a world whose time passes only in pauses and until late answers, towards a collector that `answer` plays. */
function outboxTowards(
  answer: (event: string, attempt: number, signal: AbortSignal) => Answer | Late | Promise<Answer>,
  limits = {},
) {
  let now = 0;
  const attempts = new Map<string, number>();
  const posts: { event: string; at: number }[] = [];
  const ports = {
    transport: {
      async post({ body }: EventRequest, signal: AbortSignal): Promise<Answer> {
        const event = Buffer.from(body).toString();
        const attempt = (attempts.get(event) ?? 0) + 1;
        attempts.set(event, attempt);
        posts.push({ event, at: now });
        const given = await answer(event, attempt, signal);
        if ('kind' in given) return given;
        now += given.ms;
        return given.answer;
      },
      release: () => undefined,
    },
    clock: {
      now: () => now,
      async sleep(ms: number, signal: AbortSignal) {
        if (!signal.aborted) now += ms;
      },
      defer: setImmediate,
    },
    random: () => 0.5,
  };
  const outbox = new Outbox(ports, { maxQueuedBytes: 1e6, connections: 4, retryForMs: 60_000, ...limits });
  const settled: [event: string, settlement: Settlement][] = [];
  const offer = (event: string, from: object = owner) =>
    outbox.offer({
      request: { headers: {}, body: Buffer.from(event) },
      owner: from,
      onSettled: (settlement) => settled.push([event, settlement]),
    });
  return { outbox, offer, settled, posts };
}

const failureOf = (settlement: Settlement | undefined) => {
  assert.equal(settlement?.kind, 'failed');
  return settlement;
};

describe('Outbox', () => {
  it('sends nothing before the caller is through, then in order', async () => {
    const { outbox, offer, posts, settled } = outboxTowards(() => ok, { connections: 1 });
    const events = Array.from({ length: 100 }, (_, number) => `e${number}`);
    for (const event of events) offer(event);
    await Promise.resolve();
    assert.equal(posts.length, 0);
    await outbox.settled(owner);
    assert.deepEqual(
      settled.map(([event]) => event),
      events,
    );
    assert.equal(outbox.waiting, 0);
    assert.equal(outbox.waitingBytes, 0);
  });

  it('sends as many at a time as there are connections', async () => {
    let open = 0;
    let most = 0;
    const { outbox, offer } = outboxTowards(
      async () => {
        most = Math.max(most, ++open);
        await new Promise(setImmediate);
        open--;
        return ok;
      },
      { connections: 3 },
    );
    for (let number = 0; number < 20; number++) offer(`e${number}`);
    await outbox.settled(owner);
    assert.equal(most, 3);
  });

  it('is bounded in bytes, those on their way included', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const { outbox, offer } = outboxTowards(() => promise, { maxQueuedBytes: 10_000 });
    let taken = 0;
    while (offer('x'.repeat(500))) taken++;
    assert.ok(taken >= 5 && taken < 20, `${taken} events of 500 bytes`);
    assert.ok(outbox.waitingBytes > 9_000 - 500 && outbox.waitingBytes <= 10_000);
    await new Promise(setImmediate);
    assert.equal(offer('x'.repeat(500)), false, 'being sent frees no room');
    resolve(ok);
    await outbox.settled(owner);
    assert.equal(offer('x'.repeat(500)), true);
    await outbox.settled(owner);
    assert.equal(offer('x'.repeat(10_000)), false, 'never larger than the limit');
  });

  it('doubles the pause from attempt to attempt, up to five seconds, and gives up when the time is over', async () => {
    const { outbox, offer, posts, settled } = outboxTowards(() => reset);
    offer('e');
    await outbox.settled(owner);
    const pauses = posts.slice(1).map(({ at }, index) => at - (posts[index]?.at ?? 0));
    assert.deepEqual(pauses.slice(0, 8), [75, 150, 300, 600, 1200, 2400, 3750, 3750]);
    assert.ok((posts.at(-1)?.at ?? 0) <= 60_000 && (posts.at(-1)?.at ?? 0) > 50_000);
    const { code, reason } = failureOf(settled[0]?.[1]);
    assert.equal(code, 'event_undelivered');
    assert.match(reason, /^\d+ attempts in [\d.]+ s failed, the last one because reset$/);
  });

  it('waits as long as it is told to, but not when that is longer than it may', async () => {
    const { outbox, offer, posts, settled } = outboxTowards((event, attempt) =>
      attempt === 1 ? busy(event === 'soon' ? '7' : '3600') : ok,
    );
    offer('soon');
    await outbox.settled(owner);
    assert.deepEqual(
      posts.map(({ at }) => at),
      [0, 7000],
    );
    offer('late');
    await outbox.settled(owner);
    assert.equal(
      failureOf(settled[1]?.[1]).reason,
      '1 attempt failed, the last one because the collector answered 503',
    );
  });

  it('tries events that waited too long all the same, as long as no attempt failed after their time', async () => {
    const { outbox, offer, settled } = outboxTowards(
      (event) => (event === 'a' ? { ms: 61_000, answer: reset } : ok),
      { connections: 1 },
    );
    for (const event of ['a', 'b', 'c']) offer(event);
    await outbox.settled(owner);
    assert.deepEqual(
      settled.map(([event, { kind }]) => `${event} ${kind}`),
      ['a failed', 'b delivered', 'c delivered'],
    );
  });

  it('gives a whole queue up when the collector hangs, without trying each', async () => {
    const { outbox, offer, posts, settled } = outboxTowards(() => ({ ms: 10_000, answer: reset }));
    const events = Array.from({ length: 500 }, (_, number) => `e${number}`);
    for (const event of events) offer(event);
    await outbox.settled(owner);
    assert.ok(posts.length < 50, `${posts.length} attempts`);
    assert.deepEqual(settled.map(([event]) => event).sort(), events.sort());
    const { code, reason } = failureOf(settled.at(-1)?.[1]);
    assert.equal(code, 'event_undelivered');
    assert.equal(reason, 'it was not tried, since the collector was out of reach: reset');
  });

  it('waits for the events of the owner before the call, and for no others', async () => {
    const held = new Map(
      ['foreign', 'early', 'late'].map((event) => [event, Promise.withResolvers<Answer>()]),
    );
    const { outbox, offer, settled } = outboxTowards((event) => held.get(event)?.promise ?? ok);
    offer('foreign', {});
    offer('early');
    let done = false;
    const waiting = outbox.settled(owner).then(() => (done = true));
    offer('late');
    offer('later');
    await new Promise(setImmediate);
    assert.deepEqual(settled, [['later', { kind: 'delivered' }]]);
    assert.equal(done, false);
    held.get('early')?.resolve(ok);
    await waiting;
    assert.equal(outbox.waiting, 2);
    held.get('late')?.resolve(ok);
    await outbox.settled(owner);
    assert.equal(settled.length, 3);
    assert.equal(outbox.waiting, 1);
  });

  it("abandons one owner's events, queued or on their way, and no other's", async () => {
    const { outbox, offer, settled } = outboxTowards(
      async (event, _attempt, signal) => {
        if (event.startsWith('keep')) return ok;
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        return reset;
      },
      { connections: 2 },
    );
    const other = {};
    for (const event of ['a', 'b', 'c']) offer(event);
    offer('keep', other);
    await new Promise(setImmediate);
    outbox.abandon(owner);
    await Promise.all([outbox.settled(owner), outbox.settled(other)]);
    const outcome = settled.map(
      ([event, settlement]) => `${event} ${settlement.kind === 'failed' ? settlement.code : 'delivered'}`,
    );
    assert.deepEqual(outcome.sort(), [
      'a event_abandoned',
      'b event_abandoned',
      'c event_abandoned',
      'keep delivered',
    ]);
  });

  it('settles an event that cannot even be sent, and goes on', async () => {
    const { outbox, offer, settled } = outboxTowards(
      (event) => {
        if (event === 'bad') throw new TypeError('no such host');
        return ok;
      },
      { connections: 1 },
    );
    offer('bad');
    offer('good');
    await outbox.settled(owner);
    assert.match(failureOf(settled[0]?.[1]).reason, /no such host/);
    assert.deepEqual(settled[1], ['good', { kind: 'delivered' }]);
  });

  it('settles every event once, whatever is answered', async () => {
    const answers = fc.array(fc.constantFrom(ok, refused, reset, busy(), busy('1'), busy('30'), busy('90')), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(answers, { maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        async (plans, connections) => {
          const { outbox, offer, settled } = outboxTowards(
            (event, attempt) => plans[Number(event)]?.[attempt - 1] ?? ok,
            { connections },
          );
          for (const event of plans.keys()) assert.ok(offer(String(event)));
          await outbox.settled(owner);
          assert.deepEqual(
            settled.map(([event]) => Number(event)).sort((a, b) => a - b),
            [...plans.keys()],
          );
          assert.equal(outbox.waitingBytes, 0);
          for (const [event, { kind }] of settled) {
            const plan = plans[Number(event)] ?? [];
            const end = plan.findIndex((answer) => answer === ok || answer === refused);
            if (plan[end] === refused || kind === 'delivered') continue;
            assert.ok(
              plan.some((answer) => answer === reset || (answer !== ok && answer !== refused)),
              'only what may pass is given up',
            );
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
