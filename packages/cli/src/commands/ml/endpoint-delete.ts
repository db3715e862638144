import { createClient } from './client.ts';
import { confirm } from './confirm.ts';
import type { Deletion, NamedEndpoint } from './endpoint.ts';
import { waitFor } from './operation.ts';

export async function deleteEndpoint(options: NamedEndpoint & Deletion): Promise<void> {
  const client = createClient(options);
  const path = `/onlineEndpoints/${options.name}`;
  await client.get(path);
  if (!(await confirm(`Delete endpoint ${options.name} and all its deployments?`, options))) return;
  const answer = await client.send({ method: 'DELETE', path });
  if (options.wait) await waitFor(client, answer, `endpoint ${options.name}`);
}
