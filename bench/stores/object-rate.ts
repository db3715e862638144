/** How many objects an hour of traffic makes in a store of whole objects, from a minute of it. */
import { loadConfig } from '@gleaner/collector';

import { drainTimeoutMs, sendAll, startCollectorOn, writeCollectorFile } from './collector.ts';
import { createRows } from './events.ts';
import type { StoreServer } from './servers.ts';

export interface ObjectRate {
  recordsPerSecond: number;
  /** Of lines, as stored. */
  bytesPerMinute: number;
  /** Collections: one window at a time for each of them. */
  windows: number;
  roundsPerHour: number;
  objectsPerHour: number;
}

const recordsPerSecond = 1000;
const bodyBytes = 300;
/** Where the store keeps whole objects (spec/collector-configuration.md). */
const defaultFlushIntervalMs = 300_000;

/** Sends what comes in a minute, as fast as it goes, with the settings that users have. `folder`: empty. */
export async function measureObjectRate(server: StoreServer, folder: string): Promise<ObjectRate> {
  const place = await server.makePlace();
  const collectorFile = await writeCollectorFile({ folder, place, endpoint: server.endpoint }, { ship: {} });
  const { settings } = await loadConfig({ collectorFile, flags: {}, environment: {} });
  {
    await using collector = await startCollectorOn(collectorFile);
    const refused = await sendAll(collector.intakePort, createRows(60 * recordsPerSecond, bodyBytes), {
      connections: 16,
    });
    if (refused.length > 0) throw new Error(`${refused.length} records were not taken`);
    await collector.drain(AbortSignal.timeout(drainTimeoutMs));
  }
  const files = (await place.list()).filter(({ path }) => path.endsWith('.jsonl'));
  const lengths = files.map(({ byteLength }) => byteLength);
  const flushIntervalMs = settings['ship.flush_interval'] ?? defaultFlushIntervalMs;
  // The largest window ends the round of all of them.
  const fullAfterMs = (settings['ship.object_size'] / Math.max(...lengths)) * 60_000;
  const roundsPerHour = Math.ceil(3_600_000 / Math.min(flushIntervalMs, fullAfterMs));
  return {
    recordsPerSecond,
    bytesPerMinute: lengths.reduce((sum, length) => sum + length, 0),
    windows: files.length,
    roundsPerHour,
    objectsPerHour: roundsPerHour * files.length,
  };
}
