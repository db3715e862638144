/** Everything that was collected of one request. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Datastore, StoredObject } from '@gleaner/datastore';
import { collectionOfType, scanJson } from '@gleaner/protocol';
import type { StoredRecord } from '@gleaner/protocol';
import type { ObjectCache } from '../cache/object-cache.ts';
import type { OnFinding } from '../findings.ts';
import { nameOf, windowFolderOf } from '../layout.ts';
import { readLines } from '../lines.ts';
import type { Line } from '../lines.ts';
import { locatePayload, payloadUrl } from '../payload.ts';
import type { PayloadPlace } from '../payload.ts';
import { recordOf } from '../records.ts';

export interface FoundRecord {
  collection: string;
  file: string;
  line: Line;
  record: StoredRecord;
  /** Where its body rests, when that is not in its line. */
  place?: PayloadPlace;
  /** JSON text of a body that rests elsewhere, when it is JSON of at most 1 MiB. */
  body?: Uint8Array;
}

export interface FindRequestOptions {
  cache: ObjectCache;
  onFinding?: OnFinding;
  onFile?: (file: StoredObject) => void;
  signal?: AbortSignal | undefined;
}

const maxBodyBytes = 1024 * 1024;

/**
 * The records of the objects that have this correlation id: the request first, then what the model took, what it gave, the
 * response; each in the order of its time. Lines that do not hold the id are not looked at.
 */
export async function findRequest(
  source: { datastore: Datastore; objects: readonly StoredObject[] },
  correlationId: string,
  { cache, onFinding = () => {}, onFile = () => {}, signal }: FindRequestOptions,
): Promise<FoundRecord[]> {
  const { datastore, objects } = source;
  const needle = isPlain.test(correlationId) ? Buffer.from(correlationId) : undefined;
  const found: FoundRecord[] = [];
  const queue = objects.values();
  const work = async (): Promise<void> => {
    for (const object of queue) {
      if (object.byteLength === 0) continue;
      const mayGrow = (windowFolderOf(object.path)?.end ?? Infinity) * 1000 > Date.now();
      const { path, byteLength } = await cache.fetch(datastore, object, { mayGrow, signal });
      onFile(object);
      if (needle !== undefined && !(await holds(path, needle))) continue;
      const lines = {
        read: () => createReadStream(path, { end: byteLength - 1, highWaterMark: 256 * 1024 }),
      };
      for await (const line of readLines(lines, object.path)) {
        if (
          needle !== undefined &&
          Buffer.from(line.bytes.buffer, line.bytes.byteOffset, line.bytes.length).indexOf(needle) < 0
        )
          continue;
        const { record, problem } = recordOf(line, object.path);
        if (problem !== undefined) onFinding(problem);
        if (record?.correlationId !== correlationId) continue;
        found.push(await withBody(datastore, { file: object.path, line, record }));
      }
    }
  };
  await Promise.all(Array.from({ length: filesAtOnce }, work));
  return found.sort(inOrderOfServing);
}

const filesAtOnce = 8;

/** Such an id stands in a line as it is, however the line was written. */
const isPlain = /^[A-Za-z0-9 _.:;,|=+*~#@!$%^()[\]{}-]+$/;

const chunkBytes = 1024 * 1024;

/** Whether the file holds the bytes. */
async function holds(path: string, needle: Buffer): Promise<boolean> {
  await using file = await open(path);
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  const overlap = needle.length - 1;
  for (let position = 0; ; position += chunkBytes - overlap) {
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, position);
    if (buffer.subarray(0, bytesRead).includes(needle)) return true;
    if (bytesRead < chunkBytes) return false;
  }
}

async function withBody(
  datastore: Datastore,
  { file, line, record }: { file: string; line: Line; record: StoredRecord },
): Promise<FoundRecord> {
  const collection =
    nameOf(windowFolderOf(file)?.collection ?? '') ||
    (collectionOfType(record.type ?? '') ?? record.type ?? '');
  const found = { collection, file, line, record };
  const url = payloadUrl(record);
  if (url === undefined) return found;
  const place = await locatePayload(datastore, url, { record, file });
  if (place.kind !== 'found' || place.byteLength > maxBodyBytes) return { ...found, place };
  const body = Buffer.concat(await Array.fromAsync(datastore.read(place.path)));
  return scanJson(body).valid ? { ...found, place, body } : { ...found, place };
}

const stages: readonly RegExp[] = [/^request$/, /inputs$/, /./, /outputs$/, /^response$/];

function inOrderOfServing(a: FoundRecord, b: FoundRecord): number {
  return (
    stageOf(a) - stageOf(b) ||
    compare(a.record.time ?? '', b.record.time ?? '') ||
    compare(a.file, b.file) ||
    a.line.number - b.line.number
  );
}

function stageOf({ collection }: FoundRecord): number {
  const stage = stages.findIndex((one, index) => index !== otherStage && one.test(collection));
  return stage < 0 ? otherStage : stage;
}

const otherStage = 2;

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
