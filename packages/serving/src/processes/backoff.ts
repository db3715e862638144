/** How long a process that ended waits for its next start. */
export interface Backoff {
  /** Of the process that ended after `ranMs`. */
  delayMs(ranMs: number): number;
}

export interface BackoffOptions {
  firstMs: number;
  maxMs: number;
  /** Who ran for as long has recovered: the next end counts as the first. */
  stableMs: number;
}

const usual: BackoffOptions = { firstMs: 500, maxMs: 30_000, stableMs: 60_000 };

/** At once after the first end, then after 0.5 s, 1 s and so on, up to 30 s. */
export function createBackoff(options: Partial<BackoffOptions> = {}): Backoff {
  const { firstMs, maxMs, stableMs } = { ...usual, ...options };
  let endsInRow = 0;
  return {
    delayMs(ranMs) {
      endsInRow = ranMs >= stableMs ? 1 : endsInRow + 1;
      return endsInRow === 1 ? 0 : Math.min(maxMs, firstMs * 2 ** (endsInRow - 2));
    },
  };
}
