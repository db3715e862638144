/** The SDK against the real collector: sampling, refusals, a whole program under `gleaner run`. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';

import { samplingFraction } from '@gleaner/protocol';
import { linesBelow, startSystem } from '@gleaner/testkit';

import { gleaner } from '../../../../scripts/repository.ts';
import { BasicCorrelationContext, Collector } from '../index.ts';
import { openCollector } from './test-intake.ts';

const folder = await mkdtemp(join(tmpdir(), 'gleaner-sdk-'));
after(() => rm(folder, { recursive: true }));

const correlationIds = (lines: readonly string[]) =>
  lines.map((line) => (JSON.parse(line) as { correlationid: string }).correlationid);

const numbered = (kind: string) => Array.from({ length: 20 }, (_, number) => `${kind}-${number}`);

describe('1,500 pairs at a sampling rate of one half', () => {
  const pairs = 1500;
  // Blanks and letters beyond ASCII travel as Latin-1 and are hashed as UTF-8.
  const ids = Array.from({ length: pairs }, (_, number) =>
    number % 3 === 0 ? `reçu n° ${number}` : `r${number}`,
  );
  const kept = ids.filter((id) => samplingFraction(hash('sha256', id, 'buffer')) < 0.5);
  const half = { enabled: 'true', sampling_rate: 0.5 };

  for (const decider of ['SDK', 'collector'] as const) {
    it(`keeps both sides of the same pairs when the ${decider} decides`, async () => {
      const configFile = join(folder, `${decider}.json`);
      await using system = await startSystem({
        collections: { model_inputs: half, model_outputs: half },
        flags: { 'write-mdc-config': configFile },
      });
      const rules =
        decider === 'SDK' ? { AZUREML_MDC_CONFIG_PATH: configFile } : { AZUREML_MDC_ENABLED: 'true' };
      const environment = { ...rules, AZUREML_MDC_PORT: `${system.collector.intakePort}` };
      const { collector: inputs, engine, errors } = openCollector({ environment });
      const outputs = new Collector({ name: 'model_outputs', engine });
      for (const [number, id] of ids.entries()) {
        const context = inputs.collect([{ number, x: number / 2 }], new BasicCorrelationContext(id));
        outputs.collect({ y: [number] }, context);
      }
      assert.deepEqual([await inputs.close(), await outputs.close()], [true, true]);
      await system.finish();
      for (const name of ['model_inputs', 'model_outputs']) {
        assert.deepEqual(correlationIds(await system.lines(name)).sort(), [...kept].sort(), name);
        const { seen } = system.collector.status().collections[name] ?? assert.fail(name);
        assert.equal(seen, decider === 'SDK' ? kept.length : pairs);
      }
      assert.deepEqual(errors, []);
      const deviation = Math.abs(kept.length - pairs / 2);
      assert.ok(deviation < 4 * Math.sqrt(pairs / 4), `${kept.length} of ${pairs}`);
    });
  }
});

describe('events the collector refuses', () => {
  it('are reported once each, with its reason', async () => {
    await using system = await startSystem({
      collections: { model_inputs: { enabled: 'true' } },
      environment: { GLEANER_INTAKE_MAX_BODY: '1KiB' },
    });
    const environment = { AZUREML_MDC_ENABLED: 'true', AZUREML_MDC_PORT: `${system.collector.intakePort}` };
    const { collector: inputs, engine, errors } = openCollector({ environment });
    const onError = (error: (typeof errors)[number]) => void errors.push(error);
    const other = new Collector({ name: 'other', engine, onError });
    for (let number = 0; number < 20; number++) {
      other.collect([{ a: 1 }], new BasicCorrelationContext(`other-${number}`));
      inputs.collect([{ a: 'x'.repeat(2000) }], new BasicCorrelationContext(`large-${number}`));
      inputs.collect([{ a: 1 }], new BasicCorrelationContext(`fine-${number}`));
    }
    await inputs.flush();
    const reported = (pattern: RegExp) =>
      errors.filter(({ message }) => pattern.test(message)).map(({ correlationId = '' }) => correlationId);
    assert.deepEqual(reported(/answered 404 collection_not_enabled: /).sort(), numbered('other').sort());
    assert.deepEqual(reported(/answered 413 body_too_large: /).sort(), numbered('large').sort());
    assert.deepEqual([...new Set(errors.map(({ code }) => code))], ['event_refused']);
    assert.equal(errors.length, 40);
    await system.finish();
    assert.deepEqual(correlationIds(await system.lines('model_inputs')).sort(), numbered('fine').sort());
  });
});

describe('a program under gleaner run', () => {
  it('that collects 50 events and falls off its end has stored 50', async () => {
    const program = `
      import { Collector } from '${new URL('../index.ts', import.meta.url).href}';
      const inputs = new Collector({ name: 'model_inputs' });
      for (let i = 0; i < 50; i++) inputs.collect([{ i }]);`;
    const deployment = {
      name: 'blue',
      endpoint_name: 'iris',
      data_collector: { collections: { model_inputs: { enabled: 'true' } } },
    };
    await writeFile(join(folder, 'score.ts'), program);
    await writeFile(join(folder, 'deployment.yml'), JSON.stringify(deployment));
    const flags = '-f deployment.yml --data data --intake-port 0 --admin-port 0';
    const words = [...gleaner.slice(1), 'run', ...flags.split(' '), '--', process.execPath, 'score.ts'];
    await promisify(execFile)(process.execPath, words, { cwd: folder, timeout: 60_000 });
    const rows = (await linesBelow(join(folder, 'data'))).map(
      (line) => (JSON.parse(line) as { data: unknown }).data,
    );
    assert.deepEqual(
      rows.map((data) => JSON.stringify(data)).sort(),
      Array.from({ length: 50 }, (_, i) => `[{"i":${i}}]`).sort(),
    );
  });
});
