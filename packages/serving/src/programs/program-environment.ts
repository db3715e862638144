import { dirname } from 'node:path';

import type { PrepareOptions, ProgramPlan } from './prepared-program.ts';

export interface OwnVariables {
  /** Stand unless the plan says otherwise. */
  defaults?: Readonly<Record<string, string>>;
  /** Stand whatever the plan says. */
  fixed?: Readonly<Record<string, string>>;
}

/** What a program gets: what is inherited, the defaults, the variables of the plan, and those nobody may change. */
export function programEnvironment(
  plan: Pick<ProgramPlan, 'model' | 'environmentVariables'>,
  options: Pick<PrepareOptions, 'inherited'>,
  own: OwnVariables = {},
): Record<string, string> {
  const inherited = inheritedVariables(options);
  return {
    ...inherited,
    ...withoutProxyToLoopback(inherited),
    ...own.defaults,
    ...plan.environmentVariables,
    ...(plan.model === undefined ? {} : { AZUREML_MODEL_DIR: dirname(plan.model.path) }),
    ...own.fixed,
  };
}

/** Gleaner's own settings may hold secrets, and a collector that this process reports to is not the program's. */
function inheritedVariables({ inherited = process.env }: Pick<PrepareOptions, 'inherited'>) {
  const kept = Object.entries(inherited).flatMap(([name, value]) =>
    value === undefined || /^(GLEANER_|AZUREML_MDC_|NODE_CHANNEL_|NODE_UNIQUE_ID$)/.test(name)
      ? []
      : [[name, value] as const],
  );
  return Object.fromEntries(kept);
}

/** Python's HTTP clients would send a record for the collector on loopback to the proxy. */
function withoutProxyToLoopback(inherited: Readonly<Record<string, string>>): Record<string, string> {
  const names = ['NO_PROXY', 'no_proxy'] as const;
  const before = names.flatMap((name) => inherited[name]?.split(',') ?? []);
  const value = [...new Set([...before, '127.0.0.1', 'localhost'])].filter((host) => host !== '').join(',');
  return Object.fromEntries(names.map((name) => [name, value]));
}
