import { usageError } from '../../output/failure.ts';
import type { Client } from '../ml/client.ts';

export interface RoleBody {
  id: string;
  name: string;
  properties: {
    roleName: string;
    type: string;
    description: string;
    permissions: readonly Record<string, readonly string[]>[];
    assignableScopes: readonly string[];
  };
}

export const roleProvider = '/providers/Microsoft.Authorization/roleDefinitions';

/** All of them: those that are always there, and a user's own. */
export async function listRoles(client: Client): Promise<RoleBody[]> {
  return client.list<RoleBody>(`${client.workspace}${roleProvider}`);
}

/** By name, UUID or id. Errors: `usage_invalid` when there is none. */
export async function findRole(client: Client, nameOrId: string): Promise<RoleBody> {
  const wanted = (nameOrId.startsWith('/') ? nameOrId.split('/').at(-1) : nameOrId)?.toLowerCase();
  const found = (await listRoles(client)).find(
    ({ name, properties }) => name.toLowerCase() === wanted || properties.roleName.toLowerCase() === wanted,
  );
  if (found !== undefined) return found;
  throw usageError(
    `There is no role ${JSON.stringify(nameOrId)}.`,
    'gleaner role definition list shows those that there are.',
  );
}
