/**
 * The load, in a process of its own: `connections` senders, each with one request on its way at a time. Prints what it counted
 * as one line of JSON.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

import { createSdkRequest } from './sdk-request.ts';
import type { SdkRequest } from './sdk-request.ts';

export interface LoadPlan {
  port: number;
  connections: number;
  bodyBytes: number;
  seconds: number;
  /** A new connection for each request, which the sender closes: what the Python SDK does. */
  connectionPerRequest: boolean;
}

export interface LoadResult {
  /** Answered with 2xx. */
  requests: number;
  /** Answered with anything else, or not at all. */
  failures: number;
  seconds: number;
}

interface Load {
  plan: LoadPlan;
  request: SdkRequest;
  counts: { requests: number; failures: number };
  deadlineMs: number;
}

const TWO = '2'.charCodeAt(0);
/** Length by head: the answers of a server have few of them. */
const knownLengths = new Map<string, number>();

const plan = JSON.parse(process.argv[2] ?? '{}') as LoadPlan;
const startMs = performance.now();
const load: Load = {
  plan,
  request: await createSdkRequest(plan.bodyBytes),
  counts: { requests: 0, failures: 0 },
  deadlineMs: startMs + plan.seconds * 1000,
};
await Promise.all(Array.from({ length: plan.connections }, () => send(load)));
const result: LoadResult = { ...load.counts, seconds: (performance.now() - startMs) / 1000 };
process.stdout.write(`${JSON.stringify(result)}\n`);

/** One sender until the deadline. */
async function send(load: Load): Promise<void> {
  while (performance.now() < load.deadlineMs) {
    const most = load.plan.connectionPerRequest ? 1 : Number.POSITIVE_INFINITY;
    await useConnection(load, most);
  }
}

// /!\ Hot path: it has to be faster than the servers it measures, so an answer is recognised by its status and its length.
function useConnection(load: Load, most: number): Promise<void> {
  const { counts, request, deadlineMs, plan } = load;
  const socket: Socket = connect({ port: plan.port, host: '127.0.0.1', noDelay: true });
  let answers = 0;
  let waiting = false;
  let missingBytes = 0;
  const next = (): void => {
    if (answers === most || performance.now() >= deadlineMs) return void socket.end();
    request.renew();
    waiting = true;
    // The socket may keep the bytes of a long request: they need a copy.
    socket.write(Buffer.from(request.bytes));
  };
  socket.on('connect', next);
  socket.on('data', (chunk: Buffer) => {
    if (missingBytes > 0) missingBytes -= chunk.length;
    else {
      if (chunk[9] === TWO) counts.requests++;
      else counts.failures++;
      missingBytes = answerBytes(chunk) - chunk.length;
    }
    if (missingBytes > 0) return;
    answers++;
    waiting = false;
    next();
  });
  return new Promise((resolve) => {
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (waiting) counts.failures++;
      resolve();
    });
  });
}

function answerBytes(chunk: Buffer): number {
  const end = chunk.indexOf('\r\n\r\n');
  const head = chunk.toString('latin1', 0, end);
  let length = knownLengths.get(head);
  if (length === undefined) {
    length = end + 4 + Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    knownLengths.set(head, length);
  }
  return length;
}
