/** What the gateway says itself, in the place of a model. Status codes have the meanings of the original. */
import type { ServerResponse } from 'node:http';

export interface Refusal {
  status: number;
  /** Stable, see `spec/errors.md`. */
  code: string;
  message: string;
  headers?: Readonly<Record<string, string>>;
}

/** Answers with JSON. `headers` come before those of the refusal. Once an answer has begun it is broken off instead. */
export function refuse(
  response: ServerResponse,
  { status, code, message, headers: own }: Refusal,
  headers: readonly string[] = [],
): void {
  if (response.headersSent) return void response.destroy();
  // Clients of the original look for the message of a 431 at the top.
  const body = JSON.stringify({ ...(status === 431 && { message }), error: { code, message } });
  response.writeHead(status, [
    ...headers,
    ...Object.entries(own ?? {}).flat(),
    'content-type',
    'application/json',
    'content-length',
    String(Buffer.byteLength(body)),
  ]);
  response.end(body);
}

export const idTooLong = (name: string): Refusal => ({
  status: 431,
  code: 'id_too_long',
  message: `${name} is longer than 100 characters. Send a shorter one, or none.`,
});

export const noSuchEndpoint = (endpoint: string): Refusal => ({
  status: 404,
  code: 'endpoint_not_found',
  message: `There is no endpoint ${shown(endpoint)}. Compare with: gleaner ml online-endpoint list.`,
});

export const noSuchDeployment = (deployment: string): Refusal => ({
  status: 404,
  code: 'deployment_not_found',
  message: `Specified deployment could not be found: ${shown(deployment)}. Correct the header azureml-model-deployment, or leave it out.`,
});

export const noTraffic: Refusal = {
  status: 404,
  code: 'no_traffic',
  message:
    'The endpoint does not have any valid deployment with positive weight. Give one traffic, or name one in the header azureml-model-deployment.',
};

export const unauthorized = (what: 'missing' | 'wrong'): Refusal => ({
  status: 401,
  // The words that clients of the original look for.
  code: what === 'missing' ? 'key_auth_bad_header_forbidden' : 'key_auth_access_denied',
  message:
    what === 'missing'
      ? 'The request carries no key. Send: Authorization: Bearer <key or token>.'
      : 'The key or token is not good for this endpoint, or it has expired. Get one with: gleaner ml online-endpoint get-credentials.',
  headers: {
    'www-authenticate': what === 'missing' ? 'Bearer' : 'Bearer error="invalid_token"',
  },
});

export const tooManyPending = (most: number): Refusal => ({
  status: 429,
  code: 'too_many_pending_requests',
  message: `The deployment has ${most} requests pending, the most it takes (2 × max_concurrent_requests_per_instance × instances). Try again later, or raise them.`,
  headers: { 'ms-azureml-model-error-reason': 'too_many_pending_request', 'retry-after': '1' },
});

export const timedOut = (timeoutMs: number): Refusal => ({
  status: 408,
  code: 'request_timeout',
  message: `The model did not answer within request_timeout_ms (${timeoutMs}). Raise it in request_settings, or make the model faster.`,
  // HTTP lets clients repeat a 408 by themselves when it closes the connection: the model may have done its work.
});

export const bodyTooSlow: Refusal = {
  status: 408,
  code: 'request_timeout',
  message: 'The body of the request did not come in time: its client stopped sending, or sends too slowly.',
  headers: { connection: 'close' },
};

export const noReadyInstance = (timeoutMs: number): Refusal => ({
  status: 503,
  code: 'model_not_ready',
  message: `No instance of the deployment was ready within request_timeout_ms (${timeoutMs}). See its logs: gleaner ml online-deployment get-logs.`,
  headers: { 'ms-azureml-model-error-reason': 'model_not_ready', 'retry-after': '1' },
});

export const brokenOff: Refusal = {
  status: 502,
  code: 'model_broke_off',
  message:
    'The instance ended the connection before it answered. It may have processed the request. See its logs: gleaner ml online-deployment get-logs.',
  headers: { 'ms-azureml-model-error-reason': 'model_error' },
};

export const workspaceAway: Refusal = {
  status: 503,
  code: 'workspace_away',
  message: 'The workspace is starting again. Endpoints go on serving. Try again in a moment.',
  headers: { 'retry-after': '1' },
};

export const malformed: Refusal = {
  status: 400,
  code: 'bad_request',
  message: 'The request cannot be passed on: its target or one of its headers is not valid HTTP.',
};

export const unexpected: Refusal = {
  status: 500,
  code: 'internal_error',
  message: 'The gateway failed. Its log says why.',
};

/** What a client sent, fit for a message. */
function shown(name: string): string {
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);
}
