/** An HTTP server that gives whatever answer a test wants to see handled. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';

export interface AnsweringServer extends AsyncDisposable {
  readonly endpoint: string;
  /** How many connections are open. */
  connections(): Promise<number>;
}

export interface Answer {
  status: number;
  body?: string;
  headers?: Record<string, string>;
  /** Ends the connection in the middle of the body. */
  isCut?: true;
}

/** Asks `answer` once a request is whole; `undefined` leaves the client waiting. */
export async function startAnsweringServer(
  answer: (request: IncomingMessage) => Answer | undefined,
): Promise<AnsweringServer> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      const given = answer(request);
      if (given === undefined) return;
      const { status, body = '', headers = {}, isCut = false } = given;
      const byteLength = Buffer.byteLength(body);
      response.writeHead(status, { 'content-length': isCut ? byteLength + 10 : byteLength, ...headers });
      if (!isCut) response.end(request.method === 'HEAD' ? undefined : body);
      else response.write(body, () => response.destroy());
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
      ),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
