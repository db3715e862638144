/** Requests per second of the intake, against the bare acknowledge-only server. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { runCollector } from './collector-folder.ts';
import type { LoadPlan, LoadResult } from './load/generator.ts';
import { compare } from './ratio.ts';
import type { Comparison } from './ratio.ts';
import { startReference } from './reference-process.ts';

export interface IntakeCase {
  name: string;
  bodyBytes: number;
  connections: number;
  /** As the Python SDK does. */
  connectionPerRequest?: true;
  /** The target of the design, where it names one. */
  target?: number;
}

export const intakeCases: Record<'written' | 'durable', readonly IntakeCase[]> = {
  written: [
    { name: '0.3 kB, 64 connections', bodyBytes: 300, connections: 64 },
    { name: '1 kB, 64 connections', bodyBytes: 1000, connections: 64, target: 1.5 },
    { name: '64 kB, 16 connections', bodyBytes: 64_000, connections: 16 },
    { name: '1 kB, a connection per event', bodyBytes: 1000, connections: 16, connectionPerRequest: true },
  ],
  durable: [
    { name: '0.3 kB, 64 connections', bodyBytes: 300, connections: 64 },
    { name: '1 kB, 64 connections', bodyBytes: 1000, connections: 64, target: 0.6 },
    { name: '1 kB, 256 connections', bodyBytes: 1000, connections: 256, target: 1 },
    { name: '64 kB, 16 connections', bodyBytes: 64_000, connections: 16 },
    { name: '1 kB, a connection per event', bodyBytes: 1000, connections: 16, connectionPerRequest: true },
  ],
};

export interface IntakeOptions {
  seconds: number;
  pairs: number;
}

/** What it accepted is stored before the other one is measured, so that shipping slows down only ourselves. */
export async function measureIntake(
  acknowledge: 'written' | 'durable',
  one: IntakeCase,
  { seconds, pairs }: IntakeOptions,
): Promise<Comparison> {
  await using reference = await startReference();
  await using collector = await runCollector({ acknowledge });
  const plan = { ...one, connectionPerRequest: one.connectionPerRequest ?? false, seconds };
  return await compare(pairs, {
    reference: () => requestsPerSecond({ ...plan, port: reference.port }),
    async ours() {
      const rate = await requestsPerSecond({ ...plan, port: collector.port });
      await collector.caughtUp();
      return rate;
    },
  });
}

export async function requestsPerSecond(plan: LoadPlan): Promise<number> {
  const result = await runLoad(plan);
  if (result.failures > 0) throw new Error(`${result.failures} requests failed: ${JSON.stringify(plan)}`);
  return result.requests / result.seconds;
}

export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const generator = join(import.meta.dirname, 'load/generator.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [generator, JSON.stringify(plan)]);
  return JSON.parse(stdout) as LoadResult;
}
