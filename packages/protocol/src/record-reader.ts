/** Reads record lines as other writers made them too: any key order, unknown keys, cut lines (compat 5.9). */
import { parseContentRange } from './content-range.ts';
import type { ContentRange } from './content-range.ts';
import { objectMembers } from './json-slices.ts';
import { maxJsonDepth, scanJson } from './json-scan.ts';

export interface StoredRecord {
  id: string | undefined;
  type: string | undefined;
  time: string | undefined;
  correlationId: string | undefined;
  contentType: string | undefined;
  contentRange: ContentRange | undefined;
  /** The text of `data`, byte for byte; `undefined` when the line has none. */
  data: Uint8Array | undefined;
  /** Where the body rests when it is not in the line. */
  dataRef: string | undefined;
  dataInBlob: boolean;
  /** Every member of the line, `data` excepted, that is a string. */
  attributes: ReadonlyMap<string, string>;
}

/** The record of a line (line feed included or not), or `undefined` when the line is no JSON object. */
export function readRecordLine(line: Uint8Array): StoredRecord | undefined {
  if (!scanJson(line, maxJsonDepth + 1).valid) return undefined;
  const attributes = new Map<string, string>();
  let data: Uint8Array | undefined;
  let members = 0;
  for (const { name, start, end } of objectMembers(line)) {
    members++;
    const value = line.subarray(start, end);
    if (name === 'data') data = value;
    else if (value[0] === QUOTE) attributes.set(name, JSON.parse(decoder.decode(value)) as string);
  }
  if (members === 0) return undefined;
  const range = attributes.get('contentrange');
  return {
    id: attributes.get('id'),
    type: attributes.get('type'),
    time: attributes.get('time'),
    correlationId: attributes.get('correlationid') ?? attributes.get('xrequestid'),
    contentType: attributes.get('datacontenttype'),
    contentRange: range === undefined ? undefined : parseContentRange(range),
    data,
    dataRef: attributes.get('dataref'),
    dataInBlob: attributes.get('datainblob') === 'true',
    attributes,
  };
}

const QUOTE = 34;
const decoder = new TextDecoder();
