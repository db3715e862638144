import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

import fc from 'fast-check';

import { BasicCorrelationContext, Collector, CollectorError } from '../index.ts';
import { accept, drop, hang, ids, openCollector, openIntake } from './test-intake.ts';

describe('delivery', { concurrency: true }, () => {
  it('goes over as many kept-alive connections as were asked for', async () => {
    await using intake = await openIntake();
    const { collector } = openCollector({ ...intake, connections: 2 });
    for (let number = 0; number < 50; number++) collector.collect([{ number }]);
    await collector.flush();
    assert.equal(intake.posts.length, 50);
    assert.equal(intake.opened(), 2);
    await collector.close();
  });

  it('is tried again under the same trace id after 503, a dropped connection and no answer', async () => {
    await using intake = await openIntake((post, response) => {
      if (post.attempt === 3) return accept(post, response);
      if (post.attempt === 2) return post.body.includes('hang') ? hang(post, response) : drop(post, response);
      return void response.writeHead(503, { 'retry-after': '0' }).end();
    });
    const { collector, errors } = openCollector({ ...intake, timeoutMs: 100 });
    for (const kind of ['drop', 'hang']) collector.collect([{ kind }]);
    assert.equal(await collector.flush(), true);
    assert.deepEqual([...intake.attempts.values()], [3, 3]);
    assert.deepEqual(errors, []);
    assert.equal(collector.stats().delivered, 2);
  });

  it('is given up at once when the collector asks for a longer pause than there is time', async () => {
    await using intake = await openIntake((_post, response) => {
      response.writeHead(503, { 'retry-after': '3600' }).end();
    });
    const { collector, errors } = openCollector(intake);
    collector.collect([{ a: 1 }]);
    await collector.flush();
    assert.equal(intake.posts.length, 1);
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['event_undelivered'],
    );
  });

  it('is not tried again when the collector refuses the event', async () => {
    await using intake = await openIntake((_post, response) => {
      response
        .writeHead(413)
        .end('{"error":{"code":"body_too_large","message":"12 bytes; the limit is 10"}}');
    });
    const { collector, errors } = openCollector(intake);
    const { id } = collector.collect([{ a: 1 }]);
    assert.equal(await collector.flush(), true);
    assert.equal(intake.posts.length, 1);
    const [error] = errors;
    assert.ok(error instanceof CollectorError);
    const { code, collection: name, correlationId, traceId } = error;
    const trace = intake.posts[0]?.headers['trace-id'];
    assert.deepEqual([code, name, correlationId, traceId], ['event_refused', 'model_inputs', id, trace]);
    assert.match(error.message, /the collector answered 413 body_too_large: 12 bytes; the limit is 10/);
  });

  it('survives an onError that fails', async () => {
    await using intake = await openIntake((_post, response) => void response.writeHead(400).end());
    const warnings: string[] = [];
    const options = { ...intake, warn: (error: CollectorError) => void warnings.push(error.message) };
    const fails = openCollector(options, {
      onError: () => {
        throw new Error('my bug');
      },
    });
    const rejects = openCollector(options, {
      // oxlint-disable-next-line typescript/no-misused-promises -- that is the mistake to survive
      onError: () => Promise.reject(new Error('my bug')),
    });
    const silent = openCollector(options, { onError: undefined });
    for (const { collector } of [fails, rejects, silent]) {
      collector.collect([{ a: 1 }]);
      await collector.flush();
    }
    rejects.collector.collect(5 as unknown as []);
    await rejects.collector.flush();
    const failures = warnings.filter((message) => message.includes('onError failed as well: Error: my bug'));
    assert.deepEqual([failures.length, warnings.length], [3, 4]);
  });

  it('ends in one report to onError, or in the collector, for every event', async () => {
    const kinds = ['ok', 'busy', 'drop', 'hang', 'refuse', 'down', 'ok', 'ok'] as const;
    await using intake = await openIntake((post, response) => {
      const [row] = JSON.parse(post.body);
      if (row.kind === 'refuse') return void response.writeHead(400).end();
      if (row.kind === 'down' || (row.kind === 'busy' && post.attempt === 1))
        return void response.writeHead(503).end();
      if (post.attempt === 1 && row.kind === 'drop') return drop(post, response);
      if (post.attempt === 1 && row.kind === 'hang') return hang(post, response);
      return accept(post, response);
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 20 }), async (plan) => {
        const { collector, errors } = openCollector({ ...intake, timeoutMs: 50, retryForMs: 300 });
        const first = intake.posts.length;
        const contexts = plan.map((kind) => collector.collect([{ kind }]));
        assert.equal(await collector.close(), true);
        const lost = new Set(ids(errors));
        assert.equal(lost.size, errors.length, 'nobody is told twice');
        for (const [index, { id }] of contexts.entries()) {
          const kind = plan[index] ?? 'ok';
          if (kind === 'refuse' || kind === 'down') assert.ok(lost.has(id), kind);
          if (kind === 'ok') assert.ok(!lost.has(id), kind);
          const arrived = intake.posts.slice(first).some(({ headers }) => headers['ce-x-request-id'] === id);
          assert.ok(arrived || lost.has(id));
        }
        const { accepted, delivered, failed, waiting } = collector.stats();
        assert.deepEqual(
          [accepted, delivered, failed, waiting],
          [plan.length, plan.length - lost.size, lost.size, 0],
        );
      }),
      { numRuns: 6 },
    );
  });
});

describe('flush', () => {
  it('is true at once when nothing waits', async () => {
    const { collector } = openCollector({ environment: { AZUREML_MDC_ENABLED: 'true' } });
    assert.equal(await collector.flush({ timeoutMs: 0 }), true);
  });

  it('is false when the time runs out, and loses nothing by it', async () => {
    const held: ServerResponse[] = [];
    await using intake = await openIntake((_post, response) => void held.push(response));
    const { collector, errors } = openCollector(intake);
    collector.collect([{ a: 1 }]);
    assert.equal(await collector.flush({ timeoutMs: 50 }), false);
    assert.equal(collector.stats().waiting, 1);
    while (held.length === 0) await setTimeout(1);
    for (const response of held) response.end();
    assert.equal(await collector.flush({ timeoutMs: 10_000 }), true);
    assert.deepEqual(errors, []);
  });
});

describe('close', () => {
  it('delivers what waits, closes the connections, and collects no more', async () => {
    await using intake = await openIntake();
    const { collector, errors } = openCollector(intake);
    for (let number = 0; number < 20; number++) collector.collect([{ number }]);
    assert.equal(await collector.close(), true);
    assert.equal(intake.posts.length, 20);
    await intake.left();
    collector.collect([{ a: 1 }]);
    assert.deepEqual(
      errors.map(({ code, message }) => [code, message]),
      [['queue_closed', 'queue closed']],
    );
    assert.equal(await collector.close(), true);
  });

  it('reports what has not arrived in time before it returns, and leaves the others of the engine alone', async () => {
    await using intake = await openIntake((post, response) => {
      if (post.body.includes('hang')) hang(post, response);
      else accept(post, response);
    });
    const { collector, engine, errors } = openCollector({ ...intake, connections: 2 });
    const others: CollectorError[] = [];
    const other = new Collector({ name: 'other', engine, onError: (error) => void others.push(error) });
    const lost = ['a', 'b', 'c'].map(
      (id) => collector.collect([{ hang: true }], new BasicCorrelationContext(id)).id,
    );
    other.collect([{ fine: true }]);
    assert.equal(await collector.close({ timeoutMs: 50 }), false);
    assert.deepEqual(new Set(ids(errors)), new Set(lost));
    assert.equal(errors.length, 3);
    assert.deepEqual([...new Set(errors.map(({ code }) => code))], ['event_abandoned']);
    assert.equal(await other.close(), true);
    assert.equal(errors.length, 3);
    assert.deepEqual(others, []);
    assert.equal(other.stats().delivered, 1);
  });

  it('waits for no events but its own', async () => {
    await using intake = await openIntake((post, response) => {
      if (post.body.includes('hang')) hang(post, response);
      else accept(post, response);
    });
    const { collector, engine } = openCollector(intake);
    const other = new Collector({ name: 'other', engine, onError: () => undefined });
    other.collect([{ hang: true }]);
    collector.collect([{ fine: true }]);
    assert.equal(await collector.close({ timeoutMs: 5_000 }), true);
    assert.equal(other.stats().waiting, 1);
    assert.equal(await other.close({ timeoutMs: 0 }), false);
  });
});

describe('a process', { concurrency: true }, () => {
  const run = promisify(execFile);
  const script = async (program: string, environment: Record<string, string>) =>
    await run(process.execPath, ['--input-type=module-typescript', '--eval', program], {
      env: { ...process.env, ...environment },
      cwd: import.meta.dirname,
      timeout: 20_000,
    });
  const start = `import { Collector } from '${new URL('../index.ts', import.meta.url).href}';`;

  it('that collects and ends delivers everything first, and then does end', async () => {
    await using intake = await openIntake();
    const program = `${start}
      const inputs = new Collector({ name: 'model_inputs' });
      for (let i = 0; i < 50; i++) inputs.collect([{ i }]);`;
    const { stderr } = await script(program, intake.environment);
    assert.equal(intake.posts.length, 50);
    assert.equal(stderr, '');
  });

  it('goes on when events are lost, and is warned', async () => {
    await using intake = await openIntake((_post, response) => void response.writeHead(404).end());
    const program = `${start}
      const inputs = new Collector({ name: 'model_inputs' });
      for (let i = 0; i < 5; i++) inputs.collect([{ i }]);
      await inputs.flush();
      console.log('still here', inputs.stats().failed);`;
    const { stdout, stderr } = await script(program, intake.environment);
    assert.equal(stdout, 'still here 5\n');
    assert.match(
      stderr,
      /\[event_refused\] CollectorWarning: An event of model_inputs .* is lost: the collector answered 404/,
    );
    assert.match(stderr, /\(3 more since the last warning\.\)/);
  });
});
