import { usageError } from '../../output/failure.ts';
import type { Client } from '../ml/client.ts';

export interface PrincipalBody {
  id: string;
  appId: string;
  displayName: string;
  servicePrincipalType: string;
  createdDateTime: string;
  passwordCredentials: readonly { keyId: string; endDateTime: string | null }[];
  /** UUID of the workspace. */
  appOwnerOrganizationId: string;
  /** Only where it was just made. */
  secretText?: string;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Its id, without asking where it is one already: who may assign roles need not see everybody. */
export async function principalIdOf(client: Client, idOrName: string): Promise<string> {
  return uuid.test(idOrName) ? idOrName : (await findPrincipal(client, idOrName)).id;
}

/** By id or name. Errors: `usage_invalid` when there is none of that name, or more than one. */
export async function findPrincipal(client: Client, idOrName: string): Promise<PrincipalBody> {
  if (uuid.test(idOrName)) return client.get<PrincipalBody>(`/servicePrincipals/${idOrName}`);
  const all = await client.list<PrincipalBody>('/servicePrincipals');
  const [found, other] = all.filter(
    ({ displayName }) => displayName.toLowerCase() === idOrName.toLowerCase(),
  );
  if (found === undefined)
    throw usageError(
      `There is no service principal or identity ${JSON.stringify(idOrName)}.`,
      'gleaner ad sp list shows those that there are.',
    );
  if (other !== undefined)
    throw usageError(`There are several with the name ${JSON.stringify(idOrName)}.`, 'Give its id.');
  return found;
}
