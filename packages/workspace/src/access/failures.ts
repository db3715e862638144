/** Counts wrong credentials, so that who tries many of them fills neither logs nor time. */
export interface FailureLimit {
  /** One more; true when the caller or all callers together are over what a minute allows. */
  isOver(address: string): boolean;
  /** Until the count begins anew. */
  retryAfterSeconds(): number;
}

export interface FailureLimitOptions {
  now: () => number;
  maxPerAddress?: number;
  maxOverall?: number;
}

const windowMs = 60_000;
/** Beyond, the address that failed first in this minute is forgotten; the limit of all callers still counts it. */
const maxAddresses = 1000;

export function createFailureLimit(options: FailureLimitOptions): FailureLimit {
  const { now, maxPerAddress = 60, maxOverall = 600 } = options;
  const counts = new Map<string, number>();
  let overall = 0;
  let startMs = now();
  return {
    isOver(address) {
      if (now() - startMs >= windowMs) {
        startMs = now();
        overall = 0;
        counts.clear();
      }
      const count = (counts.get(address) ?? 0) + 1;
      if (!counts.has(address) && counts.size >= maxAddresses) {
        const [first] = counts.keys();
        if (first !== undefined) counts.delete(first);
      }
      counts.set(address, count);
      overall++;
      return count > maxPerAddress || overall > maxOverall;
    },
    retryAfterSeconds: () => Math.max(1, Math.ceil((startMs + windowMs - now()) / 1000)),
  };
}
