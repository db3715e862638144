/**
 * `POST /events`: CloudEvents over HTTP in binary, structured and batch form (CloudEvents HTTP binding 3.1–3.3). The `data` of
 * a structured event is cut out of the text, byte for byte.
 */
import {
  arrayElements,
  cloudEventAttributes,
  objectMembers,
  readCloudEventHeaders,
  scanJson,
} from '@gleaner/protocol';
import type { Extension, TransportHeaders } from '@gleaner/protocol';

import type { EventHead } from '../flow.ts';
import type { Fields } from '../http1/fields.ts';
import type { Refusal } from './answers.ts';
import type { TypeReader } from './modeldata.ts';

export type EventMode = 'binary' | 'structured' | 'batch';

export interface StructuredEvent {
  head: EventHead;
  data: Uint8Array;
}

export function eventMode(contentType: string | undefined): EventMode {
  const media = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (media === 'application/cloudevents-batch+json') return 'batch';
  return media === 'application/cloudevents+json' ? 'structured' : 'binary';
}

export function readBinaryEvent(
  headers: Fields,
  arrivalMs: number,
  readType: TypeReader,
): EventHead | Refusal {
  const attributes = readCloudEventHeaders(headers);
  if (attributes.id === undefined) return invalid('ce-id is missing');
  if (attributes.source === undefined) return invalid('ce-source is missing');
  const collection = readType(attributes.type);
  return typeof collection === 'string' ? { collection, attributes, arrivalMs } : collection;
}

export interface StructuredOptions {
  mode: 'structured' | 'batch';
  headers: Fields;
  arrivalMs: number;
  readType: TypeReader;
}

/** All events of the body, or what is wrong with the first bad one: then none is taken. */
export function readStructuredEvents(
  body: Uint8Array,
  options: StructuredOptions,
): StructuredEvent[] | Refusal {
  if (!scanJson(body).valid) return invalid('the body is not valid JSON');
  const events: StructuredEvent[] = [];
  for (const text of options.mode === 'batch' ? elements(body) : [body]) {
    const event = readEvent(text, options);
    if ('status' in event) return event;
    events.push(event);
  }
  return events;
}

function* elements(body: Uint8Array): Generator<Uint8Array> {
  for (const { start, end } of arrayElements(body)) yield body.subarray(start, end);
}

function readEvent(text: Uint8Array, options: StructuredOptions): StructuredEvent | Refusal {
  const members: Extension[] = [];
  let data: Uint8Array = empty;
  let contentType: string | undefined;
  for (const { name, start, end } of objectMembers(text)) {
    const value = text.subarray(start, end);
    if (name === 'data') data = value;
    else if (name === 'data_base64') data = Buffer.from(textOf(value), 'base64');
    else if (name === 'datacontenttype') contentType = textOf(value);
    else if (textOf(value) !== 'null') members.push([name.toLowerCase(), textOf(value)]);
  }
  const attributes = cloudEventAttributes(members, {
    ...transportOf(options.headers),
    contentType: contentType ?? 'application/json',
  });
  if (attributes.id === undefined) return invalid('"id" is missing');
  if (attributes.source === undefined) return invalid('"source" is missing');
  const collection = options.readType(attributes.type);
  if (typeof collection !== 'string') return collection;
  return {
    head: { collection, attributes, arrivalMs: options.arrivalMs },
    data: unwrapped(data, contentType),
  };
}

/** Data of a type that is no JSON stands as a JSON string in a structured event: the body is its text. */
function unwrapped(data: Uint8Array, contentType: string | undefined): Uint8Array {
  const isText = data[0] === QUOTE && contentType !== undefined && !/[/+]json\b/i.test(contentType);
  return isText ? Buffer.from(textOf(data)) : data;
}

function transportOf(headers: Fields): TransportHeaders {
  const transport: TransportHeaders = {};
  const requestId = headers.get('x-request-id');
  const traceParent = headers.get('traceparent');
  if (requestId !== undefined) transport.requestId = requestId;
  if (traceParent !== undefined) transport.traceParent = traceParent;
  return transport;
}

/** A string without its quotes; any other value as it is written. */
function textOf(value: Uint8Array): string {
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8');
  return value[0] === QUOTE ? (JSON.parse(text) as string) : text;
}

function invalid(message: string): Refusal {
  return { status: 400, code: 'event_invalid', message: `${message}.` };
}

const QUOTE = 34;
const empty = new Uint8Array(0);
