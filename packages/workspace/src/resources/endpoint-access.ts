/** The keys and tokens of an endpoint. */
import { onlineEndpoint } from '../api/resources.ts';
import { invalid } from '../errors.ts';
import { issueToken, makeKey, tokenSecretKey } from '../secrets/endpoint-keys.ts';
import { requireResource } from './context.ts';
import type { ResourceContext } from './context.ts';

export async function listKeys(name: string, context: ResourceContext) {
  const { keys, authMode } = await readKeys(name, context);
  if (authMode !== 'Key')
    throw invalid(`Endpoint ${name} takes tokens, not keys (its auth_mode is ${authMode}).`, {
      fix: 'Ask for a token.',
    });
  return { primaryKey: keys['primary'] ?? '', secondaryKey: keys['secondary'] ?? '' };
}

export async function regenerateKey(
  name: string,
  { keyType, keyValue }: { keyType: 'primary' | 'secondary'; keyValue: string | undefined },
  context: ResourceContext & { refreshRoutes: () => Promise<void> },
): Promise<void> {
  await context.catalog.transact(async (transaction) => {
    const stored = await requireResource(transaction, context.ids.endpoint(name), context);
    const { authMode } = onlineEndpoint.parse(stored.body).properties;
    if (authMode !== 'Key') throw invalid(`Endpoint ${name} has no keys: its auth_mode is ${authMode}.`);
    const keys = await context.secrets.read(transaction, stored.id);
    await context.secrets.write(transaction, stored.id, { ...keys, [keyType]: keyValue ?? makeKey() });
  });
  await context.refreshRoutes();
}

export async function getToken(name: string, context: ResourceContext) {
  const { keys, authMode, endpoint } = await readKeys(name, context);
  if (authMode === 'Key')
    throw invalid(`Endpoint ${name} takes keys, not tokens (its auth_mode is Key).`, {
      fix: 'List its keys.',
    });
  return issueToken({ endpoint, secret: keys[tokenSecretKey] ?? '', nowMs: context.now() });
}

async function readKeys(name: string, { catalog, ids, names, secrets }: ResourceContext) {
  return catalog.transact(async (transaction) => {
    const stored = await requireResource(transaction, ids.endpoint(name), { names });
    const { authMode } = onlineEndpoint.parse(stored.body).properties;
    return { keys: await secrets.read(transaction, stored.id), authMode, endpoint: stored.name };
  });
}
