/** The collector: builds the stages in the order of the picture, and takes them down in the same order. */
import { randomBytes, randomUUID } from 'node:crypto';

import type { Logger } from 'pino';

import type { CollectorStatus } from './admin/status.ts';
import { openAdmin } from './admin/server.ts';
import type { PolicyPatch } from './admin/policy-patch.ts';
import { decide, keptEvent } from './admit/decide.ts';
import { createPolicies } from './admit/policy.ts';
import type { Redactor } from './admit/redaction.ts';
import { keptBy } from './admit/keep-rules.ts';
import { countingWriter, payloadWriter } from './admit/payload.ts';
import { lengthOf, makeRecord } from './admit/record.ts';
import { Recorder } from './admit/recorder.ts';
import type { CollectorConfig } from './config/config.ts';
import type { Redaction } from './config/redaction.ts';
import { Counters } from './counters.ts';
import { causeOf } from './errors.ts';
import { createEvents } from './events.ts';
import { nodeFiles } from './files.ts';
import type { SpoolFiles } from './files.ts';
import type { Acceptance, AdmittedEvent, AdmittedRecord, CapturedBody, Door } from './flow.ts';
import { Budget } from './intake/budget.ts';
import type { IntakeEvents } from './intake/exchange.ts';
import { openIntake } from './intake/server.ts';
import { Blockade } from './intake/tap/blockade.ts';
import { openTap } from './intake/tap/server.ts';
import { Unfinished } from './intake/tap/unfinished.ts';
import { collectorStatus } from './report-status.ts';
import { writeSdkConfig } from './sdk-config.ts';
import { lastStoredSequence, openCheckpoint } from './ship/checkpoint.ts';
import { Shipper } from './ship/shipper.ts';
import { openSpool } from './spool/open.ts';
import { openDatastores, probeDatastores, requireOwnPlaces, requireStores } from './stores.ts';
import type { OpenDatastore } from './stores.ts';
import { DropTally } from './tally.ts';

export interface CollectorDependencies {
  logger: Logger;
  now?: () => number;
  files?: SpoolFiles;
  openDatastore?: OpenDatastore;
}

export interface Collector extends AsyncDisposable {
  readonly intakePort: number;
  readonly adminPort: number;
  /** Where clients of the model server come to, when there is a `proxy`. */
  readonly proxyPort: number | undefined;
  readonly instance: string;
  status(): CollectorStatus;
  /** Stores what the flight recorder holds; how many records, or `undefined` when there is none. */
  keepRecorded(cause: string): number | undefined;
  /** Takes nothing more, and brings everything accepted to the store until `signal` ends it. */
  drain(signal: AbortSignal): Promise<DrainResult>;
}

export interface DrainResult {
  complete: boolean;
  /** Frames that stay in the spool for the next start. */
  left: number;
}

const tallyIntervalMs = 1000;
/** What an append costs, and what an object. */
const flushIntervalMs = { append: 1000, object: 300_000 };
/** Larger bodies are written to the spool as they come; structured events must be read whole. */
const maxMemoryBytes = 4 * 1024 * 1024;
const maxStructuredBytes = 32 * 1024 * 1024;

/**
 * Errors: those of the spool, `address_in_use`, `token_required`, and what a store says for good ({@link probeDatastores}).
 * Nothing stays open when it throws.
 */
export async function openCollector(
  config: CollectorConfig,
  options: CollectorDependencies,
): Promise<Collector> {
  const { logger, now = Date.now, files = nodeFiles, openDatastore } = options;
  const { settings, spoolFolder, redaction } = config;
  await using stack = new AsyncDisposableStack();
  const startedMs = now();
  const policies = createPolicies(config.collections);
  const counters = new Counters(config.collections.map((policy) => policy.destination.collection));
  const events = createEvents(counters, logger, now);
  config.warnings.forEach((warning) => events.configurationWarning(warning));
  const tally = new DropTally();
  let isDraining = false;

  // datastore
  const datastores = await openDatastores(config.datastores, openDatastore);
  for (const datastore of datastores.values()) stack.use(datastore);
  requireOwnPlaces(datastores, config.collections);
  const probed = probeDatastores(datastores, config);
  probed.catch(() => undefined);

  // spool: goes on behind what ship has stored
  const spool = await openSpool({
    folder: spoolFolder,
    acknowledge: settings['spool.ack'],
    maxBytes: settings['spool.max_size'],
    afterSequence: () => lastStoredSequence(files, spoolFolder),
    files,
    now,
    events,
  });
  stack.use(spool);
  await requireStores(datastores, spool.recoveredStores, async (datastore) => {
    const { loaded } = await openCheckpoint(files, { folder: spoolFolder, datastore });
    return loaded.cut;
  });
  const troubles = await probed;

  // ship
  const lanes = await Promise.all(
    [...datastores].map(async ([name, datastore]) => {
      const place = datastore.url('x').slice(0, -1);
      const checkpoint = await openCheckpoint(files, { folder: spoolFolder, datastore: name, place });
      return { name, datastore, checkpoint };
    }),
  );
  const shippers = lanes.map(({ name, datastore, checkpoint }) => {
    const shipper = new Shipper({
      source: spool.openSource(checkpoint.loaded.cut),
      datastore,
      name,
      instance: spool.instance,
      checkpoint,
      flushIntervalMs: settings['ship.flush_interval'] ?? flushIntervalMs[datastore.writes],
      maxBatchBytes: settings['ship.batch_size'],
      objectBytes: settings['ship.object_size'],
      sealGraceMs: settings['ship.seal_grace'],
      mergeWindowMs: settings['ship.merge_window'],
      callTimeoutMs: settings['ship.call_timeout'],
      now,
      events,
    });
    shipper.start(troubles.get(name));
    return stack.use(shipper);
  });

  // admit
  const urlOf = (datastore: string, path: string): string => datastores.get(datastore)?.url(path) ?? path;
  const recordOptions = { source: config.source, urlOf };
  const redactor = redaction && (await openRedactor(redaction));
  const recordOf = (event: AdmittedEvent, body: CapturedBody): AdmittedRecord =>
    redactor === undefined
      ? makeRecord(event, body, recordOptions)
      : makeRecord(redactor.event(event), redactor.body(event, body), recordOptions);
  const maxAgeMs = (settings['recorder.minutes'] ?? 0) * 60_000;
  const recorder =
    maxAgeMs > 0 ? new Recorder({ maxAgeMs, maxBytes: settings['recorder.max_bytes'], now }) : undefined;
  const leave = (body: CapturedBody | undefined): void => {
    if (body?.kind === 'file' && !body.staysWhenRefused) spool.removePayload(body.file);
  };
  const append = (record: AdmittedRecord, answer: (acceptance: Acceptance) => void): void => {
    const { collection } = record.destination;
    const payload = record.payload?.body;
    spool.append(record, (acceptance) => {
      if (acceptance.kind !== 'refused') events[acceptance.kind](collection);
      if (acceptance.kind !== 'accepted') leave(payload);
      answer(acceptance);
    });
  };
  const door: Door = {
    decide(head, mayBeKept = false) {
      events.seen(head);
      return decide(head, policies.get(head.collection), {
        mayBeKept: mayBeKept || recorder !== undefined,
        onTimeReplaced: (collection) => events.timeReplaced(collection),
      });
    },
    accept(event, body, answer) {
      const { isSampledOut, keptBy: rule } = event;
      const kept = isSampledOut ? rule && keptEvent(event, rule) : event;
      if (kept) {
        // Before anything is made of it, so that a full spool costs next to nothing.
        const reason = spool.refusalOf(lengthOf(body));
        if (reason === undefined) return append(recordOf(kept, body), answer);
        leave(body);
        leave(body.stream);
        return answer({ kind: 'refused', reason });
      }
      recorder?.hold(recordOf(keptEvent(event, 'recorder'), body));
      answer({ kind: 'refused', reason: 'sampled_out' });
    },
    async createPayload(event, mayWait) {
      if (event.isSampledOut) return countingWriter('too_large');
      const open = async () => payloadWriter(event, await spool.createPayload(mayWait));
      if (redactor === undefined) return await open();
      return (await redactor.payload(event, open)) ?? countingWriter('redaction_failed');
    },
    keptBy: (outcome) => keptBy(settings.keep ?? [], outcome),
  };
  const noteTallies = (): void => tally.flush((one) => spool.noteDropped(one));
  const tallyTimer = setInterval(noteTallies, tallyIntervalMs).unref();
  stack.defer(() => clearInterval(tallyTimer));

  // intake
  const intakeEvents: IntakeEvents = {
    dropped(reason, head) {
      events.dropped(reason, head);
      const policy = head === undefined ? undefined : policies.get(head.collection);
      if (policy?.enabled && head !== undefined) tally.add(policy.destination, head, reason);
    },
  };
  const intake = await openIntake({
    host: settings['intake.host'],
    port: settings['intake.port'],
    token: settings['intake.token'],
    maxBodyBytes: settings['intake.max_body'],
    maxBufferedBytes: settings['intake.max_buffered'],
    stallTimeoutMs: settings['intake.stall_timeout'],
    idleTimeoutMs: settings['intake.idle_timeout'],
    maxMemoryBytes,
    maxStructuredBytes,
    door,
    events: intakeEvents,
    now,
  });
  stack.use(intake);

  // tap: the same stage for what passes between clients and the model server
  const unfinished = new Unfinished();
  const tap =
    settings.proxy &&
    (await openTap({
      route: settings.proxy,
      door,
      events: intakeEvents,
      captureHeaders: config.captureHeaders.map((name) => name.toLowerCase()),
      allowSensitiveHeaders: settings.allow_sensitive_headers ?? [],
      body: {
        budget: new Budget(settings['intake.max_buffered']),
        maxMemoryBytes,
        maxBodyBytes: settings['intake.max_body'],
        largeBodies: settings.large_bodies,
        onFull: settings.on_full,
      },
      blockade: settings.on_full === 'block' ? new Blockade() : undefined,
      unfinished,
      hasKeepRules: settings.keep !== undefined,
      undelivered: settings.undelivered,
      newRequestId: randomUUID,
      onUnframed: (code) => events.unframed(code),
      onBodyFailed: (error) => events.spoolWriteFailed(causeOf(error)),
      onUnreachable: (code) => events.upstreamUnreachable(code),
      now,
    }));
  if (tap !== undefined) stack.use(tap);

  const keepRecorded = (cause: string): number | undefined => {
    const records = recorder?.take();
    if (records === undefined) return undefined;
    events.recorderKept({ records: records.length, cause });
    for (const record of records) {
      const { destination, time, arrivalMs } = record;
      const head = {
        collection: destination.collection,
        arrivalMs,
        attributes: { time: String(time), extensions: [] },
      };
      events.seen(head);
      append(record, (acceptance) => {
        if (acceptance.kind === 'refused') intakeEvents.dropped(acceptance.reason, head);
      });
    }
    return records.length;
  };

  // admin
  const status = (): CollectorStatus =>
    collectorStatus({
      spool,
      shippers,
      policies,
      counters,
      source: config.source,
      acknowledge: settings['spool.ack'],
      startedMs,
      now,
      isDraining: () => isDraining,
      recorder,
    });
  const publishPolicy = async (): Promise<void> => {
    const path = settings.write_mdc_config;
    if (path !== undefined) await writeSdkConfig(path, policies.all(), config.captureHeaders);
  };
  await publishPolicy();
  const admin = await openAdmin({
    host: settings['admin.host'],
    port: settings['admin.port'],
    token: settings['admin.token'],
    status,
    async applyPolicy(patch: PolicyPatch) {
      const unknown = [...patch.keys()].filter((collection) => policies.get(collection) === undefined);
      if (unknown.length > 0) return unknown;
      for (const [collection, change] of patch) {
        policies.change(collection, change);
        const { enabled, samplingRate } = { enabled: false, samplingRate: 0, ...policies.get(collection) };
        events.policyChanged({ collection, enabled, samplingRate });
      }
      await publishPolicy();
      return [];
    },
    keepRecorded: () => keepRecorded('asked for'),
  });
  stack.use(admin);

  events.started({
    intake: `${settings['intake.host']}:${intake.port}`,
    admin: `${settings['admin.host']}:${admin.port}`,
    ...(tap !== undefined && { proxy: `${settings.proxy?.host}:${tap.port}` }),
    instance: spool.instance,
  });
  const owned = stack.move();
  return {
    intakePort: intake.port,
    adminPort: admin.port,
    proxyPort: tap?.port,
    instance: spool.instance,
    status,
    keepRecorded,
    async drain(signal) {
      isDraining = true;
      events.draining();
      await tap?.close();
      await intake.close();
      await unfinished.over(signal);
      noteTallies();
      await spool.stopAccepting();
      const complete = (await Promise.all(shippers.map((shipper) => shipper.drain(signal)))).every(Boolean);
      const result = { complete, left: complete ? 0 : status().backlog.records };
      events.drained(result);
      return result;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Loaded where it is needed alone: its patterns take time and memory. */
async function openRedactor(redaction: Redaction): Promise<Redactor> {
  const { createRedactor } = await import('./admit/redaction.ts');
  return createRedactor({
    rulesOf: (name) => redaction.forCollection(name),
    idRules: redaction.all,
    idKey: randomBytes(32),
  });
}
