import { Pool } from 'undici';

import type { GatewayInstance } from './messages.ts';

/** Where requests of a deployment go, and how many are there. */
export class Instance {
  readonly name: string;
  readonly port: number;
  readonly pool: Pool;
  inFlight = 0;
  /** In the table: takes requests. */
  isListed = true;
  /** It could not be reached: nothing is sent there before (of `performance.now()`). */
  notBeforeMs = 0;
  #restMs = firstRestMs;

  constructor({ name, port }: GatewayInstance) {
    this.name = name;
    this.port = port;
    this.pool = openPool(port);
  }

  /** It could not be reached: requests go elsewhere, or wait a moment, which is longer each time in a row. */
  rest(): void {
    this.notBeforeMs = performance.now() + this.#restMs;
    this.#restMs = Math.min(2 * this.#restMs, maxRestMs);
  }

  /** It was reached. */
  wake(): void {
    this.notBeforeMs = 0;
    this.#restMs = firstRestMs;
  }
}

const firstRestMs = 50;
const maxRestMs = 1000;

/** Connections to a server on this machine. How many there are, and how long a request may take, is decided elsewhere. */
export function openPool(port: number): Pool {
  return new Pool(`http://127.0.0.1:${port}`, {
    allowH2: false,
    pipelining: 1,
    // Shorter than any server's: a request must not meet a connection that is being closed.
    keepAliveTimeout: 1000,
    keepAliveMaxTimeout: 1000,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
