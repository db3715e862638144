/** Requests one after the other on several connections, until it is stopped. For tests. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Disposing of it stops it. */
export interface Load extends AsyncDisposable {
  /** Ends it, and gives what came of every request. */
  stop(): Promise<Sent[]>;
  /** Requests answered so far. */
  answered(): number;
}

export interface Sent {
  id: string;
  /** Of the answer; 0 when the connection broke. */
  status: number;
  startedMs: number;
  endedMs: number;
}

export interface LoadOptions {
  clients: number;
  /** Posts one request with this correlation id. */
  send: (id: string) => Promise<Response>;
  pauseMs?: number;
}

export function startLoad({ clients, send, pauseMs = 0 }: LoadOptions): Load {
  const sent: Sent[] = [];
  const stopped = new AbortController();
  let next = 0;
  const client = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const id = `r-${next++}`;
      const startedMs = Date.now();
      const status = await send(id).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status;
        },
        () => 0,
      );
      sent.push({ id, status, startedMs, endedMs: Date.now() });
      if (pauseMs > 0) await sleep(pauseMs);
    }
  };
  const running = Array.from({ length: clients }, client);
  const stop = async (): Promise<Sent[]> => {
    stopped.abort();
    await Promise.all(running);
    return sent;
  };
  return {
    answered: () => sent.length,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}
