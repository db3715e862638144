import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { writeMdcConfig } from '@gleaner/protocol';

import { BasicCorrelationContext, Collector, createNodeEngine, WrapperContext } from '../index.ts';
import type { CollectorError, NodeCollectorOptions } from '../index.ts';
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

  it('has every error say which event it is about', () => {
    const nameless = openCollector({ environment: { AZUREML_MDC_ENABLED: 'true' } }, { name: '' });
    const disabled = openCollector({ environment: {} });
    for (const { collector, errors } of [nameless, disabled]) {
      for (const id of ['a', 'b']) collector.collect([{ a: 1 }], new BasicCorrelationContext(id));
      assert.deepEqual(ids(errors), [undefined, 'a', 'b']);
    }
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

  it('throws nothing: what is wrong with the call goes to onError, or is a warning', async () => {
    await using intake = await openIntake();
    const trap = {
      get boom() {
        throw new RangeError('mine');
      },
    };
    const textless = { [Symbol.toPrimitive]: () => assert.fail() };
    const calls: [data: unknown, context: unknown, code: string, message?: RegExp][] = [
      [new Map(), undefined, 'data_type_unsupported', /\(Map\) not supported, supported types: array of/],
      [[{ f: () => 1 }], undefined, 'data_not_serializable'],
      [[trap], undefined, 'data_not_serializable', /RangeError: mine/],
      [[], new BasicCorrelationContext('日本'), 'context_invalid', /"日本"/],
      [[], 'an id', 'context_invalid'],
      [[], trap, 'context_invalid'],
      [[], { id: 'a', headers: trap, timestamp: 1 }, 'data_not_serializable', /RangeError: mine/],
    ];
    const warnings: CollectorError[] = [];
    const options = { ...intake, warn: (error: CollectorError) => void warnings.push(error) };
    const { collector, engine, errors } = openCollector(options);
    const silent = new Collector({ name: 'a', engine });
    const fails = new Collector({
      name: 'a',
      engine,
      onError: () => {
        throw textless;
      },
    });
    for (const [data, context, code, message = /./] of calls) {
      for (const one of [collector, silent, fails])
        one.collect(data as [], context as BasicCorrelationContext);
      for (const error of [errors.at(-1), ...warnings.slice(-2)]) {
        assert.equal(error?.code, code);
        assert.match(error.message, message);
      }
    }
    assert.deepEqual([errors.length, warnings.length], [calls.length, 2 * calls.length]);
    assert.deepEqual(ids(errors).slice(-4), ['日本', undefined, undefined, 'a']);
    assert.equal(await collector.flush(), true);
    assert.equal(intake.posts.length, 0);
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
});
