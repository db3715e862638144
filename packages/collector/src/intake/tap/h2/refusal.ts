/** What a client is told when there is no model server to ask. */
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';

import { undeliveredHeader } from '../undelivered.ts';
import { isGrpc, valueOf } from './fields.ts';

/** `code`: why, in a word. */
export function answerUnreachable(client: ServerHttp2Stream, request: readonly string[], code: string): void {
  if (client.destroyed || client.closed) return;
  const mark = { [undeliveredHeader]: 'true' };
  const text = `The model server cannot be reached over HTTP/2 (${code}).`;
  if (isGrpc(request)) {
    const contentType = valueOf(request, 'content-type');
    const failure = { 'grpc-status': '14', 'grpc-message': text };
    client.respond({ ':status': 200, 'content-type': contentType, ...failure, ...mark }, { endStream: true });
  } else {
    const status = constants.HTTP_STATUS_BAD_GATEWAY;
    client.respond({ ':status': status, 'content-type': 'text/plain', ...mark });
    client.end(`${text}\n`);
  }
}
