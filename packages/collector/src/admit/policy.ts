/** Which collections take records, and how many of them. The one thing of a collector that changes while it runs. */
import type { Destination } from '../flow.ts';

export interface CollectionPolicy {
  readonly destination: Destination;
  enabled: boolean;
  /** 0…1 of the correlation ids. */
  samplingRate: number;
}

export interface PolicyChange {
  enabled?: boolean;
  samplingRate?: number;
}

export interface Policies {
  get(collection: string): CollectionPolicy | undefined;
  all(): Iterable<CollectionPolicy>;
  /** In effect from the next event on. False when there is no such collection. */
  change(collection: string, change: PolicyChange): boolean;
}

export function createPolicies(collections: Iterable<CollectionPolicy>): Policies {
  const policies = new Map<string, CollectionPolicy>();
  for (const policy of collections) policies.set(policy.destination.collection, { ...policy });
  return {
    get: (collection) => policies.get(collection),
    all: () => policies.values(),
    change(collection, change) {
      const policy = policies.get(collection);
      if (policy === undefined) return false;
      Object.assign(policy, change);
      return true;
    },
  };
}
