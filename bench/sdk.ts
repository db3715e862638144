/** What `collect` costs the thread that scores. */
import { Collector, createNodeEngine } from '@gleaner/sdk';

import { median } from './ratio.ts';
import { startReference } from './reference-process.ts';

const batches = 200;
/** Short, so that most of them run undisturbed. */
const callsPerBatch = 25;
const warmUp = 400;

/**
 * Microseconds that one `collect` of 10 rows × 20 columns keeps its caller: median over batches of calls. Events are sent
 * between the batches, to a server in another process that only acknowledges.
 */
export async function measureCollectCall(): Promise<{ microseconds: number }> {
  await using reference = await startReference();
  const engine = createNodeEngine({
    environment: { AZUREML_MDC_ENABLED: 'true', AZUREML_MDC_PORT: `${reference.port}` },
  });
  await using collector = new Collector({ name: 'model_inputs', engine });
  const costs: number[] = [];
  for (let batch = -warmUp; batch < batches; batch++) {
    const frames = Array.from({ length: callsPerBatch }, () => makeRows());
    const startedAt = performance.now();
    for (const rows of frames) collector.collect(rows);
    const cost = ((performance.now() - startedAt) * 1000) / callsPerBatch;
    // The first batches run before the code is compiled for good.
    if (batch >= 0) costs.push(cost);
    await collector.flush();
  }
  const { delivered } = collector.stats();
  const collected = (warmUp + batches) * callsPerBatch;
  if (delivered !== collected) throw new Error(`${delivered} of ${collected} events were delivered`);
  return { microseconds: median(costs) };
}

/** Ten rows: 12 columns of floats, 4 of integers, 3 of text, 1 of booleans. Random, because repeated numbers are written faster. */
function makeRows(): Record<string, unknown>[] {
  return Array.from({ length: 10 }, () => {
    const columns = Array.from({ length: 20 }, (_, column): [string, unknown] => {
      const value = Math.floor(Math.random() * 1_000_000);
      if (column < 12) return [`feature_${column}`, value / 7];
      if (column < 16) return [`count_${column}`, value];
      return [`label_${column}`, column < 19 ? `value ${value}` : value % 2 === 0];
    });
    return Object.fromEntries(columns);
  });
}
