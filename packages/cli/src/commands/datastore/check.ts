/** `gleaner datastore check`: may this identity collect here, and what does it take? */
import { performance } from 'node:perf_hooks';

import { DatastoreError, openDatastore, probe } from '@gleaner/datastore';
import type { Datastore, DatastoreConfig, ProbeStep } from '@gleaner/datastore';

import { usageError } from '../../output/failure.ts';
import { printItems } from '../../output/print.ts';
import { styleFor } from '../../output/style.ts';
import { readDatastoreFile } from '../datastore-file.ts';
import { clockSkew } from './clock.ts';
import type { CheckOptions } from './datastore.ts';

interface Row {
  check: string;
  result: string;
  medianMs?: number;
  slowestMs?: number;
}

const rounds = 5;
const timeoutMs = 30_000;

/** Errors: `usage_invalid`, those of the store: the first step that fails. */
export async function checkDatastore(options: CheckOptions): Promise<void> {
  const config = await chosen(options);
  await using datastore = await openDatastore(config);
  const rows = [
    await reach(datastore, options.path),
    ...(await roundTrips(datastore, options.path)),
    growth(datastore),
    await clock(config),
  ];
  await printItems(
    rows,
    {
      json: (row) => JSON.stringify(row),
      columns: {
        CHECK: ({ check }) => check,
        RESULT: ({ result }) => result,
        MEDIAN: ({ medianMs }) => milliseconds(medianMs),
        SLOWEST: ({ slowestMs }) => milliseconds(slowestMs),
      },
    },
    options,
  );
  const { green } = styleFor(process.stderr);
  process.stderr.write(`${green('gleaner:')} ${datastore.url('x').slice(0, -1)} can be collected into.\n`);
}

async function chosen({ file, name, clientId }: CheckOptions): Promise<DatastoreConfig> {
  const named = await readDatastoreFile(file);
  const [only, ...others] = named.keys();
  const wanted = name ?? (others.length === 0 ? only : undefined);
  const config = wanted === undefined ? undefined : named.get(wanted);
  if (config !== undefined) return { ...config, ...(clientId !== undefined && { clientId }) };
  const known = [...named.keys()].join(', ') || 'none';
  throw usageError(
    wanted === undefined ? `${file} names several datastores.` : `${file} names no datastore '${wanted}'.`,
    `Choose one with --name: ${known}.`,
  );
}

/** The first call: a connection, a name, and most often a token. */
async function reach(datastore: Datastore, path: string): Promise<Row> {
  const startMs = performance.now();
  const signal = AbortSignal.timeout(timeoutMs);
  await datastore.length(path === '' ? 'gleaner' : `${path}/gleaner`, { signal });
  return { check: 'first answer', result: 'ok', ...timesOf([performance.now() - startMs]) };
}

async function roundTrips(datastore: Datastore, path: string): Promise<Row[]> {
  const times: Record<ProbeStep, number[]> = { write: [], length: [], read: [], delete: [] };
  for (let round = 0; round < rounds; round++) {
    let lastMs = performance.now();
    await probe(datastore, path, {
      signal: AbortSignal.timeout(timeoutMs),
      onStep(step) {
        const nowMs = performance.now();
        times[step].push(nowMs - lastMs);
        lastMs = nowMs;
      },
    });
  }
  return (Object.entries(times) as [ProbeStep, number[]][]).map(([step, took]) => ({
    check: step === 'length' ? 'ask for the length' : step,
    result: 'ok',
    ...timesOf(took),
  }));
}

function growth({ writes }: Datastore): Row {
  const result =
    writes === 'append'
      ? 'appends: lines within a second'
      : 'whole objects: lines within ship.flush_interval (5m)';
  return { check: 'how it grows', result };
}

async function clock(config: DatastoreConfig): Promise<Row> {
  const check = 'clock';
  const skew = await clockSkew(config);
  if (skew === undefined) return { check, result: 'that of this machine' };
  if (skew === 'unknown') return { check, result: 'the store does not tell its time' };
  const seconds = Math.round(skew / 1000);
  if (Math.abs(seconds) > 300) {
    throw new DatastoreError('store_failed', `This machine's clock is ${-seconds} s ahead of the store's.`, {
      fix: 'Set the clock: signatures and tokens are refused beyond some minutes.',
    });
  }
  const side = seconds > 0 ? 'ahead of' : 'behind';
  return {
    check,
    result: seconds === 0 ? 'the same as here' : `${Math.abs(seconds)} s ${side} this machine`,
  };
}

function timesOf(took: readonly number[]): Pick<Row, 'medianMs' | 'slowestMs'> {
  const sorted = took.toSorted((a, b) => a - b);
  return { medianMs: rounded(sorted[Math.floor(sorted.length / 2)]), slowestMs: rounded(sorted.at(-1)) };
}

function rounded(value = 0): number {
  return Math.round(value * 10) / 10;
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '' : `${value.toFixed(1)} ms`;
}
