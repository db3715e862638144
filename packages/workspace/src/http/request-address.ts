/** Where a request came to: what it is answered names the same place. */
import { AsyncLocalStorage } from 'node:async_hooks';

import type { FastifyRequest } from 'fastify';

export interface RequestAddress {
  /** `https://<host>` of a request that came by TLS, else that of the workspace; without a slash at its end. */
  of(request: FastifyRequest): string;
  /** Runs what answers the request, so that `current` is its address. */
  run(request: FastifyRequest, answer: () => void): void;
  /** Outside of requests, that of the workspace. */
  readonly current: string;
}

/** The host of a request is to be checked before. */
export function createRequestAddress(publicUrl: string): RequestAddress {
  const addresses = new AsyncLocalStorage<string>();
  // The gateway says how a request came, and takes what clients say of it away.
  const addressOf = ({ headers }: FastifyRequest): string =>
    headers['x-forwarded-proto'] === 'https' && headers.host !== undefined
      ? `https://${headers.host.toLowerCase()}`
      : publicUrl;
  return {
    of: addressOf,
    run: (request, answer) => addresses.run(addressOf(request), answer),
    get current() {
      return addresses.getStore() ?? publicUrl;
    },
  };
}
