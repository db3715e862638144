import { createClient } from '../ml/client.ts';
import { printEntity } from '../ml/show.ts';
import { serverOf } from '../ml/target.ts';
import type { Target } from '../ml/target.ts';

export interface AccountBody {
  id: string;
  tenantId: string;
  workspaceId: string;
  user: { id: string; name: string; type: string };
  roles: readonly { roleName: string; scope: string }[];
}

export async function showAccount(options: Target): Promise<void> {
  const account = await createClient(options).get<AccountBody>('/account');
  await printEntity({ ...accountEntity(account), server: serverOf(options) }, options);
}

export function accountEntity({
  id,
  tenantId,
  workspaceId,
  user,
  roles,
}: AccountBody): Record<string, unknown> {
  return { id, tenantId, workspaceId, user, roles };
}
