/** Everything that is not for an endpoint is for the workspace process, and takes as long as it takes. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';

import { malformed, refuse, workspaceAway } from './answers.ts';
import { forward, toClient } from './forward.ts';
import type { Outcome } from './forward.ts';
import { fromWorkspace, toWorkspace } from './headers.ts';
import { RequestBody } from './request-body.ts';
import type { RoutingTable } from './table.ts';

export interface ControlRequest {
  message: IncomingMessage;
  response: ServerResponse;
  onBodyWanted(): void;
}

const maxHeldBytes = 64 * 1024;

export async function passToWorkspace(
  { message, response, onBodyWanted }: ControlRequest,
  table: RoutingTable,
): Promise<void> {
  const pool = table.workspace;
  if (pool === undefined) return refuse(response, workspaceAway);
  const leaving = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) leaving.abort();
  });
  const body = new RequestBody(message, { maxHeldBytes, onStart: onBodyWanted, onBytes: () => undefined });
  const opened = await body.open();
  if (opened === 'gone') return;
  const sink = toClient(response, (answer) => ({ ...answer, headers: fromWorkspace(answer.headers) }));
  const outcome = await forward(
    {
      pool,
      method: message.method ?? 'GET',
      path: message.url ?? '/',
      headers: toWorkspace(message.rawHeaders, { isTls: message.socket instanceof TLSSocket }),
      body: opened,
      signal: leaving.signal,
    },
    sink,
  );
  if (isFailure(outcome)) refuse(response, outcome.kind === 'malformed' ? malformed : workspaceAway);
}

function isFailure({ kind }: Outcome): boolean {
  return kind !== 'answered' && kind !== 'aborted';
}
