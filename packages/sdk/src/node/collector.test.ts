import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { samplingFraction, writeMdcConfig } from '@gleaner/protocol';

import { BasicCorrelationContext, Collector, createNodeEngine, WrapperContext } from '../index.ts';
import type { NodeCollectorOptions } from '../index.ts';
import { ids, openCollector, openIntake } from './test-intake.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-sdk-'));
after(() => rm(folder, { recursive: true }));

const settings = async (config: Parameters<typeof writeMdcConfig>[0]) => {
  const path = join(folder, `${crypto.randomUUID()}.json`);
  await writeFile(path, writeMdcConfig(config));
  return { AZUREML_MDC_CONFIG_PATH: path };
};
const collection = (name: string, samplingRate = 1) => ({ name, samplingRate, enabled: true });

describe('new Collector', () => {
  const on = createNodeEngine({ environment: { AZUREML_MDC_ENABLED: 'true' } });
  const off = createNodeEngine({ environment: {} });

  it("throws what the original's does, in its words", async () => {
    const listed = createNodeEngine({
      environment: await settings({ collections: [collection('model_inputs'), collection('request')] }),
    });
    const payload = createNodeEngine({
      environment: await settings({ collections: [collection('request')] }),
    });
    const cases = [
      [{ name: '', engine: on }, 'collection_name_missing', 'collection name is not provided'],
      [{ name: 'a', engine: off }, 'custom_logging_disabled', 'custom logging is not enabled, drop the data'],
      [
        { name: 'request', engine: payload },
        'custom_logging_disabled',
        'custom logging is not enabled, drop the data',
      ],
      [
        { name: 'Other', engine: listed },
        'collection_disabled',
        'collection other is not enabled, drop the data',
      ],
    ] as const;
    for (const [options, code, message] of cases)
      assert.throws(() => new Collector(options), { code, message });
    const nothing = undefined as unknown as NodeCollectorOptions;
    assert.throws(() => new Collector(nothing), { code: 'collection_name_missing' });
    assert.equal(new Collector({ name: 'Model_Inputs', engine: listed }).name, 'model_inputs');
  });

  it('refuses names that would leave their folder or cannot travel', () => {
    for (const name of ['../escape', '/etc/passwd', 'a\\b', 'a\nb', '..', '日本']) {
      assert.throws(() => new Collector({ name, engine: on }), { code: 'collection_name_invalid' });
    }
  });

  it('tells onError instead, and again at every collect', () => {
    const { collector, errors } = openCollector({ environment: {} });
    const context = new BasicCorrelationContext('a');
    assert.equal(collector.collect([{ a: 1 }], context), context);
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['custom_logging_disabled', 'custom_logging_disabled'],
    );
    assert.deepEqual(ids(errors), [undefined, 'a']);
    assert.equal(collector.stats().refused, 2);
  });

  it('throws for a configuration that cannot be read, onError or not', () => {
    const engine = createNodeEngine({
      environment: { AZUREML_MDC_CONFIG_PATH: join(folder, 'missing.json') },
    });
    assert.throws(() => new Collector({ name: 'a', engine, onError: assert.fail }), {
      code: 'config_invalid',
    });
  });

  it('knows a collection that was added to the configuration after the first collector was made', async () => {
    const environment = await settings({ collections: [collection('first')] });
    const engine = createNodeEngine({ environment });
    assert.ok(new Collector({ name: 'first', engine }));
    await writeFile(
      environment.AZUREML_MDC_CONFIG_PATH,
      writeMdcConfig({ collections: [collection('second')] }),
    );
    assert.ok(new Collector({ name: 'second', engine }));
  });
});

describe('createNodeEngine', () => {
  it('refuses limits that let nothing through', () => {
    for (const options of [{ connections: 0 }, { maxQueuedBytes: -1 }, { retryForMs: Number.NaN }]) {
      assert.throws(() => createNodeEngine({ environment: {}, ...options }), { code: 'setting_invalid' });
    }
  });
});

describe('collect', () => {
  it('sends one event and returns the context for the next', async () => {
    await using intake = await openIntake();
    const { collector, engine } = openCollector(intake, { name: 'Model_Inputs' });
    await using outputs = new Collector({ name: 'model_outputs', engine });
    const context = collector.collect([{ a: 1, b: 'é' }]);
    assert.equal(outputs.collect({ y: Float64Array.of(2) }, context), context);
    assert.equal(await collector.flush(), true);
    const [first, second] = intake.posts;
    assert.equal(first?.body, '[{"a":1,"b":"é"}]');
    assert.equal(first.headers['ce-type'], 'azureml.inference.model_inputs');
    assert.match(String(first.headers['trace-id']), /^[0-9a-f-]{36}$/);
    assert.equal(second?.body, '[{"y":2.0}]');
    for (const post of intake.posts) assert.equal(post.headers['ce-x-request-id'], context.id);
    assert.equal(first.headers['ce-time'], second.headers['ce-time']);
    assert.notEqual(first.headers['trace-id'], second.headers['trace-id']);
    const stats = { accepted: 1, delivered: 1, failed: 0, waiting: 0, sampledOut: 0, refused: 0 };
    assert.deepEqual(collector.stats(), stats);
  });

  it('has ids arrive as they were given', async () => {
    await using intake = await openIntake();
    const { collector } = openCollector(intake);
    collector.collect([{ a: 1 }], new BasicCorrelationContext('réservation 7'));
    await collector.flush();
    assert.equal(intake.posts[0]?.headers['ce-x-request-id'], 'réservation 7');
  });

  it('writes the data down before it returns', async () => {
    await using intake = await openIntake();
    const { collector } = openCollector(intake);
    const rows = [{ a: 1, nested: { b: [1] } }];
    const columns = { a: Float64Array.of(1) };
    collector.collect(rows);
    collector.collect(columns);
    for (const row of rows) {
      row.a = 99;
      row.nested.b.push(99);
    }
    rows.push({ a: 99, nested: { b: [] } });
    columns.a[0] = 99;
    await collector.flush();
    assert.deepEqual(
      intake.posts.map(({ body }) => body),
      ['[{"a":1,"nested":{"b":[1]}}]', '[{"a":1.0}]'],
    );
  });

  it('throws what is wrong with the call, or tells onError', async () => {
    await using intake = await openIntake();
    const engine = createNodeEngine(intake);
    const plain = new Collector({ name: 'a', engine });
    const wrong = new Map() as unknown as [];
    assert.throws(() => plain.collect(wrong), { code: 'data_type_unsupported', collection: 'a' });
    assert.throws(() => plain.collect([{ f: () => 1 }]), { code: 'data_not_serializable' });
    assert.throws(() => plain.collect([], new BasicCorrelationContext('日本')), {
      code: 'context_invalid',
      correlationId: '日本',
    });
    assert.throws(() => plain.collect([], 'an id' as unknown as BasicCorrelationContext), {
      code: 'context_invalid',
    });
    const trap = {
      get boom() {
        throw new RangeError('mine');
      },
    };
    assert.throws(() => plain.collect([trap]), {
      code: 'data_not_serializable',
      message: /RangeError: mine/,
    });
    const { collector, errors } = openCollector(intake);
    collector.collect(wrong, new BasicCorrelationContext('x'));
    assert.deepEqual(ids(errors), ['x']);
    assert.equal(await plain.flush(), true);
    assert.equal(intake.posts.length, 0);
  });

  it('keeps or drops by the correlation id, the same in every collection', async () => {
    await using intake = await openIntake();
    const environment = { ...intake.environment, AZUREML_MDC_SAMPLE_RATE: '30' };
    const { collector, engine, errors } = openCollector({ environment });
    const outputs = new Collector({ name: 'model_outputs', engine });
    const contexts = Array.from({ length: 200 }, (_, number) => new BasicCorrelationContext(`id-${number}`));
    for (const context of contexts) outputs.collect([{ y: 1 }], collector.collect([{ a: 1 }], context));
    await collector.flush();
    const kept = contexts
      .map(({ id }) => id)
      .filter((id) => samplingFraction(hash('sha256', id, 'buffer')) < 0.3);
    assert.ok(kept.length > 30 && kept.length < 90, `${kept.length} of 200`);
    for (const type of ['azureml.inference.model_inputs', 'azureml.inference.model_outputs']) {
      const sent = intake.posts.filter(({ headers }) => headers['ce-type'] === type);
      assert.deepEqual(new Set(sent.map(({ headers }) => headers['ce-x-request-id'])), new Set(kept));
      assert.equal(sent.length, kept.length);
    }
    assert.deepEqual(errors, []);
    assert.equal(collector.stats().sampledOut, 200 - kept.length);
  });

  it('reports a wrong type whatever the sampling rate', () => {
    const { collector, errors } = openCollector({
      environment: { AZUREML_MDC_ENABLED: 'true', AZUREML_MDC_SAMPLE_RATE: '0' },
    });
    collector.collect([{ a: 1 }]);
    collector.collect([5] as unknown as []);
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['data_type_unsupported'],
    );
  });

  it('says in debug mode what became of the call', async () => {
    await using intake = await openIntake();
    const environment = { ...intake.environment, AZUREML_MDC_DEBUG: 'true', AZUREML_MDC_SAMPLE_RATE: '50' };
    const { collector } = openCollector({ environment });
    const outcomes = new Set<string>();
    for (let number = 0; number < 50; number++) {
      const context = collector.collect([{ a: 1 }], collector.collect([{ a: 1 }]));
      assert.ok(context instanceof WrapperContext && context.isSuccess());
      outcomes.add(context.getMessage());
    }
    assert.deepEqual([...outcomes].sort(), ['accepted', 'dropped_sampling']);
    const refused = collector.collect(5 as unknown as []);
    assert.ok(refused instanceof WrapperContext && !refused.isSuccess());
    assert.match(refused.getMessage(), /data type \(number\) not supported/);
    await collector.close();
  });

  it('prints instead of sending in a local run', async (t) => {
    const lines: unknown[] = [];
    t.mock.method(console, 'log', (line: unknown) => lines.push(line));
    const environment = await settings({ collections: [collection('model_inputs')], runMode: 'local' });
    const { collector } = openCollector({ environment });
    collector.collect([{ a: 1 }], new BasicCorrelationContext('an-id', 1672533814));
    assert.deepEqual(lines, ['2023-01-01 00:43:34 | model_inputs | an-id | [{"a":1}]']);
    assert.equal(await collector.flush(), true);
  });

  it('is told when the queue is full, in bytes', async () => {
    await using intake = await openIntake();
    const { collector, errors } = openCollector({ ...intake, maxQueuedBytes: 50_000 });
    for (let number = 0; number < 60; number++)
      collector.collect([{ s: 'x'.repeat(1000) }], new BasicCorrelationContext(`${number}`));
    const { accepted, refused } = collector.stats();
    assert.ok(accepted >= 20 && accepted < 50, `${accepted} of about 1.5 kB each`);
    assert.equal(accepted + refused, 60);
    assert.deepEqual(
      ids(errors),
      Array.from({ length: refused }, (_, index) => `${accepted + index}`),
    );
    assert.match(
      errors[0]?.message ?? '',
      /^Too many requests lead to message queue is full, .*The limit is 50000 bytes/,
    );
    await collector.flush();
    assert.equal(intake.posts.length, accepted);
    collector.collect([{ a: 1 }]);
    assert.equal(errors.length, refused);
    await collector.close();
  });

  it('follows the sampling rate while the process runs', async () => {
    await using intake = await openIntake();
    const environment = {
      ...intake.environment,
      ...(await settings({ collections: [collection('model_inputs')] })),
    };
    const { collector } = openCollector({ environment });
    collector.collect([{ a: 1 }]);
    await writeFile(
      environment.AZUREML_MDC_CONFIG_PATH,
      '{"collections":{"model_inputs":{"enabled":true,"samplingRate":0}}}',
    );
    while (collector.stats().sampledOut === 0) {
      collector.collect([{ a: 1 }]);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await collector.close();
  });
});
