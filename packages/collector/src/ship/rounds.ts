/** How ship works through the spool, a round at a time. There is one way for each kind of store. */
export interface Rounds {
  /** Ships what is due. True when there is more to do at once. A round that failed is gone on with where it stopped. */
  next(): Promise<boolean>;
  /** Arrival of the oldest record that is being worked on or waits for its round. */
  readonly oldestPendingMs: number | undefined;
  /** Whether something waits for the window of this path: it must not be sealed before. */
  holds(path: string): boolean;
  /** A call failed: what it was given may still be read. */
  noteFailure(): void;
}
