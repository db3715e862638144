import { collectsCustomData } from '@gleaner/protocol';
import type { MdcConfig } from '@gleaner/protocol';

/** What may be collected, and how much of it. */
export interface Policy {
  /** False when no collection but `request` and `response` is on: then no `Collector` may collect. */
  customLogging: boolean;
  /** A local run: events are printed, not sent. */
  local: boolean;
  /** The fraction 0…1 of correlation ids to keep, by lower-case name; `undefined` for a collection that is off. */
  samplingRate(collection: string): number | undefined;
}

/** As the configuration file says (compat 3.1). */
export function filePolicy(config: MdcConfig): Policy {
  const enabled = config.collections.filter((collection) => collection.enabled);
  const rates = new Map(enabled.map(({ name, samplingRate }) => [name, samplingRate]));
  return {
    customLogging: collectsCustomData(config.collections),
    local: config.runMode === 'local',
    samplingRate: (collection) => rates.get(collection),
  };
}

/** One switch and one rate for every collection there may be: the original's environment mode (compat 3.4). */
export function uniformPolicy(settings: { enabled: boolean; samplingRate: number; local: boolean }): Policy {
  const { enabled, samplingRate, local } = settings;
  return { customLogging: enabled, local, samplingRate: () => (enabled ? samplingRate : undefined) };
}
