import { hash, randomUUID } from 'node:crypto';

import { eventTime, samplingFraction } from '@gleaner/protocol';
import type { Extension } from '@gleaner/protocol';

import type { AdmittedEvent, Decision, EventHead } from '../flow.ts';
import type { CollectionPolicy } from './policy.ts';

export interface DecideOptions {
  /** What the sampling leaves out is admitted all the same, and says so. */
  mayBeKept: boolean;
  /** Hears of an absurd or missing event time. */
  onTimeReplaced(collection: string): void;
}

/**
 * Keep or drop, before the body is read. Sampling depends on the correlation id alone (design rule 5). An event without an id
 * gets one, and then nothing can recognise its retry.
 */
// /!\ Hot path: once per event; hashes only where there is something to decide.
export function decide(
  head: EventHead,
  policy: CollectionPolicy | undefined,
  { mayBeKept, onTimeReplaced }: DecideOptions,
): Decision {
  if (policy === undefined || !policy.enabled) return { kind: 'dropped', reason: 'collection_not_enabled' };
  const { attributes, arrivalMs, collection } = head;
  const id = attributes.id ?? randomUUID();
  const correlationId = attributes.correlationId ?? id;
  const isSampledOut = !isSampled(correlationId, policy.samplingRate);
  if (isSampledOut && !mayBeKept) return { kind: 'dropped', reason: 'sampled_out' };
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
      isSampledOut,
    },
  };
}

/** An event that is not in the sample, and is stored all the same: what wants it becomes an attribute. */
export function keptEvent(event: AdmittedEvent, rule: string): AdmittedEvent {
  const { attributes } = event;
  const extensions: Extension[] = [...attributes.extensions, ['keptby', rule]];
  return { ...event, isSampledOut: false, attributes: { ...attributes, extensions } };
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
