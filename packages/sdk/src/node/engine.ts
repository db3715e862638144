import { hash } from 'node:crypto';

import { createEngine, defaultLimits } from '../core/engine.ts';
import type { CollectorEngine } from '../core/engine.ts';
import type { CollectorError } from '../core/errors.ts';
import { systemClock } from './clock.ts';
import { readDebug, readEndpoint } from './environment.ts';
import type { Environment } from './environment.ts';
import { createPolicySource } from './policy-source.ts';
import { createTransport } from './transport.ts';
import { createWarner } from './warner.ts';

export interface NodeEngineOptions {
  /** Where the settings of the original's SDK are read from (compat 1.9). Default: the environment of the process. */
  environment?: Environment;
  /** Bytes of all events that wait or are being sent. Default 16 MiB. */
  maxQueuedBytes?: number;
  /** Events sent at a time, each over a connection of its own. Default 4. */
  connections?: number;
  /** An event is sent again for this long after its collection. Default 60 s. */
  retryForMs?: number;
  /** An answer that takes longer counts as none. Default 10 s. */
  timeoutMs?: number;
  /** Told of losses that reach no `onError`. Must not throw. Default: a warning of the process. */
  warn?: (error: CollectorError) => void;
}

/**
 * One queue and one set of connections towards the collector that the environment names, for programs that serve several.
 * Reads no file yet.
 *
 * @throws CollectorError `setting_invalid`
 */
export function createNodeEngine(options: NodeEngineOptions = {}): CollectorEngine {
  const { environment = process.env, timeoutMs = 10_000, warn = createWarner(), ...limits } = options;
  const { maxQueuedBytes, connections, retryForMs } = { ...defaultLimits, ...limits };
  const ports = {
    transport: createTransport({ ...readEndpoint(environment), connections, timeoutMs }),
    policy: createPolicySource(environment, { now: systemClock.now, warn }),
    clock: systemClock,
    sha256: (text: string) => hash('sha256', text, 'buffer'),
    random: Math.random,
    warn,
    print: (line: string) => console.log(line),
  };
  return createEngine(ports, { maxQueuedBytes, connections, retryForMs, debug: readDebug(environment) });
}
