/** Clients of a stream, many at a time, in a process of their own. Prints what they saw as one line of JSON. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ClientsPlan {
  port: number;
  streams: number;
  /** They begin one after the other within this time. */
  rampMs: number;
}

export interface ClientsResult {
  /** From the first step to a connection to the first byte of the answer, of each stream. */
  firstByteMs: number[];
  /** From the model server's write to the client's read, of each event. */
  delaysMs: number[];
  /** Events that came in one read with an earlier one. */
  joined: number;
  /** Streams that broke before their end. */
  broken: number;
}

const plan = JSON.parse(process.argv[2] ?? '{}') as ClientsPlan;
const result: ClientsResult = { firstByteMs: [], delaysMs: [], joined: 0, broken: 0 };
await Promise.all(
  Array.from({ length: plan.streams }, async (_, index) => {
    await sleep((plan.rampMs * index) / plan.streams);
    await follow(plan.port);
  }),
);
process.stdout.write(`${JSON.stringify(result)}\n`);

/** One stream to its end. */
function follow(port: number): Promise<void> {
  const startMs = performance.now();
  const body = '{"prompt":"Tell me"}';
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.write(
    `POST /stream HTTP/1.1\r\nHost: model\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  let text = '';
  let isFirst = true;
  let isWhole = false;
  socket.setEncoding('latin1').on('data', (piece: string) => {
    const nowNs = process.hrtime.bigint();
    if (isFirst) result.firstByteMs.push(performance.now() - startMs);
    isFirst = false;
    const events = (text + piece).split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) result.delaysMs.push(Number(nowNs - sentNs(event)) / 1e6);
    result.joined += Math.max(0, events.length - 1);
    if (text.endsWith('0\r\n\r\n')) isWhole = true;
  });
  return new Promise((resolve) => {
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (!isWhole) result.broken++;
      resolve();
    });
  });
}

function sentNs(event: string): bigint {
  return BigInt(/"sentNs":(\d+)/.exec(event)?.[1] ?? 0);
}
