import type { ResourceBody } from '@gleaner/protocol';
import { createClient } from './client.ts';
import { printEntities, printEntity } from './show.ts';
import type { Target } from './target.ts';

interface WorkspaceBody extends ResourceBody {
  location?: string;
  properties?: Record<string, unknown>;
}

export async function showWorkspace({ name, ...options }: Target & { name?: string }): Promise<void> {
  const target = name === undefined ? options : { ...options, workspaceName: name };
  await printEntity(entity(await createClient(target).get<WorkspaceBody>('')), target);
}

export async function listWorkspaces(target: Target): Promise<void> {
  const client = createClient(target);
  const bodies = await client.list<WorkspaceBody>(
    client.workspace.slice(0, client.workspace.lastIndexOf('/')),
  );
  await printEntities(bodies.map(entity), ['name', 'resource_group', 'location'], target);
}

function entity({ id = '', name, location, properties = {} }: WorkspaceBody): Record<string, unknown> {
  return {
    id,
    name,
    display_name: properties['friendlyName'] ?? name,
    description: properties['description'] ?? '',
    location,
    resource_group: /\/resourceGroups\/([^/]+)\//i.exec(id)?.[1],
    discovery_url: properties['discoveryUrl'],
    provisioning_state: properties['provisioningState'],
  };
}
