import { formatTime } from '@gleaner/protocol';

/** The line a local run prints instead of sending: `YYYY-MM-DD HH:MM:SS | <collection> | <correlation id> | <rows>`, in UTC. */
export function printedLine(event: PrintedEvent): string {
  const time = formatTime(event.seconds).replace('T', ' ').replace('Z', '');
  return `${time} | ${event.collection} | ${event.correlationId} | ${event.json}`;
}

export interface PrintedEvent {
  /** Epoch seconds. */
  seconds: number;
  collection: string;
  correlationId: string;
  json: string;
}
