import { collectionNameProblem, typePrefix } from '@gleaner/protocol';

import { CollectorError } from './errors.ts';
import type { Policy } from './policy.ts';
import { isHeaderText } from './wire.ts';

/** Why there can be no collection of this name. */
export function nameProblem(name: unknown): CollectorError | undefined {
  if (typeof name !== 'string' || name === '') {
    return new CollectorError('collection_name_missing', 'collection name is not provided');
  }
  const carried = isHeaderText(typePrefix + name.toLowerCase());
  const problem =
    collectionNameProblem(name) ??
    (carried ? undefined : `Collection name ${JSON.stringify(name)} holds characters outside Latin-1.`);
  if (problem === undefined) return undefined;
  return new CollectorError('collection_name_invalid', problem, {
    fix: 'Take a short word such as model_inputs: letters, digits, _ and -.',
  });
}

/** Why the collection may not be collected under this policy, in the original's words (compat 1.3). */
export function policyProblem(policy: Policy, collection: string): CollectorError | undefined {
  if (!policy.customLogging) {
    return new CollectorError('custom_logging_disabled', 'custom logging is not enabled, drop the data', {
      fix: 'Enable a collection other than request and response in the data_collector block of the deployment.',
    });
  }
  if (policy.samplingRate(collection) !== undefined) return undefined;
  return new CollectorError('collection_disabled', `collection ${collection} is not enabled, drop the data`, {
    fix: `Enable ${collection} in the data_collector block of the deployment.`,
  });
}
