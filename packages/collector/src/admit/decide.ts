import { hash, randomUUID } from 'node:crypto';

import { eventTime, samplingFraction } from '@gleaner/protocol';

import type { Decision, EventHead } from '../flow.ts';
import type { CollectionPolicy } from './policy.ts';

/**
 * Keep or drop, before the body is read. Sampling depends on the correlation id alone (design rule 5). An event without an id
 * gets one, and then nothing can recognise its retry. `onTimeReplaced` hears of an absurd or missing event time.
 */
// /!\ Hot path: once per event; hashes only where there is something to decide.
export function decide(
  head: EventHead,
  policy: CollectionPolicy | undefined,
  onTimeReplaced: (collection: string) => void,
): Decision {
  if (policy === undefined || !policy.enabled) return { kind: 'dropped', reason: 'collection_not_enabled' };
  const { attributes, arrivalMs, collection } = head;
  const id = attributes.id ?? randomUUID();
  const correlationId = attributes.correlationId ?? id;
  if (!isSampled(correlationId, policy.samplingRate)) return { kind: 'dropped', reason: 'sampled_out' };
  const time = eventTime(attributes.time, arrivalMs);
  if (time.replaced) onTimeReplaced(collection);
  return {
    kind: 'kept',
    event: {
      destination: policy.destination,
      time: time.seconds,
      arrivalMs,
      id,
      correlationId,
      retryKey:
        attributes.id === undefined ? undefined : retryKey(attributes.id, attributes.source, collection),
      attributes,
    },
  };
}

export function isSampled(correlationId: string, samplingRate: number): boolean {
  if (samplingRate >= 1) return true;
  if (samplingRate <= 0) return false;
  return samplingFraction(hash('sha256', correlationId, 'buffer')) < samplingRate;
}

/** The SDK's ids are unique by themselves. CloudEvents are unique by source and id, and KServe's pairs share both. */
function retryKey(id: string, source: string | undefined, collection: string): string {
  return source === undefined ? id : `${collection}\n${source}\n${id}`;
}
