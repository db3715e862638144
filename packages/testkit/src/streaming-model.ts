/** A model server that streams a recorded answer, event by event. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StreamingModel extends AsyncDisposable {
  readonly endpoint: string;
}

export interface StreamedAnswer {
  text: string;
  /** `text/event-stream` when absent. */
  contentType?: string;
  /** Between two events; 0 when absent. */
  delayMs?: number;
  /** Ends the connection behind the text, in the middle of the body. */
  isCut?: true;
}

/** Every request, whatever it asks, gets what `answer` gives for its path. */
export async function startStreamingModel(answer: (path: string) => StreamedAnswer): Promise<StreamingModel> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => void stream(response, answer(request.url ?? '/')));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function stream(response: ServerResponse, answer: StreamedAnswer): Promise<void> {
  const { text, contentType = 'text/event-stream', delayMs = 0, isCut = false } = answer;
  response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-cache' });
  for (const event of text.split(/(?<=\r?\n\r?\n)/)) {
    if (response.destroyed) return;
    response.write(event);
    if (delayMs > 0) await sleep(delayMs);
  }
  if (isCut) response.write('', () => response.destroy());
  else response.end();
}
