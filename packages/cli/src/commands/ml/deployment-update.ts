import { deploymentEntity } from '@gleaner/protocol';
import type { DeploymentBody } from '@gleaner/protocol';
import { usageError } from '../../output/failure.ts';
import { createClient } from './client.ts';
import { deploymentPath } from './deployment.ts';
import type { DeploymentChange } from './deployment.ts';
import { applySource } from './deployment-create.ts';
import { entitySource, readMembers } from './files.ts';
import { checkGivenNames } from './given-names.ts';
import { applyOverrides } from './overrides.ts';
import { readAndChange } from './read-change.ts';

/** What the file says is put over what the deployment is; then the overrides. */
export async function updateDeployment(options: DeploymentChange): Promise<void> {
  checkGivenNames(options);
  const client = createClient(options);
  const members = options.file === undefined ? {} : await readMembers(options.file);
  const name = options.name ?? members['name'];
  const endpointName = options.endpointName ?? members['endpoint_name'];
  if (typeof name !== 'string' || typeof endpointName !== 'string') {
    throw usageError('Which deployment? Give --endpoint-name and --name, or --file.');
  }
  const path = deploymentPath({ endpointName, name });
  await readAndChange(client, path, async (body, ifMatch) => {
    const before = deploymentEntity(body as DeploymentBody);
    const changed = applyOverrides({ ...before, ...members, name, endpoint_name: endpointName }, options);
    const source = entitySource(changed, options.file ?? `deployment ${name}`);
    await applySource(client, source, { ...options, ifMatch });
  });
}
