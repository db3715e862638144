import {
  inlineFrame,
  isJsonContentType,
  maxLineBytes,
  payloadName,
  referenceLine,
  scanJson,
  windowFolder,
} from '@gleaner/protocol';
import type { JsonScan, RecordAttributes } from '@gleaner/protocol';

import type { AdmittedEvent, AdmittedRecord, CapturedBody } from '../flow.ts';

export interface RecordOptions {
  /** Resource id of the deployment: the source of events that name none. */
  source: string;
  /** What a user can open, for a path in the collection's store. */
  urlOf(datastore: string, path: string): string;
}

/**
 * Makes the record of an event. The body stands in the line when its collection can hold it: an array of rows, or any JSON in
 * `request` and `response`, in a line of at most 4 MiB. Everything else goes beside the line, so that one odd record never
 * spoils a window for its readers (compat/differences).
 */
export function makeRecord(event: AdmittedEvent, body: CapturedBody, options: RecordOptions): AdmittedRecord {
  const { destination, time, arrivalMs, retryKey } = event;
  const json = isJsonContentType(event.attributes.contentType);
  const attributes = attributesOf(event, body, options.source);
  const common = { destination, time, arrivalMs, retryKey };
  if (body.kind === 'absent' || isEmptyPayload(body, destination.collection)) {
    const { head, tail } = inlineFrame(attributes);
    return { ...common, line: { kind: 'whole', text: `${head}null${tail}` }, payload: undefined };
  }
  if (json && body.kind === 'memory') {
    const scan = scanJson(body.bytes);
    const frame = inlineFrame(attributes);
    if (fitsCollection(scan, destination.collection) && lineBytes(frame, scan) <= maxLineBytes) {
      return { ...common, line: { kind: 'around', ...frame, body: body.bytes, scan }, payload: undefined };
    }
  }
  const name = payloadName(event.id, { json });
  const path = `${destination.path}/${windowFolder(time, destination.rollingRate)}/${name}`;
  const url = options.urlOf(destination.datastore, path);
  const text = referenceLine(attributes, { url, tabular: json });
  return { ...common, line: { kind: 'whole', text }, payload: { name, body } };
}

/** Whether a body that is a file could stand in the line after all: white space may have made it look too large. */
export function mayFitLine(contentType: string | undefined, scan: JsonScan): boolean {
  return isJsonContentType(contentType) && scan.valid && scan.embeddedLength < maxLineBytes;
}

/** Most requests for something, and some answers, have no body: there is nothing to put beside their line. */
function isEmptyPayload(body: CapturedBody, collection: string): boolean {
  return isPayloadCollection(collection) && body.kind === 'memory' && body.bytes.length === 0;
}

/** What the tap captures; all others belong to the SDKs. */
function isPayloadCollection(collection: string): boolean {
  return collection === 'request' || collection === 'response';
}

function fitsCollection(scan: JsonScan, collection: string): boolean {
  return scan.valid && (isPayloadCollection(collection) || scan.shape === 'rows');
}

function lineBytes(frame: { head: string; tail: string }, scan: JsonScan): number {
  const around = frame.head.length + frame.tail.length + scan.embeddedLength;
  if (around < maxLineBytes / 2) return around;
  return Buffer.byteLength(frame.head) + Buffer.byteLength(frame.tail) + scan.embeddedLength;
}

function attributesOf(event: AdmittedEvent, body: CapturedBody, source: string): RecordAttributes {
  const { attributes } = event;
  return {
    id: event.id,
    source: attributes.source ?? source,
    collection: event.destination.collection,
    contentType: attributes.contentType ?? 'application/json',
    time: event.time,
    bodyBytes: body.kind === 'memory' ? body.bytes.length : body.byteLength,
    correlationId: event.correlationId,
    extensions: attributes.extensions,
  };
}
