/** Runs what concerns the same key one after another, in the order asked; different keys do not wait for each other. */
export interface Turns {
  take<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Settles once nothing is running. */
  over(): Promise<void>;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>();
  return {
    async take(key, work) {
      const before = last.get(key);
      const turn = Promise.withResolvers<void>();
      last.set(key, turn.promise);
      try {
        await before;
        return await work();
      } finally {
        if (last.get(key) === turn.promise) last.delete(key);
        turn.resolve();
      }
    },
    async over() {
      await Promise.all(last.values());
    },
  };
}
