import { BaseCollector } from '../core/base-collector.ts';
import type { CollectorOptions } from '../core/collector-options.ts';
import type { CollectorEngine } from '../core/engine.ts';
import { createNodeEngine } from './engine.ts';

export interface NodeCollectorOptions extends CollectorOptions {
  /** For settings other than the environment's. Default: one for the process. */
  engine?: CollectorEngine | undefined;
}

/**
 * Collects what goes into a model, or comes out of it, through the collector beside it. The surface is that of the original's
 * `azureml.ai.monitoring.Collector`, with `flush`, `close` and `stats` added.
 */
export class Collector extends BaseCollector {
  static #shared: CollectorEngine | undefined;

  constructor(options: NodeCollectorOptions) {
    super(options, options?.engine ?? Collector.#sharedEngine());
  }

  /** Settings that collect nothing are read again by the next collector, as the original does (compat 1.3). */
  static #sharedEngine(): CollectorEngine {
    if (!Collector.#shared?.ports.policy.current().customLogging) Collector.#shared = createNodeEngine();
    return Collector.#shared;
  }
}
