/** What goes wrong between a client of a store and the store's server, and who decides it. */

/** A request as a plan sees it. */
export interface StoreRequest {
  method: string;
  /** With its query, as on the wire. */
  path: string;
  /** As declared. */
  bodyBytes: number;
  /** 1 for the first that came. */
  number: number;
}

export type HttpFault =
  /** The connection ends before the server has heard of it. */
  | { kind: 'cut before' }
  /** The connection ends when the server has this share (0 ≤ x < 1) of the body. */
  | { kind: 'tear'; share: number }
  /** The server does it, and the connection ends instead of an answer. */
  | { kind: 'lose answer' }
  /** The server does it, and its answer is held back until the client gives up. */
  | { kind: 'hold answer' }
  /** The server does it only some time after the client has given up. */
  | { kind: 'apply late'; afterMs: number }
  /** Answered as by a server that is not well or has too much to do; nothing is done. */
  | { kind: 'fail'; status: FailStatus; retryAfterSeconds?: number }
  /** Answered as to somebody who may not, or may not any more; nothing is done. */
  | { kind: 'refuse'; why: RefuseReason };

export type FailStatus = 429 | 500 | 503;
export type RefuseReason = 'permission withdrawn' | 'login expired';

/** Decides what goes wrong with the next request; `undefined` is nothing. */
export type HttpFaultPlan = (request: StoreRequest) => HttpFault | undefined;

/** Faults by chance: `odds` are probabilities (0…1) by kind, together at most 1; `random` gives 0 ≤ x < 1. */
export function randomHttpFaults(
  random: () => number,
  odds: Partial<Record<HttpFault['kind'], number>>,
): HttpFaultPlan {
  return () => {
    let left = random();
    const kind = httpFaultKinds.find((one) => (left -= odds[one] ?? 0) < 0);
    return kind && randomFault(kind, random);
  };
}

export const httpFaultKinds = [
  'cut before',
  'tear',
  'lose answer',
  'hold answer',
  'apply late',
  'fail',
  'refuse',
] as const satisfies HttpFault['kind'][];

const longestDelayMs = 300;

function randomFault(kind: HttpFault['kind'], random: () => number): HttpFault {
  switch (kind) {
    case 'cut before':
    case 'lose answer':
    case 'hold answer':
      return { kind };
    case 'tear':
      return { kind, share: random() };
    case 'apply late':
      return { kind, afterMs: random() * longestDelayMs };
    case 'fail':
      return { kind, status: pick([429, 500, 503], random), retryAfterSeconds: 1 };
    case 'refuse':
      return { kind, why: pick(['permission withdrawn', 'login expired'], random) };
  }
}

function pick<T>(from: readonly [T, ...T[]], random: () => number): T {
  return from[Math.floor(random() * from.length)] ?? from[0];
}
