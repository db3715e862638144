import { deploymentNameProblem, endpointNameProblem } from '@gleaner/protocol';
import { usageError } from '../../output/failure.ts';

/** Names of the command line are told as such, and not as lines of a file. Error: `usage_invalid`. */
export function checkGivenNames({ endpointName, name }: { endpointName?: string; name?: string }): void {
  const endpoint = endpointName === undefined ? undefined : endpointNameProblem(endpointName);
  if (endpoint !== undefined)
    throw usageError(`--endpoint-name ${JSON.stringify(endpointName)}: ${endpoint}`);
  const deployment = name === undefined ? undefined : deploymentNameProblem(name);
  if (deployment !== undefined) throw usageError(`--name ${JSON.stringify(name)}: ${deployment}`);
}
