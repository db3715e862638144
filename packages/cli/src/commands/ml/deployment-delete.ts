import { createClient } from './client.ts';
import { confirm } from './confirm.ts';
import { deploymentPath } from './deployment.ts';
import type { NamedDeployment } from './deployment.ts';
import type { Deletion } from './endpoint.ts';
import { waitFor } from './operation.ts';

export async function deleteDeployment(options: NamedDeployment & Deletion): Promise<void> {
  const client = createClient(options);
  const path = deploymentPath(options);
  await client.get(path);
  if (!(await confirm(`Delete deployment ${options.name} of ${options.endpointName}?`, options))) return;
  const answer = await client.send({ method: 'DELETE', path });
  if (options.wait) await waitFor(client, answer, `deployment ${options.name}`);
}
