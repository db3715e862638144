/** A whole collector in this process, on free ports, over a temporary folder. */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadConfig, openCollector } from '@gleaner/collector';
import type { Collector, CollectorDependencies } from '@gleaner/collector';
import { pino } from 'pino';

export interface SystemOptions extends Partial<CollectorDependencies> {
  /** By flag name. */
  flags?: Record<string, string>;
  environment?: Record<string, string>;
  /** The `data_collector` block's `collections`; default: model_inputs and model_outputs, enabled. */
  collections?: Record<string, { enabled: string; sampling_rate?: number }>;
  rollingRate?: string;
  captureHeaders?: readonly string[];
  /** Other keys of a collector's file. */
  settings?: Record<string, unknown>;
  /** Goes on in the folder of an earlier system. */
  folder?: string;
}

export interface System extends AsyncDisposable {
  readonly folder: string;
  /** Root of the default datastore. */
  readonly dataFolder: string;
  readonly spoolFolder: string;
  readonly collector: Collector;
  readonly intakeUrl: string;
  readonly adminUrl: string;
  /** Brings everything to the store and ends the collector; the folder stays until the system is disposed. */
  finish(): Promise<void>;
  /** Every line of a collection, in the order of files and lines. */
  lines(collection: string): Promise<string[]>;
}

export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'gleaner-test-')));
  const { collections = { model_inputs: { enabled: 'true' }, model_outputs: { enabled: 'true' } } } = options;
  const { rollingRate, captureHeaders } = options;
  const block = {
    collections,
    ...(rollingRate !== undefined && { rolling_rate: rollingRate }),
    ...(captureHeaders !== undefined && { request_logging: { capture_headers: captureHeaders } }),
  };
  const deployment = { name: 'blue', endpoint_name: 'iris', instance_type: 'local', data_collector: block };
  await mkdir(folder, { recursive: true });
  const file = join(folder, options.settings === undefined ? 'deployment.yml' : 'collector.yml');
  const { instance_type: _, ...own } = deployment;
  await writeFile(
    file,
    JSON.stringify(options.settings === undefined ? deployment : { ...own, ...options.settings }),
  );
  const dataFolder = join(folder, 'data');
  const config = await loadConfig({
    ...(options.settings === undefined ? { deploymentFile: file } : { collectorFile: file }),
    dataFolder,
    flags: { 'intake-port': '0', 'admin-port': '0', 'flush-interval': '20ms', ...options.flags },
    environment: options.environment ?? {},
  });
  const collector = await openCollector(config, { logger: pino({ level: 'silent' }), ...options });
  let ended = false;
  return {
    folder,
    dataFolder,
    spoolFolder: config.spoolFolder,
    collector,
    intakeUrl: `http://127.0.0.1:${collector.intakePort}`,
    adminUrl: `http://127.0.0.1:${collector.adminPort}`,
    async finish() {
      if (ended) return;
      ended = true;
      await collector.drain(AbortSignal.timeout(20_000));
      await collector[Symbol.asyncDispose]();
    },
    lines: (collection) => linesBelow(join(dataFolder, 'modelDataCollector', 'iris', 'blue', collection)),
    async [Symbol.asyncDispose]() {
      if (!ended) await collector[Symbol.asyncDispose]();
      ended = true;
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function linesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch((): string[] => []);
  const lines: string[] = [];
  for (const name of names.filter((one) => one.endsWith('.jsonl')).sort()) {
    const text = await readFile(join(folder, name), 'utf8');
    lines.push(...text.split('\n').filter((line) => line !== ''));
  }
  return lines;
}
