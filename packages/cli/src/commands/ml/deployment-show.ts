import { deploymentEntity } from '@gleaner/protocol';
import type { DeploymentBody } from '@gleaner/protocol';
import { createClient } from './client.ts';
import { deploymentPath } from './deployment.ts';
import type { NamedDeployment } from './deployment.ts';
import { printEntities, printEntity } from './show.ts';
import type { Target } from './target.ts';

export async function showDeployment(options: NamedDeployment): Promise<void> {
  const body = await createClient(options).get<DeploymentBody>(deploymentPath(options));
  await printEntity(deploymentEntity(body), options);
}

export async function listDeployments(options: Target & { endpointName: string }): Promise<void> {
  const path = `/onlineEndpoints/${encodeURIComponent(options.endpointName)}/deployments`;
  const bodies = await createClient(options).list<DeploymentBody>(path);
  const columns = ['name', 'endpoint_name', 'instance_count', 'instance_type', 'provisioning_state'];
  await printEntities(bodies.map(deploymentEntity), columns, options);
}
