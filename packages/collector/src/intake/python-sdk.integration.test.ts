/** The original's own SDK, unmodified, against the real collector. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';

import { startSystem } from '@gleaner/testkit';
import type { System } from '@gleaner/testkit';

import { pythonEnvironment } from '../../../../scripts/python.ts';

const program = `
import sys, time
import pandas as pd
from azureml.ai.monitoring import Collector
from azureml.ai.monitoring.context import BasicCorrelationContext
inputs = Collector(name="model_inputs")
outputs = Collector(name="model_outputs")
for i in range(int(sys.argv[1])):
    context = inputs.collect(pd.DataFrame({"a": [1.0, i], "t": ["<é>", None]}), BasicCorrelationContext(f"r{i}"))
    outputs.collect(pd.DataFrame({"p": [i, i + 1]}), context)
# The SDK has no flush, and ends with the process: stay until the test has seen everything arrive.
sys.stdin.read()
`;

for (const packages of ['iris', 'pandas3'] as const) {
  const environment = await pythonEnvironment(packages);
  const skip = 'unavailable' in environment ? environment.unavailable : false;
  describe(`azureml-ai-monitoring (${packages})`, { skip }, () => {
    it('has every pair stored once, rows joined by id', async () => {
      if ('unavailable' in environment) return;
      await using system = await startSystem();
      const pairs = 300;
      await collect(environment.python, { pairs, system });
      await system.finish();
      const [inputs, outputs] = [await system.lines('model_inputs'), await system.lines('model_outputs')];
      assert.deepEqual(
        idsOf(inputs),
        Array.from({ length: pairs }, (_, i) => `r${i}`),
      );
      assert.deepEqual(idsOf(outputs), idsOf(inputs));
      assert.match(
        inputs[0] ?? '',
        /"data":\[\{"a":1\.0,"t":"\\u003c\\u00e9\\u003e"\},\{"a":0\.0,"t":null\}\]/,
      );
    });

    it('keeps both sides of a pair, or none, at a sampling rate of one half', async () => {
      if ('unavailable' in environment) return;
      const half = { enabled: 'true', sampling_rate: 0.5 };
      await using system = await startSystem({ collections: { model_inputs: half, model_outputs: half } });
      const pairs = 700;
      await collect(environment.python, { pairs, system });
      await system.finish();
      const [inputs, outputs] = [await system.lines('model_inputs'), await system.lines('model_outputs')];
      assert.deepEqual(idsOf(inputs), idsOf(outputs));
      // Five standard deviations of a fair coin.
      assert.ok(
        Math.abs(inputs.length - pairs / 2) < 5 * Math.sqrt(pairs / 4),
        `${inputs.length} of ${pairs}`,
      );
    });
  });
}

/** Runs the program until the collector has seen all its events. */
async function collect(python: string, { pairs, system }: { pairs: number; system: System }): Promise<void> {
  const config = join(system.folder, 'mdc-config.json');
  const on = { enabled: true, sampleRatePercentage: 100 };
  await writeFile(config, JSON.stringify({ collections: { model_inputs: on, model_outputs: on } }));
  const child = spawn(python, ['-c', program, `${pairs}`], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: {
      ...process.env,
      AZUREML_MDC_CONFIG_PATH: config,
      AZUREML_MDC_PORT: `${system.collector.intakePort}`,
      NO_PROXY: '127.0.0.1',
    },
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const deadline = Date.now() + 60_000;
  const seen = (): number =>
    Object.values(system.collector.status().collections).reduce((sum, one) => sum + one.seen, 0);
  while (seen() < 2 * pairs && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  child.stdin.end();
  await exited;
}

function idsOf(lines: readonly string[]): string[] {
  const ids = lines.map((line) => (JSON.parse(line) as { correlationid: string }).correlationid);
  return ids.sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}
