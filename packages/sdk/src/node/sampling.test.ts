import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';

import { samplingFraction, writeMdcConfig } from '@gleaner/protocol';

import { BasicCorrelationContext, Collector } from '../index.ts';
import { ids, openCollector, openIntake } from './test-intake.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-sdk-'));
after(() => rm(folder, { recursive: true }));

const settings = async (enabledCollection: string) => {
  const path = join(folder, `${crypto.randomUUID()}.json`);
  const collections = [{ name: enabledCollection, samplingRate: 1, enabled: true }];
  await writeFile(path, writeMdcConfig({ collections }));
  return { AZUREML_MDC_CONFIG_PATH: path };
};

describe('sampling', () => {
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

  it('does not look at data that nobody wants', async () => {
    let looks = 0;
    const row = {
      get a() {
        return ++looks;
      },
    };
    const none = openCollector({
      environment: { AZUREML_MDC_ENABLED: 'true', AZUREML_MDC_SAMPLE_RATE: '0' },
    });
    const off = openCollector({ environment: await settings('other') });
    const half = openCollector({
      environment: { AZUREML_MDC_ENABLED: 'true', AZUREML_MDC_SAMPLE_RATE: '50' },
    });
    const dropped = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].filter(
      (id) => samplingFraction(hash('sha256', id, 'buffer')) >= 0.5,
    );
    assert.ok(dropped.length > 0);
    for (const id of dropped) half.collector.collect([row], new BasicCorrelationContext(id));
    const untouched = new Proxy({}, { getPrototypeOf: () => assert.fail('it was looked at') });
    for (const { collector } of [none, off])
      for (const id of dropped) collector.collect([untouched], new BasicCorrelationContext(id));
    assert.equal(looks, 0);
    assert.deepEqual(none.errors, []);
    assert.deepEqual(none.collector.stats().sampledOut, dropped.length);
    assert.deepEqual(half.collector.stats().sampledOut, dropped.length);
    assert.deepEqual(ids(off.errors), [undefined, ...dropped]);
  });

  it('reports a wrong type also when the id would have been left out', () => {
    const { collector, errors } = openCollector({
      environment: { AZUREML_MDC_ENABLED: 'true', AZUREML_MDC_SAMPLE_RATE: '0.001' },
    });
    for (let call = 0; call < 10; call++) collector.collect([5] as unknown as []);
    assert.deepEqual([...new Set(errors.map(({ code }) => code))], ['data_type_unsupported']);
    assert.equal(errors.length, 10);
  });

  it('follows the sampling rate while the process runs', async () => {
    await using intake = await openIntake();
    const environment = {
      ...intake.environment,
      ...(await settings('model_inputs')),
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
