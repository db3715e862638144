/** What `verify` looks at besides with `deep`. */
import type { Datastore } from '@gleaner/datastore';
import { collectionOfType } from '@gleaner/protocol';
import type { Manifest } from '@gleaner/protocol';
import { finding } from '../findings.ts';
import type { OnFinding } from '../findings.ts';
import { isDataFile, isManifest, nameOf } from '../layout.ts';
import type { CollectedWindow } from '../layout.ts';
import type { RecordLine } from '../records.ts';

/** A sealed line is of its window's time and its manifest's collection: otherwise it was brought there. */
export function checkRecord(
  { file, line, record }: RecordLine,
  {
    seal,
    window,
    onFinding,
  }: { seal: Manifest; window: Pick<CollectedWindow, 'window' | 'start' | 'end'>; onFinding: OnFinding },
): void {
  const spot = { file, line: line.number };
  const seconds = Date.parse(record.time ?? '') / 1000;
  if (!(seconds >= window.start && seconds < window.end)) {
    const message = `The record ${record.id} is of ${record.time ?? 'no time'}, which is not in ${window.window}.`;
    onFinding(finding('record_misplaced', spot, message));
  }
  const collection = collectionOfType(record.type ?? '');
  if (collection !== seal.collection) {
    const message = `The record ${record.id} is of type ${record.type}; ${seal.collection} was sealed here.`;
    onFinding(finding('record_misplaced', spot, message));
  }
}

/** How many bytes of a body come when it is read, where that is not what the store says. */
export async function shortBody(
  datastore: Pick<Datastore, 'read'>,
  { path, byteLength }: { path: string; byteLength: number },
): Promise<string | undefined> {
  let bytes = 0;
  for await (const chunk of datastore.read(path)) bytes += chunk.length;
  return bytes === byteLength ? undefined : `The body ${path} gave ${bytes} bytes of ${byteLength}.`;
}

/** Files of the window that are neither lines, nor manifests, nor named by a line, nor made of the lines. */
export function checkUnclaimed(
  { objects }: CollectedWindow,
  { claimed, onFinding }: { claimed: ReadonlySet<string>; onFinding: OnFinding },
): void {
  for (const { path } of objects) {
    if (isDataFile(path) || isManifest(path) || claimed.has(path) || /^[_.]/.test(nameOf(path))) continue;
    onFinding(finding('payload_unclaimed', { file: path }, 'No line of this window names this file.'));
  }
}
