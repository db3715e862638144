import type { Datastore } from '@gleaner/datastore';
import type { Manifest } from '@gleaner/protocol';
import { finding } from '../findings.ts';
import type { OnFinding } from '../findings.ts';
import { folderPath, isDataFile, isManifest, listWindows } from '../layout.ts';
import type { CollectedWindow } from '../layout.ts';
import { locatePayload, payloadUrl } from '../payload.ts';
import { checkRecord, checkUnclaimed, shortBody } from './deep-checks.ts';
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
  /** Reads the bodies beside the lines too, and holds each sealed line against its window and its collection. */
  deep?: boolean;
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
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const { maxFindings = 1000, maxEventIds = 4 * 1024 * 1024, deep = false, onWindow = () => {} } = options;
  const found = collectFindings(maxFindings);
  const collections: CollectionVerdict[] = [];
  const totals = noCounts();
  for (const collection of await collectionsBelow(datastore, prefix)) {
    const ids = createEventIds({ maxEntries: maxEventIds });
    const scope = { datastore, collection, prefix, ids, deep, onFinding: found.add, onWindow };
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
  deep: boolean;
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
    const claimed = new Set<string>();
    const onRecord = async (entry: RecordLine, seal: Manifest | undefined): Promise<void> => {
      checkEvent(scope, entry);
      if (scope.deep && seal !== undefined) checkRecord(entry, { seal, window, onFinding });
      for (const path of await checkPayloads(scope, entry, lengths)) claimed.add(path);
    };
    const onOpenFile = (file: string) => links.addOpen(file, window);
    const checked = await checkWindow({ datastore, window, lengths, onFinding, onRecord, onOpenFile });
    if (scope.deep) checkUnclaimed(window, { claimed, onFinding });
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

/** Paths of what rests beside the line. */
async function checkPayloads(
  scope: Scope,
  entry: RecordLine,
  listed: ReadonlyMap<string, number>,
): Promise<string[]> {
  const { record } = entry;
  const bodyUrl = payloadUrl(record);
  const streamUrl = record.attributes.get('eventstreamref');
  const paths: string[] = [];
  for (const url of [bodyUrl, streamUrl]) {
    if (url === undefined) continue;
    const total = url === bodyUrl ? record.contentRange?.total : undefined;
    const path = await checkPayload(scope, entry, { url, total, listed });
    if (path !== undefined) paths.push(path);
  }
  return paths;
}

async function checkPayload(
  { datastore, deep, onFinding }: Scope,
  { file, line, record }: RecordLine,
  { url, total, listed }: { url: string; total: number | undefined; listed: ReadonlyMap<string, number> },
): Promise<string | undefined> {
  const spot = { file, line: line.number };
  const place = await locatePayload(datastore, url, { record, file, listed });
  switch (place.kind) {
    case 'missing':
      onFinding(finding('payload_missing', spot, `The body is not there: ${url}`));
      return undefined;
    case 'elsewhere':
      onFinding(finding('payload_elsewhere', spot, `The body is outside this store: ${url}`));
      return undefined;
    case 'found': {
      const { path, byteLength } = place;
      const isChanged = total !== undefined && total !== byteLength;
      const changed = `The body ${path} has ${byteLength} bytes; ${total} were received.`;
      const problem = isChanged ? changed : deep ? await shortBody(datastore, place) : undefined;
      if (problem !== undefined) onFinding(finding('payload_changed', spot, problem));
      return path;
    }
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
