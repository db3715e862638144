import { CollectorError } from './errors.ts';
import { Outbox } from './outbox.ts';
import type { OutboxLimits } from './outbox.ts';
import type { EnginePorts } from './ports.ts';

export interface EngineOptions extends OutboxLimits {
  /** Contexts come back wrapped, with what became of the call. */
  debug: boolean;
}

/** What collectors share: one queue and one set of connections towards one collector sidecar. */
export interface CollectorEngine {
  readonly ports: EnginePorts;
  readonly outbox: Outbox;
  readonly debug: boolean;
  /** The open ones; the last one to leave closes the idle connections. */
  readonly collectors: Set<object>;
}

export const defaultLimits: OutboxLimits = {
  maxQueuedBytes: 16 * 1024 * 1024,
  connections: 4,
  retryForMs: 60_000,
};

/** Throws `setting_invalid` for a limit that lets nothing through. */
export function createEngine(ports: EnginePorts, { debug, ...limits }: EngineOptions): CollectorEngine {
  for (const [name, value] of Object.entries(limits)) {
    if (value > 0) continue;
    throw new CollectorError('setting_invalid', `${name} is ${value}; expected a number above 0.`);
  }
  return { ports, outbox: new Outbox(ports, limits), debug, collectors: new Set() };
}
