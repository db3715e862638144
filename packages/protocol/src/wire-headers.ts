/**
 * Attributes of an event as they travel in HTTP headers: the SDK's own protocol on `/modeldata/log` (compat 2) and
 * CloudEvents binary mode on `/events`. Values are header bytes read as Latin-1.
 */
export interface EventAttributes {
  /** Event id: `trace-id` of the SDK when it is a UUID, `ce-id` of CloudEvents; a retry carries the same one. */
  id?: string;
  /** Only CloudEvents senders name one; otherwise the deployment is the source. */
  source?: string;
  type?: string;
  /** As given: epoch seconds or RFC 3339. */
  time?: string;
  contentType?: string;
  correlationId?: string;
  /** Everything else that becomes a key of the record, in record order. */
  extensions: Extension[];
}

export type Extension = readonly [name: string, value: string];

/** Keys the collector itself puts into a record; a header that would meet one of them is ignored. */
export const recordKeys: ReadonlySet<string> = new Set([
  'specversion',
  'id',
  'source',
  'type',
  'datacontenttype',
  'time',
  'data',
  'dataref',
  'datainblob',
  'contentrange',
  'correlationid',
  'xrequestid',
  'modelversion',
  'collectdatatype',
  'agent',
]);

/** CloudEvents attribute names are `[a-z0-9]`: lower case, everything else dropped. */
export function attributeName(headerKey: string): string {
  return headerKey.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Fields of a message in the order they came, looked at without making a string of each. */
export interface HeaderList {
  readonly size: number;
  nameAt(index: number): string;
  valueAt(index: number): string;
  nameLengthAt(index: number): number;
  /** Whether the field has this name, which is written in lower case. */
  isNamed(index: number, lowerCaseName: string): boolean;
}

/** Reads the headers of one `POST /modeldata/log`. The SDK sends no `ce-id`, `ce-source` or `ce-specversion`. */
// /!\ Hot path: once per SDK event; a name becomes a string only when nobody knows it.
export function readSdkHeaders(headers: HeaderList): EventAttributes {
  const attributes: EventAttributes = { extensions: [] };
  let modelVersion: string | undefined;
  let dataType: string | undefined;
  let agent: string | undefined;
  let others: Extension[] | undefined;
  for (let i = 0; i < headers.size; i++) {
    switch (sdkHeaderAt(headers, i)) {
      case 'content-type':
        attributes.contentType ??= headers.valueAt(i);
        break;
      case 'trace-id': {
        const id = headers.valueAt(i);
        if (isUuid(id)) attributes.id ??= id;
        break;
      }
      case 'ce-type':
        attributes.type ??= headers.valueAt(i);
        break;
      case 'ce-time':
        attributes.time ??= headers.valueAt(i);
        break;
      case 'ce-x-request-id':
        attributes.correlationId ??= headers.valueAt(i);
        break;
      case 'ce-model-version':
        modelVersion ??= headers.valueAt(i);
        break;
      case 'ce-collect-data-type':
        dataType ??= headers.valueAt(i);
        break;
      case 'ce-agent':
        agent ??= headers.valueAt(i);
        break;
      case undefined: {
        const key = headers.nameAt(i).toLowerCase();
        if (key.startsWith('ce-')) (others ??= []).push([key.slice(3), headers.valueAt(i)]);
      }
    }
  }
  if (modelVersion !== undefined) attributes.extensions.push(['modelversion', modelVersion]);
  if (dataType !== undefined) attributes.extensions.push(['collectdatatype', dataType]);
  if (agent !== undefined) attributes.extensions.push(['agent', agent]);
  if (others !== undefined) addExtensions(attributes.extensions, others);
  return attributes;
}

const sdkHeaders = [
  'content-type',
  'trace-id',
  'ce-type',
  'ce-time',
  'ce-x-request-id',
  'ce-model-version',
  'ce-collect-data-type',
  'ce-agent',
] as const;
type SdkHeader = (typeof sdkHeaders)[number];

/** By the length of the name, which tells most of them apart. */
const sdkHeadersByLength = new Map<number, SdkHeader[]>();
for (const name of sdkHeaders) {
  sdkHeadersByLength.set(name.length, [...(sdkHeadersByLength.get(name.length) ?? []), name]);
}

function sdkHeaderAt(headers: HeaderList, index: number): SdkHeader | undefined {
  const candidates = sdkHeadersByLength.get(headers.nameLengthAt(index));
  if (candidates === undefined) return undefined;
  for (const name of candidates) if (headers.isNamed(index, name)) return name;
  return undefined;
}

/**
 * Reads the headers of a CloudEvent in binary mode (CloudEvents HTTP binding 3.1). The correlation id is, in this order:
 * `ce-xrequestid` (also written `ce-x-request-id`), `ce-correlationid`, `x-request-id`, the trace id of `traceparent`, `ce-id`.
 */
export function readCloudEventHeaders(headers: Iterable<Extension>): EventAttributes {
  const members: Extension[] = [];
  const transport: TransportHeaders = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    if (key === 'content-type') transport.contentType ??= value;
    else if (key === 'x-request-id') transport.requestId ??= value;
    else if (key === 'traceparent') transport.traceParent ??= value;
    else if (key.startsWith('ce-')) members.push([attributeName(key.slice(3)), percentDecoded(value)]);
  }
  return cloudEventAttributes(members, transport);
}

export interface TransportHeaders {
  contentType?: string;
  requestId?: string;
  traceParent?: string;
}

/** Attributes of a CloudEvent from its members, whatever the mode it came in. */
export function cloudEventAttributes(
  members: Iterable<Extension>,
  transport: TransportHeaders,
): EventAttributes {
  const given = new Map<string, string>();
  for (const [name, value] of members) if (!given.has(name)) given.set(name, value);
  const attributes: EventAttributes = { extensions: [] };
  const take = (name: string): string | undefined => given.get(name);
  assign(attributes, 'id', take('id'));
  assign(attributes, 'source', take('source'));
  assign(attributes, 'type', take('type'));
  assign(attributes, 'time', take('time'));
  assign(attributes, 'contentType', transport.contentType ?? take('datacontenttype'));
  assign(
    attributes,
    'correlationId',
    take('xrequestid') ??
      take('correlationid') ??
      transport.requestId ??
      traceIdOf(transport.traceParent ?? take('traceparent')) ??
      take('id'),
  );
  for (const name of ['modelversion', 'collectdatatype', 'agent']) {
    const value = take(name);
    if (value !== undefined) attributes.extensions.push([name, value]);
  }
  addExtensions(attributes.extensions, given);
  return attributes;
}

export function isUuid(text: string): boolean {
  return text.length === 36 && uuid.test(text);
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function addExtensions(extensions: Extension[], others: Iterable<Extension>): void {
  for (const [key, value] of others) {
    const name = attributeName(key);
    const taken = name === '' || recordKeys.has(name) || extensions.some(([existing]) => existing === name);
    if (!taken) extensions.push([name, value]);
  }
}

function assign(
  attributes: EventAttributes,
  key: Exclude<keyof EventAttributes, 'extensions'>,
  value: string | undefined,
): void {
  if (value !== undefined && value !== '') attributes[key] = value;
}

/** CloudEvents HTTP binding 3.1.3.2: non-ASCII and `%`, `"`, blank travel percent-encoded; what does not decode stays. */
function percentDecoded(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** `00-<trace id>-<span id>-<flags>` (W3C Trace Context) */
function traceIdOf(traceParent: string | undefined): string | undefined {
  return traceParent === undefined ? undefined : /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(traceParent)?.[1];
}
