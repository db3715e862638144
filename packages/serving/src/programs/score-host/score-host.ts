import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { HttpProblem, maxBodyBytes, readData } from './data.ts';
import { openApi } from './open-api.ts';
import { answeredIds, readRequestIds } from './request-ids.ts';
import type { RequestIds } from './request-ids.ts';
import type { ScoreScript } from './script.ts';

export interface ScoreHostOptions {
  /** 0: any free one. */
  port: number;
  /** Larger bodies are answered with 413. Default 128 MiB. */
  maxBodyBytes?: number;
  /** Told a line for each request to `/score`, and the error of a script. Default: the console. */
  log?: Pick<Console, 'log' | 'error'>;
}

export interface ScoreHost {
  port: number;
  /** Takes no more connections; those that wait for nothing are closed. */
  stop(): void;
}

/** Serves a script on loopback with the routes, ids and error texts of the original's inference server. */
export async function startScoreHost(script: ScoreScript, options: ScoreHostOptions): Promise<ScoreHost> {
  const settings = { maxBodyBytes, log: console, ...options };
  const server = createServer((request, response) => {
    handle(request, response, { script, ...settings, isOpen: () => server.listening }).catch(
      (error: unknown) => {
        settings.log.error(error);
        response.destroy();
      },
    );
  });
  // Idle connections belong to the tap, which closes them; ours closing first would fail a request on its way.
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return { port, stop: () => void server.close() };
}

interface Context {
  script: ScoreScript;
  maxBodyBytes: number;
  log: Pick<Console, 'log' | 'error'>;
  isOpen: () => boolean;
}

interface Answer {
  status: number;
  body: string;
  headers?: Record<string, string>;
}

async function handle(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  const startedMs = performance.now();
  const ids = readRequestIds(request.headers);
  const answer = 'problem' in ids ? problem(431, ids.problem) : await answerTo(request, { ...context, ids });
  const headers = 'problem' in ids ? {} : answeredIds(ids, request.headers);
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    ...headers,
    ...answer.headers,
    // The rest of a refused body is not read, and a process that ends waits for its connections.
    ...(isUnread(request) || !context.isOpen() ? { Connection: 'close' } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
  const { pathname } = urlOf(request);
  if (pathname === '/score') {
    const tookMs = (performance.now() - startedMs).toFixed(3);
    context.log.log(`${request.method} ${request.url} ${answer.status} ${tookMs}ms ${body.length}`);
  }
}

async function answerTo(request: IncomingMessage, context: Context & { ids: RequestIds }): Promise<Answer> {
  const { method = '' } = request;
  const { pathname } = urlOf(request);
  const isRead = method === 'GET' || method === 'HEAD';
  if (pathname === '/score') {
    if (method === 'GET' || method === 'POST') return score(request, context);
    return method === 'OPTIONS'
      ? { status: 200, body: '', headers: { Allow: 'GET, POST, OPTIONS' } }
      : notAllowed;
  }
  if (pathname === '/') {
    return isRead
      ? { status: 200, body: 'Healthy', headers: { 'Content-Type': 'text/html; charset=utf-8' } }
      : notAllowed;
  }
  if (pathname === '/swagger.json')
    return isRead ? { status: 200, body: JSON.stringify(openApi) } : notAllowed;
  return problem(
    404,
    'The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.',
  );
}

async function score(request: IncomingMessage, context: Context & { ids: RequestIds }): Promise<Answer> {
  let data: unknown;
  try {
    data = await readData(request, { url: urlOf(request), maxBodyBytes: context.maxBodyBytes });
  } catch (error) {
    if (error instanceof HttpProblem) return problem(error.status, error.message);
    throw error;
  }
  const startedMs = performance.now();
  try {
    const result = await context.script.run(data, { ...context.ids, headers: plainHeaders(request) });
    return {
      status: 200,
      // Nothing is an empty object, as in the original.
      body: (result === null ? undefined : JSON.stringify(result)) ?? '{}',
      headers: {
        'x-ms-run-fn-exec-ms': (performance.now() - startedMs).toFixed(3),
        'x-ms-run-function-failed': 'False',
      },
    };
  } catch (error) {
    context.log.error(error);
    return {
      ...problem(500, 'An unexpected error occurred in scoring script. Check the logs for more info.'),
      headers: { 'x-ms-run-function-failed': 'True' },
    };
  }
}

function problem(status: number, message: string): Answer {
  return { status, body: JSON.stringify({ message }) };
}

const notAllowed = problem(405, 'The method is not allowed for the requested URL.');

/** Without a body, a request may be answered before the parser calls it complete. */
function isUnread(request: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  return !request.complete && (length !== '0' || encoding !== undefined);
}

function urlOf(request: IncomingMessage): URL {
  return new URL(`http://localhost${request.url?.startsWith('/') ? request.url : '/'}`);
}

function plainHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  );
}
