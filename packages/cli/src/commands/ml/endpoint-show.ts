import { endpointEntity } from '@gleaner/protocol';
import type { EndpointBody } from '@gleaner/protocol';
import { createClient } from './client.ts';
import type { NamedEndpoint } from './endpoint.ts';
import { printEntities, printEntity } from './show.ts';
import type { Target } from './target.ts';

export async function showEndpoint(options: NamedEndpoint): Promise<void> {
  const body = await createClient(options).get<EndpointBody>(`/onlineEndpoints/${options.name}`);
  await printEntity(endpointEntity(body), options);
}

export async function listEndpoints(options: Target): Promise<void> {
  const bodies = await createClient(options).list<EndpointBody>('/onlineEndpoints');
  const columns = ['name', 'auth_mode', 'traffic', 'provisioning_state', 'scoring_uri'];
  await printEntities(bodies.map(endpointEntity), columns, options);
}
