/** What the admin port tells. */
import type { CollectionCounters } from '../counters.ts';

export interface CollectorStatus {
  instance: string;
  source: string;
  startedAt: string;
  live: boolean;
  ready: boolean;
  /** Why it is not ready, or not well; empty when all is well. */
  causes: HealthCause[];
  collections: Record<string, CollectionStatus>;
  /** Events that named no collection in use. */
  unattributed: Pick<CollectionCounters, 'dropped'>;
  backlog: { records: number; bytes: number; ageSeconds: number };
  /** What the flight recorder holds, when there is one. */
  recorder?: { records: number; bytes: number };
  spool: { bytes: number; maxBytes: number; segments: number; damagedBytes: number; acknowledge: string };
}

export interface CollectionStatus extends CollectionCounters {
  enabled: boolean;
  samplingRate: number;
}

export interface HealthCause {
  component: 'spool' | 'store' | 'collector';
  code: string;
  message: string;
  since?: string;
}
