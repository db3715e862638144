/** WebSockets of models: the answer that opens one is the gateway's, the bytes behind it are passed on as they are. */
import { ServerResponse } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { Duplex } from 'node:stream';

import { endpointTarget } from './target.ts';

/** Of an endpoint; the workspace has none. */
export function asksForWebSocket({ headers, url }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket' && endpointTarget(url ?? '') !== undefined;
}

export interface Upgrading {
  socket: Socket;
  /** What the client sent behind its request. */
  head: Buffer;
}

/** `response`: for a refusal, after which the connection ends. `onWebSocket`: for the other case. */
export function webSocketResponse(
  message: IncomingMessage,
  { socket, head }: Upgrading,
): { response: ServerResponse; onWebSocket(headers: readonly string[], upstream: Duplex): void } {
  const response = new ServerResponse(message);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.end());
  socket.on('error', () => socket.destroy());
  return {
    response,
    onWebSocket(headers, upstream) {
      response.detachSocket(socket);
      socket.write(headOf(headers), 'latin1');
      upstream.write(head);
      pipeline(socket, upstream, socket, () => {
        socket.destroy();
        upstream.destroy();
      });
    },
  };
}

function headOf(headers: readonly string[]): string {
  let text = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n';
  for (let at = 0; at + 1 < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return `${text}\r\n`;
}
