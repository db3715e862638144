/** The admin port: health, status, metrics, live policy. Loopback only, unless there is a token. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { bearerCheck, cannotListen, requireTokenBeyondLoopback } from '../access.ts';
import { createMetrics } from './metrics.ts';
import { readPolicyPatch } from './policy-patch.ts';
import type { PolicyPatch } from './policy-patch.ts';
import type { CollectorStatus } from './status.ts';

export interface AdminOptions {
  host: string;
  port: number;
  token: string | undefined;
  status: () => CollectorStatus;
  /** Names of collections the patch names and that do not exist; empty when it was applied. */
  applyPolicy(patch: PolicyPatch): Promise<string[]>;
  /** Stores what the flight recorder holds; how many records, or `undefined` when there is none. */
  keepRecorded(): number | undefined;
}

export interface Admin extends AsyncDisposable {
  readonly port: number;
}

interface Answer {
  status: number;
  body: unknown;
  contentType?: string;
}

const maxPatchBytes = 64 * 1024;

/** Errors: `address_in_use`, `token_required`. */
export async function openAdmin(options: AdminOptions): Promise<Admin> {
  const { host, port, token } = options;
  requireTokenBeyondLoopback({ host, token, name: 'admin' });
  const isAuthorized = bearerCheck(token);
  const metrics = createMetrics(options.status);
  const routes: Record<string, (request: IncomingMessage) => Answer | Promise<Answer>> = {
    'GET /healthz': () => health(options.status()),
    'GET /healthz/live': () => ({ status: 200, body: { live: true } }),
    'GET /status': () => ({ status: 200, body: options.status() }),
    'GET /metrics': async () => ({
      status: 200,
      body: await metrics.text(),
      contentType: metrics.contentType,
    }),
    'PATCH /policy': (request) => patchPolicy(request, options),
    'POST /recorder/keep': () => keepRecorded(options),
  };
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0] ?? '';
    const route = routes[`${request.method} ${path}`];
    const answer = !isAuthorized(request.headers.authorization)
      ? problem(401, 'token_missing_or_wrong', 'Send the admin token as "Authorization: Bearer <token>".')
      : (route?.(request) ?? problem(404, 'route_unknown', `Known: ${Object.keys(routes).join(', ')}.`));
    Promise.resolve(answer)
      .catch((): Answer => problem(500, 'internal', 'The request failed.'))
      .then((result) => send(response, result))
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(cannotListen({ host, port, name: 'admin' }, cause)));
    server.listen({ host, port }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function health(status: CollectorStatus): Answer {
  const { live, ready, causes } = status;
  return { status: ready ? 200 : 503, body: { live, ready, causes } };
}

async function patchPolicy(request: IncomingMessage, options: AdminOptions): Promise<Answer> {
  const pieces: Buffer[] = [];
  let byteLength = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    byteLength += piece.length;
    if (byteLength > maxPatchBytes)
      return problem(413, 'body_too_large', `A patch may have ${maxPatchBytes} bytes.`);
    pieces.push(piece);
  }
  const patch = readPolicyPatch(Buffer.concat(pieces).toString('utf8'));
  if ('problem' in patch) return problem(400, 'policy_invalid', patch.problem);
  const unknown = await options.applyPolicy(patch);
  if (unknown.length > 0)
    return problem(404, 'collection_unknown', `There is no collection ${unknown.join(', ')}.`);
  return { status: 200, body: options.status().collections };
}

function keepRecorded(options: AdminOptions): Answer {
  const records = options.keepRecorded();
  if (records === undefined)
    return problem(409, 'recorder_off', 'There is no flight recorder; set recorder.minutes and start again.');
  return { status: 200, body: { records } };
}

function problem(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}

function send(response: ServerResponse, { status, body, contentType = 'application/json' }: Answer): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body, undefined, 2)}\n`;
  response.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}
