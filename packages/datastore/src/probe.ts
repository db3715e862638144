import { randomUUID } from 'node:crypto';

import type { CallOptions, Datastore } from './datastore.ts';
import { DatastoreError } from './errors.ts';

/** Begins the names of probes: no reader takes them for data. */
const probePrefix = '_gleaner-probe-';
const cleanUpTimeoutMs = 2000;

/**
 * Writes a small object into `folder`, reads it, and removes it again: whoever may do that may collect there. `step` is called
 * behind each of the steps. Errors: those of the store, `store_permission_denied` above all.
 */
export async function probe(
  datastore: Datastore,
  folder: string,
  options: CallOptions & { onStep?: (step: ProbeStep) => void } = {},
): Promise<void> {
  const { onStep = () => undefined } = options;
  const path = `${folder === '' ? '' : `${folder}/`}${probePrefix}${randomUUID()}`;
  const bytes = Buffer.from('Gleaner looks whether it may write here.\n');
  try {
    if (datastore.writes === 'append') await datastore.append(path, { offset: 0, bytes }, options);
    else await datastore.put(path, bytes, options);
    onStep('write');
    const length = await datastore.length(path, options);
    onStep('length');
    const found = Buffer.concat(await Array.fromAsync(datastore.read(path, {}, options)));
    onStep('read');
    if (length !== bytes.length || !found.equals(bytes)) {
      const message = `What was written to ${path} came back as ${found.length} bytes, with a length of ${length}.`;
      throw new DatastoreError('store_failed', message);
    }
  } catch (error) {
    // With a time of its own: the caller's may be over. What failed first says more than this can.
    await datastore.delete(path, { signal: AbortSignal.timeout(cleanUpTimeoutMs) }).catch(() => undefined);
    throw error;
  }
  await datastore.delete(path, options);
  onStep('delete');
}

/** Whether a path is that of a probe, which a killed process may have left. */
export function isProbe(path: string): boolean {
  return path.slice(path.lastIndexOf('/') + 1).startsWith(probePrefix);
}

export type ProbeStep = 'write' | 'length' | 'read' | 'delete';
