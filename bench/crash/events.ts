/** What the senders send, and what they know of it afterwards: the truth that the files are held against. */
import { createHash, randomUUID } from 'node:crypto';

export type EventKind =
  /** Rows of JSON, in the line. */
  | 'rows'
  /** Rows of JSON too long for a line: beside it, by `dataref`. */
  | 'large rows'
  /** No JSON by its type: beside the line, by `data`. */
  | 'binary'
  /** JSON by its type, but broken: beside the line, by `dataref`. */
  | 'broken rows'
  /** Of a collection with a sampling rate of 0: answered 200, and never stored. */
  | 'sampled out';

export interface CrashEvent {
  /** Its `trace-id`, the same in every attempt. */
  id: string;
  kind: EventKind;
  collection: string;
  correlationId: string;
  /** Epoch seconds. */
  time: number;
  bodyBytes: number;
  attempts: number;
  acknowledged: boolean;
}

export const sampledOutCollection = 'sampled_out';
export const collections = ['model_inputs', 'model_outputs', 'features'] as const;

const hours = 4;
/** 2026-01-01T00:00:00Z: windows that are over, so that they are sealed, reopened and sealed again all the time. */
const firstHour = 1_767_225_600;

export function createEvent(random: () => number): CrashEvent {
  const kind = kindBy(random());
  return {
    id: randomUUID(),
    kind,
    collection: kind === 'sampled out' ? sampledOutCollection : pick(collections, random),
    correlationId: randomUUID(),
    time: firstHour + Math.floor(random() * hours * 3600),
    bodyBytes: kind === 'large rows' ? 5_000_000 : Math.floor(200 + 20_000 * random() ** 3),
    attempts: 0,
    acknowledged: false,
  };
}

/** The same bytes for the same event, so that nobody has to keep them. No byte of it stands where another event has it. */
export function bodyOf(event: CrashEvent): Buffer {
  const { id, kind, bodyBytes } = event;
  const filler = Array.from({ length: Math.ceil(bodyBytes / 44) }, (_, index) => `${id}:${index};`)
    .join('')
    .slice(0, bodyBytes);
  if (kind === 'binary')
    return createHash('sha512')
      .update(id)
      .digest()
      .subarray(0, 63 - (bodyBytes % 7));
  const rows = `[{"row":"${id}","filler":"${filler}"}]`;
  return Buffer.from(kind === 'broken rows' ? rows.slice(0, -2) : rows);
}

export function requestOf(event: CrashEvent): Buffer {
  const body = bodyOf(event);
  const head = [
    'POST /modeldata/log HTTP/1.1',
    'Host: 127.0.0.1',
    `Content-Type: ${event.kind === 'binary' ? 'application/octet-stream' : 'application/json'}`,
    `trace-id: ${event.id}`,
    `ce-time: ${event.time}`,
    `ce-type: azureml.inference.${event.collection}`,
    'ce-collect-data-type: pandas.core.frame.DataFrame',
    'ce-agent: azureml-ai-monitoring/1.0.0',
    `ce-x-request-id: ${event.correlationId}`,
    'ce-model-version: default',
    `Content-Length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

/** Every event that was ever sent, by its id. */
export class Truth {
  readonly events = new Map<string, CrashEvent>();
  /** Sent, and not answered: to be sent again with the same id. */
  readonly #unanswered: CrashEvent[] = [];
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** An event to send: mostly one whose answer was lost, when there is one. */
  next(): CrashEvent {
    const again = this.#random() < 0.8 ? this.#unanswered.shift() : undefined;
    const event = again ?? createEvent(this.#random);
    this.events.set(event.id, event);
    event.attempts++;
    return event;
  }

  acknowledge(event: CrashEvent): void {
    event.acknowledged = true;
  }

  /** Nine of ten senders try again; the tenth never learns what became of its event. */
  lose(event: CrashEvent): void {
    if (this.#random() < 0.9) this.#unanswered.push(event);
  }

  count(): { acknowledged: number; retried: number } {
    const all = [...this.events.values()].filter(({ kind }) => kind !== 'sampled out');
    return {
      acknowledged: all.filter((event) => event.acknowledged).length,
      retried: all.filter((event) => event.attempts > 1).length,
    };
  }
}

function kindBy(chance: number): EventKind {
  if (chance < 0.002) return 'large rows';
  if (chance < 0.02) return 'binary';
  if (chance < 0.03) return 'broken rows';
  return chance < 0.05 ? 'sampled out' : 'rows';
}

function pick<T>(from: readonly [T, ...T[]], random: () => number): T {
  return from[Math.floor(random() * from.length)] ?? from[0];
}
