/** The smallest model server: `POST /score` with `{"data": [[5.1, 3.5, 1.4, 0.2]]}`. */
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { parseArgs } from 'node:util';

import { init, run } from './score.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '5001' } } });
init();

const server = createServer((request, response) => {
  answer(request.method === 'POST' ? json(request) : Promise.resolve(undefined))
    .then(({ status, body }) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(body))
    .catch(() => response.destroy());
});
server.listen(Number(values.port), '127.0.0.1');
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);

/** Answers what has come; then the process ends by itself, once everything collected has been sent. */
function stop(): void {
  server.close();
  setTimeout(() => server.closeAllConnections(), 1000).unref();
}

async function answer(body: Promise<unknown>): Promise<{ status: number; body: string }> {
  try {
    const request = await body;
    if (request === undefined) return { status: 200, body: '"Healthy"' };
    return { status: 200, body: JSON.stringify(run(request as { data: number[][] })) };
  } catch (error) {
    return { status: 400, body: JSON.stringify({ message: String(error) }) };
  }
}
