import { hash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { createEngine, defaultLimits } from '../core/engine.ts';
import type { CollectorEngine } from '../core/engine.ts';
import type { CollectorError } from '../core/errors.ts';
import { uniformPolicy } from '../core/policy.ts';
import type { Clock, PolicySource } from '../core/ports.ts';
import { ConfigFile } from './config-file.ts';
import { readConfigPath, readDebug, readEndpoint, readUniformPolicy } from './environment.ts';
import type { Environment } from './environment.ts';
import { createHttpTransport } from './transport.ts';
import { createWarner } from './warner.ts';

export interface CollectorEngineOptions {
  /** Where the settings of the original's SDK are read from; `process.env` without it. */
  environment?: Environment;
  /** Limit of all events that wait or are being sent; 16 MiB. */
  maxQueuedBytes?: number;
  /** Events being sent at a time, each over a connection of its own; 4. */
  connections?: number;
  /** 10 000 */
  requestTimeoutMs?: number;
  /** How long after its collection an event is tried again; 60 000. */
  retryForMs?: number;
  /** Told of losses that reach no `onError`; a warning of the process without it. Must not throw. */
  warn?: (error: CollectorError) => void;
}

/**
 * A queue and connections towards one collector, for programs that serve several. Reads the environment, but no file yet.
 *
 * @throws CollectorError `setting_invalid`
 */
export function createCollectorEngine(options: CollectorEngineOptions = {}): CollectorEngine {
  const { environment = process.env, requestTimeoutMs = 10_000, warn = createWarner(), ...given } = options;
  const limits = { ...defaultLimits, ...given };
  const { connections } = limits;
  const ports = {
    transport: createHttpTransport({ ...readEndpoint(environment), connections, requestTimeoutMs }),
    policy: policySource(environment, warn),
    clock,
    sha256: (text: string) => hash('sha256', text, 'buffer'),
    random: Math.random,
    warn,
    print: (line: string) => console.log(line),
  };
  return createEngine(ports, { ...limits, debug: readDebug(environment) });
}

function policySource(environment: Environment, warn: (error: CollectorError) => void): PolicySource {
  const path = readConfigPath(environment);
  if (path !== undefined) return new ConfigFile(path, { now: clock.now, warn });
  const policy = uniformPolicy(readUniformPolicy(environment));
  return { current: () => policy, reload: () => policy };
}

const clock: Clock = {
  now: Date.now,
  async sleep(ms, signal) {
    // An abort ends the sleep as its end does.
    await delay(ms, undefined, { signal }).catch(() => undefined);
  },
  defer: setImmediate,
};
