import { isUtf8 } from 'node:buffer';

import {
  inlineFrame,
  isJsonContentType,
  maxLineBytes,
  payloadName,
  referenceLine,
  scanJson,
  windowFolder,
} from '@gleaner/protocol';
import type { Extension, JsonScan, RecordAttributes } from '@gleaner/protocol';

import type { AdmittedEvent, AdmittedRecord, CapturedBody, KeptBody, RecordLine } from '../flow.ts';

export interface RecordOptions {
  /** Resource id of the deployment: the source of events that name none. */
  source: string;
  /** What a user can open, for a path in the collection's store. */
  urlOf(datastore: string, path: string): string;
}

/** A stream of events that is longer rests beside its line, not in it. */
const maxInlineStreamBytes = 256 * 1024;

/**
 * Makes the record of an event. The body stands in the line when its collection can hold it: an array of rows, or any JSON in
 * `request` and `response`, in a line of at most 4 MiB. Everything else goes beside the line, so that one odd record never
 * spoils a window for its readers (compat/differences).
 */
export function makeRecord(event: AdmittedEvent, body: CapturedBody, options: RecordOptions): AdmittedRecord {
  const { stream } = body;
  if (stream !== undefined) return makeAssembledRecord(event, { ...body, stream }, options);
  const { destination } = event;
  const attributes = attributesOf(event, body, options.source);
  const common = commonOf(event);
  if (body.kind === 'absent' || isEmptyPayload(body, destination.collection)) {
    const { head, tail } = inlineFrame(attributes);
    return { ...common, line: { kind: 'whole', text: `${head}null${tail}` }, payload: undefined };
  }
  const line = inlineLine(attributes, body);
  if (line !== undefined) return { ...common, line, payload: undefined };
  // Half a body, or an encoded one, is no JSON for a reader of tables.
  const json = isJsonContentType(attributes.contentType) && body.status === undefined;
  const name = payloadName(event.id, { json });
  const text = referenceLine(attributes, { url: payloadUrl(event, name, options), tabular: json });
  return { ...common, line: { kind: 'whole', text }, payload: { name, body } };
}

/** The message in the line; the stream that it was put together from in an attribute, or beside the line. */
function makeAssembledRecord(
  event: AdmittedEvent,
  body: CapturedBody & { stream: KeptBody },
  options: RecordOptions,
): AdmittedRecord {
  const { stream, ...assembled } = body;
  const text = streamText(stream);
  const name = payloadName(event.id, { json: false });
  const extension: Extension =
    text === undefined ? ['eventstreamref', payloadUrl(event, name, options)] : ['eventstream', text];
  const attributes = attributesOf(event, assembled, options.source);
  const line = inlineLine({ ...attributes, extensions: [...attributes.extensions, extension] }, assembled);
  // Too large for a line once it is escaped: the stream alone says the same.
  if (line === undefined) return makeRecord(event, stream, options);
  return { ...commonOf(event), line, payload: text === undefined ? { name, body: stream } : undefined };
}

function commonOf({ destination, time, arrivalMs, retryKey }: AdmittedEvent) {
  return { destination, time, arrivalMs, retryKey };
}

function inlineLine(attributes: RecordAttributes, body: CapturedBody): RecordLine | undefined {
  if (body.kind !== 'memory' || !isJsonContentType(attributes.contentType)) return undefined;
  const scan = scanJson(body.bytes);
  if (!fitsCollection(scan, attributes.collection)) return undefined;
  const frame = inlineFrame(attributes);
  if (lineBytes(frame, scan) > maxLineBytes) return undefined;
  return { kind: 'around', ...frame, body: body.bytes, scan };
}

function payloadUrl({ destination, time }: AdmittedEvent, name: string, { urlOf }: RecordOptions): string {
  const folder = windowFolder(time, destination.rollingRate);
  return urlOf(destination.datastore, `${destination.path}/${folder}/${name}`);
}

function streamText(stream: KeptBody): string | undefined {
  if (stream.kind !== 'memory' || stream.bytes.length > maxInlineStreamBytes) return undefined;
  return isUtf8(stream.bytes) ? Buffer.from(stream.bytes).toString('utf8') : undefined;
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
  const { status } = body;
  const keptBytes = lengthOf(body);
  return {
    id: event.id,
    source: attributes.source ?? source,
    collection: event.destination.collection,
    contentType: body.contentType ?? attributes.contentType ?? 'application/json',
    time: event.time,
    bodyBytes: body.sentBytes ?? keptBytes,
    ...(status === 'truncated' && { keptBytes }),
    correlationId: event.correlationId,
    extensions:
      status === undefined ? attributes.extensions : [...attributes.extensions, ['datastatus', status]],
  };
}

/** Of what is here. */
export function lengthOf(body: CapturedBody): number {
  switch (body.kind) {
    case 'memory':
      return body.bytes.length;
    case 'file':
      return body.byteLength;
    case 'absent':
      return 0;
  }
}
