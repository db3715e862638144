import { givenUp } from './failures.ts';

/** What a call is about, for its messages, and the signal that ends the wait for it. */
export interface Wait {
  subject: string;
  signal?: AbortSignal | undefined;
}

/** Throws `store_timeout` when the signal has been aborted already. */
export function checkSignal({ subject, signal }: Wait): void {
  if (signal?.aborted) throw givenUp(subject, signal.reason);
}

/** Settles as `work` does, or with `store_timeout` once the signal aborts: a hung disk cannot be stopped, only left alone. */
export async function untilAborted<T>(work: Promise<T>, wait: Wait): Promise<T> {
  const { subject, signal } = wait;
  if (signal === undefined) return work;
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(givenUp(subject, signal.reason));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([aborted.promise, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The same for every step of an iteration. A generator left alone in a hung step ends, and cleans up, after that step. */
export async function* eachUntilAborted<T>(source: AsyncGenerator<T>, wait: Wait): AsyncGenerator<T> {
  try {
    for (;;) {
      const next = await untilAborted(source.next(), wait);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Nothing was changed, so whatever cleaning up after a reader may say is of no use to it.
    const ended = Promise.allSettled([source.return(undefined)]);
    if (!wait.signal?.aborted) await ended;
  }
}
