/** Prometheus metrics, filled from the status when they are asked for. The names of the original's counters are in the help. */
import { Counter, Gauge, Registry } from 'prom-client';

import type { CollectorStatus } from './status.ts';

export interface Metrics {
  contentType: string;
  text(): Promise<string>;
}

export function createMetrics(status: () => CollectorStatus): Metrics {
  const registry = new Registry();
  const counter = (name: string, help: string, labels: string[] = ['collection']): Counter =>
    new Counter({ name: `gleaner_${name}`, help, labelNames: labels, registers: [registry] });
  const gauge = (name: string, help: string, labels: string[] = []): Gauge =>
    new Gauge({ name: `gleaner_${name}`, help, labelNames: labels, registers: [registry] });
  const events = counter('data_collection_events_total', 'Events processed (DataCollectionEvents).');
  const errors = counter(
    'data_collection_errors_total',
    'Events dropped, by reason (DataCollectionErrors).',
    ['collection', 'reason'],
  );
  const sampledOut = counter('sampled_out_total', 'Events left out by the sampling rate.');
  const accepted = counter('accepted_total', 'Records acknowledged and kept.');
  const repeated = counter('repeated_total', 'Events sent again and acknowledged again, stored once.');
  const stored = counter('stored_total', 'Records in the store.');
  const storedBytes = counter('stored_bytes_total', 'Bytes of lines in the store.');
  const timeReplaced = counter('event_time_replaced_total', 'Events whose time was missing or absurd.');
  const damagedBodies = counter('damaged_bodies_total', 'Bodies beside lines that the spool has lost.');
  const backlogRecords = gauge('backlog_records', 'Frames in the spool that are not stored yet.');
  const backlogAge = gauge('backlog_age_seconds', 'Age of the oldest record that is not stored yet.');
  const spoolBytes = gauge('spool_bytes', 'Bytes in the spool.');
  const spoolLimit = gauge('spool_max_bytes', 'Limit of the spool.');
  const damaged = gauge('spool_damaged_bytes', 'Bytes found damaged at the start, kept aside.');
  const ready = gauge('ready', '1 when records are taken.');

  const fill = (): void => {
    registry.resetMetrics();
    const { collections, unattributed, backlog, spool, ready: isReady } = status();
    for (const [collection, counters] of Object.entries(collections)) {
      events.inc({ collection }, counters.seen);
      accepted.inc({ collection }, counters.accepted);
      repeated.inc({ collection }, counters.repeated);
      stored.inc({ collection }, counters.stored);
      storedBytes.inc({ collection }, counters.storedBytes);
      timeReplaced.inc({ collection }, counters.timeReplaced);
      damagedBodies.inc({ collection }, counters.damagedBodies);
      sampledOut.inc({ collection }, counters.dropped.sampled_out ?? 0);
    }
    const dropped = [...Object.entries(collections), ['', unattributed] as const];
    for (const [collection, counters] of dropped) {
      for (const [reason, count] of Object.entries(counters.dropped)) {
        if (reason !== 'sampled_out') errors.inc({ collection, reason }, count);
      }
    }
    backlogRecords.set(backlog.records);
    backlogAge.set(backlog.ageSeconds);
    spoolBytes.set(spool.bytes);
    spoolLimit.set(spool.maxBytes);
    damaged.set(spool.damagedBytes);
    ready.set(isReady ? 1 : 0);
  };
  return {
    contentType: registry.contentType,
    text: () => {
      fill();
      return registry.metrics();
    },
  };
}
