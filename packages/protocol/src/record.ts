/**
 * The record line: one CloudEvents 1.0 event per line of JSON, and every rule of its form (spec/record.md, compat 5.2–5.6).
 *
 * ```
 * {"specversion":"1.0","id":…,"source":…,"type":…,"datacontenttype":…,"time":…,"data":…,"contentrange":…,"correlationid":…,
 *  "xrequestid":…,<extensions>}\n
 * ```
 *
 * `data` holds the body token for token ({@link embedJson}). A body that may not stand in the line is a file beside it:
 * `"dataref":"<url>"` in the place of `data` for JSON types, `"data":"<url>"` for all others, and `"datainblob":"true"`.
 */
import { contentRange } from './content-range.ts';
import { formatTime } from './time.ts';
import type { Extension } from './wire-headers.ts';

/** A line, its line feed included, is never longer: the body moves beside it. */
export const maxLineBytes = 4 * 1024 * 1024;

export const typePrefix = 'azureml.inference.';

export interface RecordAttributes {
  id: string;
  /** Resource id of the deployment, or what a CloudEvents sender named. */
  source: string;
  /** Lower-case name of the collection. */
  collection: string;
  contentType: string;
  /** Epoch seconds. */
  time: number;
  /** Length of the body as received. */
  bodyBytes: number;
  /** How many bytes of it are kept, when it was cut. */
  keptBytes?: number;
  correlationId: string;
  extensions: readonly Extension[];
}

/** The text of a line around its data: `head` + data + `tail`. */
export interface RecordFrame {
  head: string;
  tail: string;
}

/** A line whose `data` is the body itself. */
export function inlineFrame(attributes: RecordAttributes): RecordFrame {
  return { head: `${leadingKeys(attributes)},"data":`, tail: `${trailingKeys(attributes)}}\n` };
}

/** A whole line whose body rests at `url`; `tabular` bodies are found by `dataref`, others by `data`. */
export function referenceLine(attributes: RecordAttributes, body: { url: string; tabular: boolean }): string {
  const key = body.tabular ? 'dataref' : 'data';
  const reference = `,"${key}":${jsonText(body.url)}`;
  return `${leadingKeys(attributes)}${reference}${trailingKeys(attributes)},"datainblob":"true"}\n`;
}

/**
 * Name of the file beside the line: `<id>.json` for a JSON type, `<id>` for any other (compat 5.6). An id that cannot be a
 * file name is percent-encoded.
 */
export function payloadName(id: string, options: { json: boolean }): string {
  const safe = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/.test(id) ? id : encodedName(id);
  return options.json ? `${safe}.json` : safe;
}

/** `application/json`, `text/json` or none, parameters ignored: the body stands in the line (compat 5.4). */
export function isJsonContentType(contentType: string | undefined): boolean {
  if (contentType === undefined || contentType === 'application/json') return true;
  const semicolon = contentType.indexOf(';');
  const media = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  return media === '' || media === 'application/json' || media === 'text/json';
}

/** The collection a `type` names, as written; `undefined` when the type is none of ours. */
export function collectionOfType(type: string): string | undefined {
  return type.startsWith(typePrefix) && type.length > typePrefix.length
    ? type.slice(typePrefix.length)
    : undefined;
}

/** A JSON string with the escapes of the record: those of JSON and `<`, `>`, `&`, U+2028, U+2029. */
export function jsonText(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  return JSON.stringify(text.toWellFormed()).replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

const plain = /^[ !#-%'-;=?-[\]-~]*$/;

function leadingKeys(record: RecordAttributes): string {
  return (
    `{"specversion":"1.0","id":${jsonText(record.id)},"source":${jsonText(record.source)}` +
    `,"type":${jsonText(typePrefix + record.collection)},"datacontenttype":${jsonText(record.contentType)}` +
    `,"time":"${formatTime(record.time)}"`
  );
}

function trailingKeys(record: RecordAttributes): string {
  const id = jsonText(record.correlationId);
  let keys = `,"contentrange":"${contentRange(record.bodyBytes, record.keptBytes)}","correlationid":${id},"xrequestid":${id}`;
  for (const [name, value] of record.extensions) keys += `,"${name}":${jsonText(value)}`;
  return keys;
}

function encodedName(id: string): string {
  const encoded = [...new TextEncoder().encode(id)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
  return `x${encoded.slice(0, 200)}`;
}
