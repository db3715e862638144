/** A model server as a program of node: reads each request, and answers with the same bytes. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const { answer } = JSON.parse(process.argv[2] ?? '{}') as { answer: string };
const head = { 'content-type': 'application/json', 'content-length': String(answer.length) };

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(200, head).end(answer));
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
