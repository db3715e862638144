import type { CollectorError } from '../core/errors.ts';
import { uniformPolicy } from '../core/policy.ts';
import type { PolicySource } from '../core/ports.ts';
import { ConfigFile } from './config-file.ts';
import { readConfigPath, readUniformPolicy } from './environment.ts';
import type { Environment } from './environment.ts';

/** Where the policy comes from: the file that `AZUREML_MDC_CONFIG_PATH` names, or else the original's environment mode. */
export function createPolicySource(
  environment: Environment,
  options: { now(): number; warn(error: CollectorError): void },
): PolicySource {
  const path = readConfigPath(environment);
  if (path !== undefined) return new ConfigFile(path, options);
  const policy = uniformPolicy(readUniformPolicy(environment));
  return { current: () => policy, reload: () => policy };
}
