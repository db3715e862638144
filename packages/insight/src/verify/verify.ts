import type { Datastore } from '@gleaner/datastore';
import { finding } from '../findings.ts';
import type { OnFinding } from '../findings.ts';
import { folderPath, isDataFile, isManifest, listWindows } from '../layout.ts';
import type { CollectedWindow } from '../layout.ts';
import { locatePayload, payloadUrl } from '../payload.ts';
import { readRecords } from '../records.ts';
import type { RecordLine } from '../records.ts';
import { checkWindow } from './check-window.ts';
import { createEventIds } from './event-ids.ts';
import type { EventIds } from './event-ids.ts';
import { createLinks } from './links.ts';
import { addCounts, collectFindings, noCounts } from './report.ts';
import type { CollectionVerdict, VerifyReport } from './report.ts';

export interface VerifyOptions {
  /** Findings that are kept; more are counted. Default 1,000. */
  maxFindings?: number;
  /** Events remembered at a time, 32 bytes each; a collection with more is read more than once. Default 4 million. */
  maxEventIds?: number;
  /** Told of every window before it is read. */
  onWindow?: (window: CollectedWindow) => void;
}

/**
 * Is everything here that was accepted, once, and as it was sealed? Holds every line below `prefix` against the manifests, every
 * manifest against the one before it, every event against all others of its collection, and every reference against the body
 * that it names. Files without a manifest are open: their window is not over. Nothing is written, and a collector may go on.
 */
export async function verify(
  datastore: Datastore,
  prefix = '',
  { maxFindings = 1000, maxEventIds = 4 * 1024 * 1024, onWindow = () => {} }: VerifyOptions = {},
): Promise<VerifyReport> {
  const found = collectFindings(maxFindings);
  const collections: CollectionVerdict[] = [];
  const totals = noCounts();
  for (const collection of await collectionsBelow(datastore, prefix)) {
    const ids = createEventIds({ maxEntries: maxEventIds });
    const scope = { datastore, collection, prefix, ids, onFinding: found.add, onWindow };
    const verdict = await verifyCollection(scope);
    collections.push(verdict);
    addCounts(totals, verdict);
  }
  const { findings, findingsOmitted, errors } = found.result();
  const ok = totals.missing === 0 && totals.duplicate === 0 && errors === 0;
  return { ok, totals, collections, findings, findingsOmitted };
}

interface Scope {
  datastore: Datastore;
  collection: string;
  prefix: string;
  ids: EventIds;
  onFinding: OnFinding;
  onWindow: (window: CollectedWindow) => void;
}

async function verifyCollection(scope: Scope): Promise<CollectionVerdict> {
  const { datastore, ids, onFinding } = scope;
  const verdict: CollectionVerdict = { collection: scope.collection, ...noCounts() };
  const links = createLinks();
  for await (const window of windowsOf(scope)) {
    scope.onWindow(window);
    const lengths = new Map(window.objects.map(({ path, byteLength }) => [path, byteLength]));
    const onRecord = async (entry: RecordLine): Promise<void> => {
      checkEvent(scope, entry);
      await checkPayload(scope, entry, lengths);
    };
    const checked = await checkWindow({ datastore, window, lengths, onFinding, onRecord });
    addCounts(verdict, checked.counts);
    checked.seals.forEach(links.add);
  }
  while (ids.nextPart()) await checkEvents(scope);
  verdict.duplicate = ids.repeated;
  verdict.stored -= ids.repeated;
  // A part of a collection cannot say what came before it.
  if (!isPart(scope)) links.check(onFinding);
  return verdict;
}

function checkEvent({ ids, onFinding }: Scope, { file, line, record }: RecordLine): void {
  const id = record.id ?? '';
  if (!ids.seenBefore(record.attributes.get('source') ?? '', id)) return;
  onFinding(finding('event_duplicate', { file, line: line.number }, `The event ${id} is stored already.`));
}

/** The events that did not fit into the table on the rounds before. */
async function checkEvents(scope: Scope): Promise<void> {
  for await (const window of windowsOf(scope)) {
    for (const { path } of window.objects.filter((object) => isDataFile(object.path))) {
      for await (const entry of readRecords(scope.datastore, path)) checkEvent(scope, entry);
    }
  }
}

async function checkPayload(
  { datastore, onFinding }: Scope,
  { file, line, record }: RecordLine,
  listed: ReadonlyMap<string, number>,
): Promise<void> {
  const url = payloadUrl(record);
  if (url === undefined) return;
  const spot = { file, line: line.number };
  const place = await locatePayload(datastore, url, { record, file, listed });
  const total = record.contentRange?.total;
  if (place.kind === 'missing') onFinding(finding('payload_missing', spot, `The body is not there: ${url}`));
  else if (place.kind === 'elsewhere') {
    onFinding(finding('payload_elsewhere', spot, `The body is outside this store: ${url}`));
  } else if (total !== undefined && total !== place.byteLength) {
    const message = `The body ${place.path} has ${place.byteLength} bytes; ${total} were received.`;
    onFinding(finding('payload_changed', spot, message));
  }
}

/** A folder whose data files are gone still counts while a manifest speaks for them. */
function holdsData({ objects }: CollectedWindow): boolean {
  return objects.some(({ path }) => isDataFile(path) || isManifest(path));
}

async function collectionsBelow(datastore: Datastore, prefix: string): Promise<string[]> {
  const collections = new Set<string>();
  for await (const window of listWindows(datastore, prefix)) {
    if (holdsData(window)) collections.add(window.collection);
  }
  return [...collections].sort();
}

async function* windowsOf({ datastore, collection, prefix }: Scope): AsyncGenerator<CollectedWindow> {
  const root = folderPath(collection);
  for await (const window of listWindows(datastore, prefix.startsWith(root) ? prefix : root)) {
    if (window.collection === collection && holdsData(window)) yield window;
  }
}

function isPart({ collection, prefix }: Scope): boolean {
  return prefix.length > folderPath(collection).length;
}
