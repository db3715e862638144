/** What the collector counts, per collection. Metrics, `/status` and the last line of a run read it; only events.ts writes it. */
import type { DropReason } from '@gleaner/protocol';

export interface CollectionCounters {
  /** Events whose collection could be told. */
  seen: number;
  /** Acknowledged and kept. */
  accepted: number;
  /** Acknowledged again: the same event, stored once. */
  repeated: number;
  /** In the store. After a restart it includes what the last process left in the spool. */
  stored: number;
  storedBytes: number;
  /** Events whose time was missing or absurd. */
  timeReplaced: number;
  /** Bodies beside lines that could not be read back from the spool as they were accepted. Their lines are stored. */
  damagedBodies: number;
  dropped: Partial<Record<DropReason, number>>;
}

/** Under this name stand events that named no collection that could be used. */
export const noCollection = '';

export class Counters {
  readonly #collections = new Map<string, CollectionCounters>();

  /** Names come from senders: what is not configured shares one entry. */
  constructor(collections: Iterable<string>) {
    for (const collection of [...collections, noCollection]) this.#collections.set(collection, zero());
  }

  of(collection: string | undefined): CollectionCounters {
    const known = this.#collections.get(collection ?? noCollection) ?? this.#collections.get(noCollection);
    return known ?? zero();
  }

  entries(): [string, CollectionCounters][] {
    return [...this.#collections];
  }

  get total(): Pick<CollectionCounters, 'seen' | 'accepted' | 'stored'> {
    const total = { seen: 0, accepted: 0, stored: 0 };
    for (const one of this.#collections.values()) {
      total.seen += one.seen;
      total.accepted += one.accepted;
      total.stored += one.stored;
    }
    return total;
  }
}

function zero(): CollectionCounters {
  const counts = { seen: 0, accepted: 0, repeated: 0, stored: 0, storedBytes: 0, timeReplaced: 0 };
  return { ...counts, damagedBodies: 0, dropped: {} };
}
