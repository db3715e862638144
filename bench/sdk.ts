/** What `collect` costs the thread that scores. */
import { Collector, createNodeEngine } from '@gleaner/sdk';

import { median } from './ratio.ts';
import { startReference } from './reference-process.ts';

/** Short, so that the events of a batch never fill the queue. */
const callsPerBatch = 25;
/** Enough for garbage to be collected in every round, as it is in every program. */
const batchesPerRound = 10;
const rounds = 21;
/** Rounds until the code is compiled for good. */
const warmUp = 40;

/**
 * Microseconds that one `collect` of 10 rows × 20 columns keeps its caller: median over rounds of calls. Between the batches of
 * a round new rows are made, and the events are sent to a server in another process that only acknowledges: what that costs
 * this thread is not counted, but it leaves caches and heap as a sender leaves them.
 */
export async function measureCollectCall(): Promise<{ microseconds: number }> {
  await using reference = await startReference();
  const engine = createNodeEngine({
    environment: { AZUREML_MDC_ENABLED: 'true', AZUREML_MDC_PORT: `${reference.port}` },
  });
  await using collector = new Collector({ name: 'model_inputs', engine });
  const costs: number[] = [];
  for (let round = -warmUp; round < rounds; round++) {
    const cost = await measureRound(collector);
    if (round >= 0) costs.push(cost);
  }
  // An event that was turned away would have cost next to nothing.
  const { delivered } = collector.stats();
  const collected = (warmUp + rounds) * batchesPerRound * callsPerBatch;
  if (delivered !== collected) throw new Error(`${delivered} of ${collected} events were delivered`);
  return { microseconds: median(costs) };
}

async function measureRound(collector: Collector): Promise<number> {
  let elapsedMs = 0;
  for (let batch = 0; batch < batchesPerRound; batch++) {
    const frames = Array.from({ length: callsPerBatch }, () => makeRows());
    const startedAt = performance.now();
    for (const rows of frames) collector.collect(rows);
    elapsedMs += performance.now() - startedAt;
    await collector.flush();
  }
  return (elapsedMs * 1000) / (batchesPerRound * callsPerBatch);
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
