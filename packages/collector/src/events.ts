/** Everything worth telling, in one file: counter and log line together. Payloads, ids and secrets are never logged. */
import type { DropReason } from '@gleaner/protocol';
import type { Logger } from 'pino';

import type { Counters } from './counters.ts';
import type { EventHead } from './flow.ts';
import type { ShipEvents } from './ship/context.ts';
import type { SpoolRecovery } from './spool/open.ts';
import type { SpoolEvents } from './spool/spool.ts';

export interface CollectorEvents extends SpoolEvents, ShipEvents {
  started(at: { intake: string; admin: string; proxy?: string; instance: string }): void;
  /** A tapped connection is passed on without being captured. */
  unframed(code: string): void;
  /** The model server cannot be reached, or does not speak HTTP/2; its clients are told. */
  upstreamUnreachable(cause: string): void;
  configurationWarning(warning: string): void;
  spoolRecovered(recovery: SpoolRecovery): void;
  seen(head: EventHead): void;
  accepted(collection: string): void;
  repeated(collection: string): void;
  timeReplaced(collection: string): void;
  dropped(reason: DropReason, head?: EventHead): void;
  policyChanged(change: { collection: string; enabled: boolean; samplingRate: number }): void;
  /** What the flight recorder held goes into the collections. */
  recorderKept(kept: { records: number; cause: string }): void;
  draining(): void;
  drained(result: { complete: boolean; left: number }): void;
}

/** The same line of refusals is logged at most this often, with how many there were. */
const dropLogIntervalMs = 10_000;

export function createEvents(counters: Counters, logger: Logger, now: () => number): CollectorEvents {
  const drops = new Map<DropReason, { count: number; loggedMs: number }>();
  const logDrop = (reason: DropReason, collection: string | undefined): void => {
    const entry = drops.get(reason) ?? { count: 0, loggedMs: Number.NEGATIVE_INFINITY };
    drops.set(reason, entry);
    entry.count++;
    if (now() - entry.loggedMs < dropLogIntervalMs) return;
    logger.warn({ event: 'dropped', reason, collection, count: entry.count }, `records dropped: ${reason}`);
    drops.set(reason, { count: 0, loggedMs: now() });
  };
  return {
    started: (at) => logger.info({ event: 'started', ...at }, `collector listens on ${at.intake}`),
    unframed: (code) =>
      logger.warn({ event: 'unframed', code }, 'a connection is passed on, and not captured any more'),
    upstreamUnreachable: (cause) =>
      logger.warn({ event: 'upstream_unreachable', cause }, `the model server is not reached: ${cause}`),
    configurationWarning: (warning) => logger.warn({ event: 'configuration_warning' }, warning),
    spoolRecovered(recovery) {
      const level = recovery.damagedBytes > 0 ? 'warn' : 'info';
      const { frames, damagedBytes } = recovery;
      const damage = damagedBytes > 0 ? `, ${damagedBytes} damaged bytes kept aside` : '';
      logger[level]({ event: 'spool_recovered', ...recovery }, `${frames} frames were in the spool${damage}`);
    },
    spoolWriteFailed: (cause) => logger.error({ event: 'spool_write_failed', cause }, `spool: ${cause}`),
    spoolWriteRecovered: () =>
      logger.info({ event: 'spool_write_recovered' }, 'the spool takes records again'),
    spoolSyncFailed: (cause) => logger.error({ event: 'spool_sync_failed', cause }, `spool sync: ${cause}`),
    seen: (head) => void counters.of(head.collection).seen++,
    accepted: (collection) => void counters.of(collection).accepted++,
    repeated: (collection) => void counters.of(collection).repeated++,
    timeReplaced: (collection) => void counters.of(collection).timeReplaced++,
    dropped(reason, head) {
      const { dropped } = counters.of(head?.collection);
      dropped[reason] = (dropped[reason] ?? 0) + 1;
      if (reason !== 'sampled_out') logDrop(reason, head?.collection);
    },
    stored({ collection, records, bytes }) {
      const counter = counters.of(collection);
      counter.stored += records;
      counter.storedBytes += bytes;
    },
    bodyDamaged(damage) {
      counters.of(damage.collection).damagedBodies++;
      logger.error({ event: 'body_damaged', ...damage }, 'spool: a body beside its line is damaged or gone');
    },
    sealed: (sealed) => logger.debug({ event: 'sealed', ...sealed }, 'window sealed'),
    fileCut: (cut) => logger.error({ event: 'file_cut', ...cut }, `${cut.path} was cut by somebody else`),
    shipFailed: (failure) => logger.error({ event: 'ship_failed', ...failure }, `store: ${failure.message}`),
    shipRecovered: (datastore) =>
      logger.info({ event: 'ship_recovered', datastore }, 'the store takes lines again'),
    policyChanged: (change) => logger.info({ event: 'policy_changed', ...change }, 'policy changed'),
    recorderKept: (kept) =>
      logger.info({ event: 'recorder_kept', ...kept }, `flight recorder: ${kept.records} records are kept`),
    draining: () => logger.info({ event: 'draining' }, 'draining'),
    drained(result) {
      const text = result.complete
        ? 'everything is stored'
        : `${result.left} frames stay in the spool for the next start`;
      logger[result.complete ? 'info' : 'warn']({ event: 'drained', ...result }, text);
    },
  };
}
