import { formatTime } from '@gleaner/protocol';

import type { CollectorStatus, HealthCause } from './admin/status.ts';
import type { Policies } from './admit/policy.ts';
import type { Counters } from './counters.ts';
import { noCollection } from './counters.ts';
import { isSpoolTrouble } from './ship/shipper.ts';
import type { Shipper } from './ship/shipper.ts';
import type { Spool } from './spool/spool.ts';

export interface StatusParts {
  spool: Spool;
  shippers: readonly Shipper[];
  policies: Policies;
  counters: Counters;
  source: string;
  acknowledge: string;
  startedMs: number;
  now: () => number;
  isDraining(): boolean;
  recorder: { readonly status: { records: number; bytes: number } } | undefined;
}

/** The whole state of a collector as the admin port tells it. */
export function collectorStatus(parts: StatusParts): CollectorStatus {
  const { spool, counters, policies } = parts;
  const { bytes, maxBytes, segments, damagedBytes, acceptedSequence } = spool.status;
  const causes = [...spoolCauses(parts), ...storeCauses(parts)];
  const collections: CollectorStatus['collections'] = {};
  for (const { destination, enabled, samplingRate } of policies.all()) {
    const { collection } = destination;
    collections[collection] = { enabled, samplingRate, ...counters.of(collection) };
  }
  const statuses = parts.shippers.map((shipper) => shipper.status);
  const storedSequence = Math.min(...statuses.map((status) => status.storedSequence));
  const oldestMs = Math.min(...statuses.map((status) => status.oldestPendingMs ?? Infinity));
  return {
    instance: spool.instance,
    source: parts.source,
    startedAt: formatTime(Math.floor(parts.startedMs / 1000)),
    live: true,
    ready: !parts.isDraining() && !causes.some((cause) => cause.component === 'spool'),
    causes,
    collections,
    unattributed: { dropped: counters.of(noCollection).dropped },
    backlog: {
      records: Math.max(0, acceptedSequence - storedSequence),
      bytes,
      ageSeconds: Number.isFinite(oldestMs) ? Math.max(0, (parts.now() - oldestMs) / 1000) : 0,
    },
    ...(parts.recorder !== undefined && { recorder: parts.recorder.status }),
    spool: { bytes, maxBytes, segments, damagedBytes, acknowledge: parts.acknowledge },
  };
}

function spoolCauses({ spool, isDraining }: StatusParts): HealthCause[] {
  const { trouble, troubleCause, isFull, bytes, maxBytes } = spool.status;
  const causes: HealthCause[] = [];
  if (isDraining())
    causes.push({ component: 'collector', code: 'shutting_down', message: 'The collector is draining.' });
  if (trouble !== undefined)
    causes.push({
      component: 'spool',
      code: trouble,
      message: `The spool cannot be written: ${troubleCause}.`,
    });
  if (isFull) {
    const message = `The spool holds ${bytes} of ${maxBytes} bytes: the store does not keep up.`;
    causes.push({ component: 'spool', code: 'spool_full', message });
  }
  return causes;
}

function storeCauses({ shippers }: StatusParts): HealthCause[] {
  return shippers.flatMap(({ status: { trouble, datastore } }) => {
    if (trouble === undefined) return [];
    const since = formatTime(Math.floor(trouble.sinceMs / 1000));
    const component = isSpoolTrouble(trouble.code) ? 'spool' : 'store';
    return [{ component, code: trouble.code, message: `${datastore}: ${trouble.message}`, since } as const];
  });
}
