/** What is sent, and what is known of it afterwards: the truth that the store is held against. */
import { createHash, randomUUID } from 'node:crypto';

export type StoreEventKind =
  /** Rows of JSON, in the line. */
  | 'rows'
  /** Rows of JSON too long for a line: beside it, by `dataref`. */
  | 'large rows'
  /** JSON by its type, but broken: beside the line, by `dataref`. */
  | 'broken rows'
  /** No JSON by its type: beside the line, by `data`. The large ones are put in parts. */
  | 'binary'
  | 'large binary';

export interface StoreEvent {
  /** Its `trace-id`, the same in every attempt. */
  id: string;
  kind: StoreEventKind;
  collection: string;
  correlationId: string;
  /** Epoch seconds. */
  time: number;
  bodyBytes: number;
  isAcknowledged: boolean;
}

export const collections = ['model_inputs', 'model_outputs', 'features'] as const;

const hours = 4;
/** 2026-01-01T00:00:00Z: windows that are over, so that they are sealed, reopened and sealed again all the time. */
const firstHour = 1_767_225_600;

/** Large ones among them: one of 5 MB in 400, one of 17 MB in 1,000. */
export function createEvents(count: number, random: () => number): StoreEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = kindOf(index, random);
    return {
      id: randomUUID(),
      kind,
      collection: collections[Math.floor(random() * collections.length)] ?? collections[0],
      correlationId: randomUUID(),
      time: firstHour + Math.floor(random() * hours * 3600),
      bodyBytes: bytesOf(kind, random),
      isAcknowledged: false,
    };
  });
}

/** As most of them are: `bodyBytes` of rows, of two collections, in one window each. */
export function createRows(count: number, bodyBytes: number): StoreEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    id: randomUUID(),
    kind: 'rows',
    collection: collections[index % 2] ?? collections[0],
    correlationId: randomUUID(),
    time: firstHour + (index % 60),
    bodyBytes,
    isAcknowledged: false,
  }));
}

function kindOf(index: number, random: () => number): StoreEventKind {
  if (index % 400 === 200) return 'large rows';
  if (index % 1000 === 500) return 'large binary';
  const chance = random();
  if (chance < 0.02) return 'binary';
  return chance < 0.03 ? 'broken rows' : 'rows';
}

function bytesOf(kind: StoreEventKind, random: () => number): number {
  if (kind === 'large rows') return 5_000_000;
  if (kind === 'large binary') return 17_000_000 + Math.floor(random() * 1000);
  return Math.floor(200 + 20_000 * random() ** 3);
}

/** The same bytes for the same event, so that nobody has to keep them. */
export function bodyOf({ id, kind, bodyBytes }: StoreEvent): Buffer {
  const noise = (outputLength: number) => createHash('shake256', { outputLength }).update(id).digest();
  if (kind === 'binary' || kind === 'large binary') return noise(bodyBytes);
  const rows = `[{"row":"${id}","number":1.0,"filler":"${noise(Math.ceil(bodyBytes / 2)).toString('hex')}"}]`;
  return Buffer.from(kind === 'broken rows' ? rows.slice(0, -2) : rows);
}

export function requestOf(event: StoreEvent): Buffer {
  const body = bodyOf(event);
  const isBinary = event.kind === 'binary' || event.kind === 'large binary';
  const head = [
    'POST /modeldata/log HTTP/1.1',
    'Host: 127.0.0.1',
    `Content-Type: ${isBinary ? 'application/octet-stream' : 'application/json'}`,
    `trace-id: ${event.id}`,
    `ce-time: ${event.time}`,
    `ce-type: azureml.inference.${event.collection}`,
    `ce-x-request-id: ${event.correlationId}`,
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}
