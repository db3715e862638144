/** The original's SDK, unmodified: how fast its one sender thread drains its queue into us, and a minute at a steady rate. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { pythonEnvironment } from '../scripts/python.ts';
import { runCollector } from './collector-folder.ts';
import { compare } from './ratio.ts';
import type { Comparison } from './ratio.ts';
import { startReference } from './reference-process.ts';

/** Fewer than the SDK's queue holds. */
export const drainedEvents = 1400;
export const steadyRate = 200;

export interface SteadyResult {
  events: number;
  /** What the SDK told `on_error`. */
  errors: number;
  stored: number;
}

/** Path of a Python with the SDK, or why there is none. */
export async function pythonWithSdk(): Promise<{ python: string } | { unavailable: string }> {
  return pythonEnvironment('iris');
}

/** Events per second. */
export async function measureDrain(
  python: string,
  { acknowledge, pairs }: { acknowledge: 'written' | 'durable'; pairs: number },
): Promise<Comparison> {
  await using reference = await startReference();
  await using collector = await runCollector({ acknowledge });
  const rate = async (port: number): Promise<number> => {
    const { seconds, errors } = await load(python, { port, count: drainedEvents, interval: 0 });
    if (errors > 0) throw new Error(`The SDK reported ${errors} errors`);
    return drainedEvents / seconds;
  };
  return await compare(pairs, {
    reference: () => rate(reference.port),
    async ours() {
      const result = await rate(collector.port);
      await collector.caughtUp();
      return result;
    },
  });
}

export async function measureSteady(python: string, seconds: number): Promise<SteadyResult> {
  await using collector = await runCollector({ acknowledge: 'durable' });
  const events = steadyRate * seconds;
  const { errors } = await load(python, { port: collector.port, count: events, interval: 1 / steadyRate });
  await collector.caughtUp();
  return { events, errors, stored: (await collector.counts('model_inputs')).stored };
}

async function load(
  python: string,
  { port, count, interval }: { port: number; count: number; interval: number },
): Promise<{ seconds: number; errors: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-bench-'));
  const config = join(folder, 'mdc-config.json');
  const on = { enabled: true, sampleRatePercentage: 100 };
  await writeFile(config, JSON.stringify({ collections: { model_inputs: on } }));
  const program = join(import.meta.dirname, 'python/sdk_load.py');
  try {
    const { stdout } = await promisify(execFile)(python, [program, `${count}`, `${interval}`], {
      env: {
        ...process.env,
        AZUREML_MDC_CONFIG_PATH: config,
        AZUREML_MDC_PORT: `${port}`,
        NO_PROXY: '127.0.0.1',
      },
    });
    // The SDK logs to standard output, too.
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { seconds: number; errors: number };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
