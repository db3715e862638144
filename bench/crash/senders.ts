/** Several senders at once, each with a habit of its own, for as long as one collector process lives. */
import { setTimeout as sleep } from 'node:timers/promises';

import { Connection } from './connection.ts';
import type { Answer } from './connection.ts';
import { requestOf } from './events.ts';
import type { CrashEvent, Truth } from './events.ts';

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

export interface Life {
  port: number;
  /** Aborts when the process was killed. */
  signal: AbortSignal;
}

/** What the senders of one life were told; a collector that lives and answers nothing is stuck. */
export interface Traffic {
  answers: Map<Answer, number>;
}

/** Resolves when the life is over and every request has its answer or will never have one. */
export async function sendAll(life: Life, truth: Truth, random: () => number): Promise<Traffic> {
  const traffic: Traffic = { answers: new Map() };
  await Promise.all(habits.map((habit) => send(habit, { life, truth, random, traffic })));
  return traffic;
}

interface Sending {
  life: Life;
  truth: Truth;
  random: () => number;
  traffic: Traffic;
}

async function send(habit: Habit, sending: Sending): Promise<void> {
  const { life, random } = sending;
  while (!life.signal.aborted) {
    const connection = new Connection(life.port);
    for (let sent = 0; sent < habit.requestsPerConnection && !life.signal.aborted; sent += habit.depth) {
      if (connection.isLost) break;
      await Promise.all(Array.from({ length: habit.depth }, () => sendOne(connection, habit, sending)));
      await sleep(random() * habit.pauseMs);
    }
    connection.close();
    await sleep(1);
  }
}

async function sendOne(connection: Connection, habit: Habit, sending: Sending): Promise<void> {
  const { truth, random, traffic, life } = sending;
  const event = truth.next();
  const answered = connection.post(requestOf(event));
  const isImpatient = habit.patienceMs !== undefined && random() < 0.2;
  const answer = isImpatient ? await giveUp(answered, random() * (habit.patienceMs ?? 0)) : await answered;
  if (answer === 'lost') connection.close();
  traffic.answers.set(answer, (traffic.answers.get(answer) ?? 0) + 1);
  note(event, answer, truth);
  if (answer === 503) await sleep(50, undefined, { signal: life.signal }).catch(() => undefined);
}

function note(event: CrashEvent, answer: Answer, truth: Truth): void {
  if (answer === 200) truth.acknowledge(event);
  else truth.lose(event);
}

function giveUp(answered: Promise<Answer>, afterMs: number): Promise<Answer> {
  return Promise.race([answered, sleep(afterMs).then((): Answer => 'lost')]);
}
