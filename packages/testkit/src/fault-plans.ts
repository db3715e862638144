import { setImmediate } from 'node:timers/promises';
import type { DatastoreErrorCode } from '@gleaner/datastore';

/** A call to a store, as a plan sees it. `byteLength` is what it brings to write. */
export interface StoreCall {
  method: 'length' | 'append' | 'put' | 'read' | 'list' | 'seal' | 'delete';
  path: string;
  byteLength?: number;
}

/** What goes wrong with one call. The code is `store_unreachable` unless told. */
export type Fault =
  /** Fails, and nothing was done. */
  | { kind: 'refuse'; code?: DatastoreErrorCode }
  /** Does nothing, and answers nothing, until then; without `until` only the caller's signal ends it. */
  | { kind: 'hang'; until?: Promise<unknown> }
  /** Appends or gives `kept` bytes, or lists `kept` objects, and fails. Other calls have no parts: nothing was done. */
  | { kind: 'tear'; kept: number; code?: DatastoreErrorCode }
  /** Does it all, and fails. */
  | { kind: 'lose answer'; code?: DatastoreErrorCode }
  /** Fails with `store_timeout`, and writes all the same, later. */
  | { kind: 'late'; until: Promise<unknown> };

/** Decides what goes wrong with the next call; `undefined` is nothing. */
export type FaultPlan = (call: StoreCall) => Fault | undefined;

/** The faults of each method in the order of its calls; after the last one, none. */
export function scriptedFaults(
  script: Partial<Record<StoreCall['method'], (Fault | undefined)[]>>,
): FaultPlan {
  const left = new Map(Object.entries(script).map(([method, faults]) => [method, [...faults]]));
  return ({ method }) => left.get(method)?.shift();
}

/**
 * Faults by chance: `odds` are probabilities (0…1) by kind, together at most 1; `random` gives 0 ≤ x < 1. A call that hangs waits
 * for its signal, so give `hang` odds only where every call has one.
 */
export function randomFaults(random: () => number, odds: Partial<Record<Fault['kind'], number>>): FaultPlan {
  return ({ byteLength = 1 }) => {
    let left = random();
    for (const kind of kinds) {
      left -= odds[kind] ?? 0;
      if (left >= 0) continue;
      const code = codes[Math.floor(random() * codes.length)] ?? 'store_failed';
      switch (kind) {
        case 'refuse':
        case 'lose answer':
          return { kind, code };
        case 'hang':
          return { kind };
        case 'tear':
          return { kind, code, kept: Math.floor(random() * (byteLength + 1)) };
        case 'late':
          return { kind, until: setImmediate() };
      }
    }
    return undefined;
  };
}

const kinds = ['refuse', 'hang', 'tear', 'lose answer', 'late'] as const satisfies Fault['kind'][];
const codes = [
  'store_unreachable',
  'store_timeout',
  'store_full',
  'store_permission_denied',
  'store_failed',
] as const;
