/** A model server that answers every request with a stream of events. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StreamPlan {
  /** Of each answer. */
  events: number;
  gapMs: number;
  /** Of each event. */
  eventBytes: number;
}

const plan = JSON.parse(process.argv[2] ?? '{}') as StreamPlan;
const server = createServer({ keepAlive: false }, (request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  let sent = 0;
  const send = (): void => {
    response.write(event());
    if (++sent < plan.events) return;
    clearInterval(timer);
    response.end();
  };
  const timer = setInterval(send, plan.gapMs);
  response.on('close', () => clearInterval(timer));
  send();
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});

/** It says when it was sent, by the clock that all processes of the machine share. */
function event(): string {
  const start = `data: {"sentNs":${process.hrtime.bigint()},"text":"`;
  const end = '"}\n\n';
  return `${start}${'x'.repeat(Math.max(0, plan.eventBytes - start.length - end.length))}${end}`;
}
