import { WorkspaceError } from '../errors.ts';

/** What is done with one deployment is done in the order in which it was asked for; deployments do not wait for each other. */
export interface Turns {
  /**
   * Answers what `work` answers. Work that takes its turn `first` does not wait for what goes on and what waits: that rejects at
   * once with `resource_busy`, and sees its signal aborted.
   */
  take<T>(key: string, work: (signal: AbortSignal) => Promise<T>, options?: { first?: boolean }): Promise<T>;
}

interface Turn {
  cancel: AbortController;
  end: Promise<unknown>;
}

export function createTurns(): Turns {
  const waiting = new Map<string, Set<Turn>>();
  return {
    async take(key, work, { first = false } = {}) {
      const turns = waiting.get(key) ?? new Set<Turn>();
      waiting.set(key, turns);
      if (first) for (const { cancel } of turns) cancel.abort(gaveWay());
      const before = [...turns].map(({ end }) => end);
      const cancel = new AbortController();
      const end = cutBy(cancel.signal, async () => {
        await Promise.allSettled(before);
        cancel.signal.throwIfAborted();
        return work(cancel.signal);
      });
      const turn = { cancel, end };
      turns.add(turn);
      try {
        return await end;
      } finally {
        turns.delete(turn);
        if (turns.size === 0) waiting.delete(key);
      }
    },
  };
}

/** What was begun may go on, but nobody waits for it any more. */
async function cutBy<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const cut = Promise.withResolvers<never>();
  const onAbort = () => cut.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work(), cut.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function gaveWay(): WorkspaceError {
  return new WorkspaceError(
    'resource_busy',
    'What was being done to the deployment gave way to a later change.',
    {
      retryable: true,
    },
  );
}
