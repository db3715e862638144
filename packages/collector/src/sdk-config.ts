import { writeFile } from 'node:fs/promises';

import { writeMdcConfig } from '@gleaner/protocol';

import type { CollectionPolicy } from './admit/policy.ts';

/** Writes what `AZUREML_MDC_CONFIG_PATH` names: which collections an SDK may send. */
export async function writeSdkConfig(
  path: string,
  policies: Iterable<CollectionPolicy>,
  captureHeaders: readonly string[],
): Promise<void> {
  const collections = [...policies].map(({ destination, enabled, samplingRate }) => ({
    name: destination.collection,
    enabled,
    samplingRate,
  }));
  await writeFile(path, writeMdcConfig({ collections, captureHeaders }));
}
