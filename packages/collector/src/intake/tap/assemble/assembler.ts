/** Makes of a streamed answer what the model would have answered in one piece. */
import { createEventsAssembler } from './events.ts';
import { createJsonLinesAssembler } from './ndjson.ts';
import type { StreamAssembler } from './stream-assembler.ts';

export interface AssemblerOptions {
  /** It gives up when it would hold more; 4 MiB when absent. */
  maxBytes?: number;
}

/** `undefined`: nothing that is streamed as this type can be assembled. */
export function createAssembler(
  contentType: string | undefined,
  { maxBytes = 4 * 1024 * 1024 }: AssemblerOptions = {},
): StreamAssembler | undefined {
  const media = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (media === 'text/event-stream') return createEventsAssembler(maxBytes);
  return jsonLinesTypes.has(media) ? createJsonLinesAssembler(maxBytes) : undefined;
}

const jsonLinesTypes: ReadonlySet<string> = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
  'application/json-lines',
  'application/stream+json',
]);
