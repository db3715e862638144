import { BaseCollector } from '../core/base-collector.ts';
import type { CollectorOptions as BaseCollectorOptions } from '../core/collector-options.ts';
import type { CollectorEngine } from '../core/engine.ts';
import { createCollectorEngine } from './engine.ts';

export interface CollectorOptions extends BaseCollectorOptions {
  /** The one that the process shares, set by its environment, without it. */
  engine?: CollectorEngine | undefined;
}

/** Collects events of one collection; see {@link BaseCollector} for what it promises. */
export class Collector extends BaseCollector {
  constructor(options: CollectorOptions) {
    super(options, options?.engine ?? sharedEngine());
  }
}

let shared: CollectorEngine | undefined;

/** Settings that collect nothing are read again by the next collector, as the original does (compat 1.3). */
function sharedEngine(): CollectorEngine {
  if (shared === undefined || !shared.ports.policy.current().customLogging) shared = createCollectorEngine();
  return shared;
}
