import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Load {
  /** Body length by event id, of everything that was answered with 200. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** Where to send; `undefined` while nobody listens. */
  aim(port: number | undefined): void;
  /** Sends what is still without an answer, and returns. */
  finish(): Promise<void>;
  stop(): void;
}

interface Event {
  id: string;
  collection: string;
  time: number;
  body: Buffer;
}

const senders = 6;

/** Several senders, each with one event under way; an event without an answer is sent again with the same id. */
export function startLoad(random: () => number): Load {
  const acknowledged = new Map<string, number>();
  const agent = new Agent({ keepAlive: true, maxSockets: senders });
  let port: number | undefined;
  let ending = false;
  const stop = new AbortController();
  const send = async (): Promise<void> => {
    let event: Event | undefined;
    while (!stop.signal.aborted) {
      if (port === undefined) {
        await sleep(5);
        continue;
      }
      if (event === undefined && ending) return;
      event ??= makeEvent(random);
      // Now and then an answer is thrown away: the sender cannot know, and sends again.
      const status = await post(event, { port, agent });
      if (status !== 200) await sleep(5);
      else if (random() > 0.03) {
        acknowledged.set(event.id, event.body.length);
        event = undefined;
      }
    }
  };
  const running = Promise.all(Array.from({ length: senders }, send));
  return {
    acknowledged,
    aim: (next) => (port = next),
    async finish() {
      ending = true;
      await running;
    },
    stop() {
      stop.abort();
      agent.destroy();
    },
  };
}

function makeEvent(random: () => number): Event {
  const id = randomUUID();
  // Mostly small; now and then one that goes to a file of its own.
  const length = random() < 0.002 ? 5_000_000 : Math.floor(200 + random() ** 4 * 20_000);
  return {
    id,
    collection: random() < 0.5 ? 'model_inputs' : 'model_outputs',
    time: 1_700_000_000 + Math.floor(random() * 3) * 3600,
    body: Buffer.from(`[{"id":"${id}","filler":"${'x'.repeat(length)}"}]`),
  };
}

function post({ id, collection, time, body }: Event, to: { port: number; agent: Agent }): Promise<number> {
  return new Promise((resolve) => {
    const outgoing = request({
      ...to,
      host: '127.0.0.1',
      path: '/modeldata/log',
      method: 'POST',
      timeout: 10_000,
      headers: {
        'Content-Type': 'application/json',
        'Content-Length': body.length,
        'trace-id': id,
        'ce-type': `azureml.inference.${collection}`,
        'ce-time': String(time),
        'ce-x-request-id': id,
      },
    });
    outgoing.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', () => resolve(0));
    });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => resolve(0));
    outgoing.end(body);
  });
}
