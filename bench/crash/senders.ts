/** Several senders at once, each with a habit of its own, for as long as one collector process lives. */
import { setTimeout as sleep } from 'node:timers/promises';

import { Connection } from './connection.ts';
import type { Answer } from './connection.ts';
import { requestOf } from './events.ts';
import type { Truth } from './events.ts';

interface Habit {
  /** Requests on their way at a time, on one connection. */
  depth: number;
  /** A new connection after so many requests. */
  requestsPerConnection: number;
  /** Gives up on the answer after a random part of this, and sends the event again at once. */
  patienceMs?: number;
  /** At most, between two requests. */
  pauseMs: number;
}

const habits: readonly Habit[] = [
  { depth: 1, requestsPerConnection: Infinity, pauseMs: 1 },
  { depth: 1, requestsPerConnection: Infinity, pauseMs: 6 },
  { depth: 8, requestsPerConnection: 400, pauseMs: 10 },
  { depth: 1, requestsPerConnection: 1, pauseMs: 4 },
  { depth: 1, requestsPerConnection: 1, pauseMs: 4 },
  { depth: 1, requestsPerConnection: 1, pauseMs: 10, patienceMs: 4 },
  { depth: 3, requestsPerConnection: 30, pauseMs: 10, patienceMs: 20 },
];

export interface SenderOptions {
  truth: Truth;
  random: () => number;
  /** Aborts when the process was killed. */
  signal: AbortSignal;
  onAnswer(): void;
}

/** Resolves when the life is over and every request has its answer or will never have one. */
export async function sendAll(options: SenderOptions, port: number): Promise<void> {
  await Promise.all(habits.map((habit) => send(habit, options, port)));
}

async function send(habit: Habit, options: SenderOptions, port: number): Promise<void> {
  const { signal, random } = options;
  while (!signal.aborted) {
    const connection = new Connection(port);
    for (let sent = 0; sent < habit.requestsPerConnection && !signal.aborted; sent += habit.depth) {
      if (connection.isLost) break;
      await Promise.all(Array.from({ length: habit.depth }, () => sendOne(connection, habit, options)));
      await sleep(random() * habit.pauseMs);
    }
    connection.close();
    await sleep(1);
  }
}

async function sendOne(connection: Connection, habit: Habit, options: SenderOptions): Promise<void> {
  const { truth, random, signal, onAnswer } = options;
  const event = truth.next();
  const answered = connection.post(requestOf(event));
  const isImpatient = habit.patienceMs !== undefined && random() < 0.2;
  const answer = isImpatient ? await giveUp(answered, random() * (habit.patienceMs ?? 0)) : await answered;
  if (answer === 200) truth.acknowledge(event);
  else truth.lose(event);
  if (answer === 'lost') connection.close();
  else onAnswer();
  if (answer === 503) await sleep(50, undefined, { signal }).catch(() => undefined);
}

function giveUp(answered: Promise<Answer>, afterMs: number): Promise<Answer> {
  return Promise.race([answered, sleep(afterMs).then((): Answer => 'lost')]);
}
