import type { Datastore } from '@gleaner/datastore';
import { arrayElements, embedJson, jsonText, objectMembers, rowId, scanJson } from '@gleaner/protocol';
import type { StoredRecord } from '@gleaner/protocol';
import { InsightError } from './errors.ts';
import { finding } from './findings.ts';
import type { FindingCode, OnFinding } from './findings.ts';
import { isNull, locatePayload, payloadUrl } from './payload.ts';
import { readRecords } from './records.ts';
import type { RecordLine } from './records.ts';
import { collectionFiles, timeWindow } from './time-window.ts';
import type { TimeWindow } from './time-window.ts';

/** One row of a record, its values as they were sent. */
export interface Row {
  /** `<correlation id>_<index>`; the bare index where the record has no correlation id, as in the original. */
  rowId: string;
  correlationId: string | undefined;
  time: string | undefined;
  /** JSON text of each column: `1.0` stays `1.0`, and no digit of a long integer is lost. */
  columns: ReadonlyMap<string, string>;
}

export interface ReadRowsOptions {
  /** Default: all there is. */
  window?: TimeWindow;
  /** Told of everything that could not be read, with file and line; the good rows around it are given. */
  onFinding?: OnFinding;
  /** Bodies beside their lines are read whole; longer ones than this are reported. Default 256 MiB. */
  maxPayloadBytes?: number;
}

/**
 * Rows of the collection at the path `collection`, file by file, with the memory of one record. Bodies beside their lines are
 * followed within the store. Error: `no_data` when the window holds no byte.
 */
export async function* readRows(
  datastore: Datastore,
  collection: string,
  { window = timeWindow(), ...options }: ReadRowsOptions = {},
): AsyncGenerator<Row> {
  let bytes = 0;
  const { onFinding = () => {} } = options;
  for await (const { path, byteLength } of collectionFiles(datastore, collection, { window, onFinding })) {
    bytes += byteLength;
    yield* readFileRows(datastore, path, options);
  }
  if (bytes === 0) {
    throw new InsightError(
      'no_data',
      `No data found for the given time window${collection === '' ? '' : ` in "${collection}"`}.`,
      {
        fix: 'Look with "gleaner data ls" which collections and hours there are: <collection>/yyyy/MM/dd/HH/<name>.jsonl.',
      },
    );
  }
}

export interface ReadFileRowsOptions extends Omit<ReadRowsOptions, 'window'> {
  /** Reads the lines, where they are at hand elsewhere; bodies beside them come from the datastore all the same. */
  lines?: Pick<Datastore, 'read'>;
}

/** The same of one file. */
export async function* readFileRows(
  datastore: Datastore,
  path: string,
  { onFinding = () => {}, maxPayloadBytes = 256 * 1024 * 1024, lines = datastore }: ReadFileRowsOptions = {},
): AsyncGenerator<Row> {
  for await (const entry of readRecords(lines, path, onFinding)) {
    const spot = { file: path, line: entry.line.number };
    const report = (code: FindingCode, message: string) => onFinding(finding(code, spot, message));
    const body = await bodyOf(datastore, entry, { maxPayloadBytes, report });
    if (body === undefined) continue;
    if (!body.rows) report('data_not_rows', `${nameOfRecord(entry.record)} holds no array of row objects.`);
    else yield* rowsOf(entry.record, body.text, report);
  }
}

/**
 * The row as one JSON object: `row_id`, `correlationid`, `time`, then the columns. A column of one of these names is called
 * `data.<name>`.
 */
export function rowJson(row: Row): string {
  let text = `{"row_id":${jsonText(row.rowId)}`;
  text += `,"correlationid":${row.correlationId === undefined ? 'null' : jsonText(row.correlationId)}`;
  text += `,"time":${row.time === undefined ? 'null' : jsonText(row.time)}`;
  for (const [name, value] of row.columns) text += `,${jsonText(columnName(name))}:${value}`;
  return `${text}}`;
}

/** What a column is called beside `row_id`, `correlationid` and `time`. */
export function columnName(name: string): string {
  return leadingNames.has(name) ? `data.${name}` : name;
}

const leadingNames: ReadonlySet<string> = new Set(['row_id', 'correlationid', 'time']);
const decoder = new TextDecoder();

interface Body {
  text: Uint8Array;
  rows: boolean;
}

/** The text of the body and whether it holds rows; `undefined` when there is none, or none within reach. */
async function bodyOf(
  datastore: Datastore,
  { file, record }: RecordLine,
  {
    maxPayloadBytes,
    report,
  }: { maxPayloadBytes: number; report: (code: FindingCode, message: string) => void },
): Promise<Body | undefined> {
  const url = payloadUrl(record);
  if (url === undefined) {
    const { data } = record;
    if (data === undefined || isNull(data)) return undefined;
    return { text: data, rows: holdsRows(data) };
  }
  if (record.dataRef === undefined) return { text: new Uint8Array(), rows: false };
  const place = await locatePayload(datastore, url, { record, file });
  switch (place.kind) {
    case 'elsewhere':
      report('payload_elsewhere', `The body is outside this store: ${url}`);
      return undefined;
    case 'missing':
      report('payload_missing', `The body is not there: ${url}`);
      return undefined;
    case 'found': {
      if (place.byteLength > maxPayloadBytes) {
        const message = `The body ${place.path} has ${place.byteLength} bytes of at most ${maxPayloadBytes}.`;
        report('payload_too_large', message);
        return undefined;
      }
      const text = Buffer.concat(await Array.fromAsync(datastore.read(place.path)));
      const scan = scanJson(text);
      if (!scan.valid || scan.shape !== 'rows') return { text, rows: false };
      // A body beside the line may be spread over lines; a row never is.
      const embedded = new Uint8Array(scan.embeddedLength);
      embedJson(text, embedded, 0);
      return { text: embedded, rows: true };
    }
  }
}

function* rowsOf(
  record: StoredRecord,
  text: Uint8Array,
  report: (code: FindingCode, message: string) => void,
): Generator<Row> {
  // Not `xrequestid`, which would do as well: the original takes this key alone, and row ids have to agree with its own.
  const correlationId = record.attributes.get('correlationid');
  let index = 0;
  for (const { start, end } of arrayElements(text)) {
    if (index === 0 && correlationId === undefined) {
      report('correlation_missing', `${nameOfRecord(record)} has no correlation id.`);
    }
    const id = correlationId === undefined ? `${index}` : rowId(correlationId, index);
    index++;
    yield { rowId: id, correlationId, time: record.time, columns: columnsOf(text.subarray(start, end)) };
  }
}

/** A null row has no columns and keeps its place. */
function columnsOf(row: Uint8Array): Map<string, string> {
  const columns = new Map<string, string>();
  for (const { name, start, end } of objectMembers(row))
    columns.set(name, decoder.decode(row.subarray(start, end)));
  return columns;
}

/** An array of objects or nulls. The text is known to be valid JSON. */
function holdsRows(text: Uint8Array): boolean {
  if (text[0] !== BRACKET_OPEN) return false;
  for (const { start } of arrayElements(text)) {
    if (text[start] !== BRACE_OPEN && !isNull(text.subarray(start))) return false;
  }
  return true;
}

const BRACKET_OPEN = 91;
const BRACE_OPEN = 123;

function nameOfRecord(record: StoredRecord): string {
  return `The record ${record.id ?? 'without id'}`;
}
