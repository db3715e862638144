/** For tests: what the strict parser of `node:http` makes of bytes on a real connection. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';

export interface Verdict {
  /** The requests that were read to their end. */
  requests: ReadRequest[];
  /** The code of what put an end to it; absent when all was read. */
  refused?: string;
}

export interface ReadRequest {
  start: string;
  version: string;
  fields: string[];
  body: string;
  trailers: string[];
}

export interface NodeParser extends AsyncDisposable {
  /** Sends all of `text` (bytes as Latin-1) at once and then the end. One call at a time. */
  read(text: string): Promise<Verdict>;
}

export async function openNodeParser(): Promise<NodeParser> {
  const server = createServer({ insecureHTTPParser: false, requireHostHeader: false });
  let verdict: Verdict = { requests: [] };
  server.on('request', (message, response) => {
    collect(message, (read) => {
      verdict.requests.push(read);
      response.end();
    });
  });
  server.on('connect', (message, socket) => {
    verdict.requests.push(described(message, ''));
    socket.destroy();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    verdict.refused = error.code ?? error.message;
    socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    async read(text) {
      verdict = { requests: [] };
      const client = connect(address.port, address.address);
      client.on('error', () => {
        // A refusal may end the connection while bytes are under way.
      });
      client.resume().end(Buffer.from(text, 'latin1'));
      await once(client, 'close');
      return verdict;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function collect(message: IncomingMessage, done: (read: ReadRequest) => void): void {
  let body = '';
  message.setEncoding('latin1');
  message.on('data', (text: string) => (body += text));
  message.on('end', () => done(described(message, body)));
  message.on('error', () => {
    // The rest does not come: this request was not read to its end.
  });
}

function described(message: IncomingMessage, body: string): ReadRequest {
  const start = `${message.method} ${message.url}`;
  const { httpVersion: version, rawHeaders, rawTrailers } = message;
  return { start, version, fields: lines(rawHeaders), body, trailers: lines(rawTrailers) };
}

/** Node gives names and values in turn. */
function lines(raw: readonly string[]): string[] {
  return raw.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${raw[index + 1]}`] : []));
}
