import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';

import { requireOwner } from '../access/owner.ts';
import {
  addCredential,
  addPrincipal,
  isExpired,
  listCredentials,
  listPrincipals,
  removeCredentials,
  removePrincipal,
  requirePrincipal,
} from '../access/principals.ts';
import type { Principal } from '../access/principals.ts';
import type { CatalogTransaction } from '../catalog/catalog.ts';
import { invalid } from '../errors.ts';
import { callerOf } from './guard.ts';
import { forAuthenticated, needs } from './route-access.ts';
import type { ServerContext } from './server.ts';

const params = z.object({ principal: z.string() });
const endDateTime = z.iso.datetime({ offset: true }).nullish();
const draft = z.object({
  displayName: z
    .string()
    .trim()
    .regex(/^\P{Cc}{1,256}$/u, 'Expected 1 to 256 characters of one line.'),
  endDateTime,
});
const passwordChange = z.object({ endDateTime, append: z.boolean().nullish() }).nullish();

/** In this namespace, `Contributor` is kept from changing them. */
const actions = 'Microsoft.Authorization/servicePrincipals';

/** Who there is, with their API keys; and who the caller is. */
export async function principalRoutes(scope: FastifyInstance, context: ServerContext): Promise<void> {
  const server = scope.withTypeProvider<ZodTypeProvider>();
  const { catalog, tenantId, ids, names, now } = context;
  const show = async (transaction: CatalogTransaction, { id, displayName, type, createdAt }: Principal) => ({
    id,
    appId: id,
    displayName,
    servicePrincipalType: type,
    createdDateTime: createdAt,
    appOwnerOrganizationId: tenantId,
    passwordCredentials: (await listCredentials(transaction, id)).map(({ keyId, expiresAt }) => ({
      keyId,
      endDateTime: expiresAt ?? null,
    })),
  });
  const expiryOf = (text: string | null | undefined): { expiresAt?: string } => {
    if (text === null || text === undefined) return {};
    const expiresAt = new Date(text).toISOString();
    if (isExpired({ expiresAt }, now())) throw invalid(`${text} is over already.`);
    return { expiresAt };
  };

  server.get('/account', { config: forAuthenticated }, async (request) => {
    const { principal, grants } = callerOf(request);
    return {
      id: names.subscriptionId,
      tenantId,
      workspaceId: ids.workspace,
      user: { id: principal.id, name: principal.displayName, type: 'servicePrincipal' },
      roles: grants.map(({ roleName, scope }) => ({ roleName, scope })),
    };
  });
  const path = '/servicePrincipals';
  server.get(path, { config: needs(`${actions}/read`) }, async () =>
    catalog.transact(async (transaction) => {
      const value = [];
      for (const principal of await listPrincipals(transaction))
        value.push(await show(transaction, principal));
      return { value };
    }),
  );
  const writes = needs(`${actions}/write`);
  server.post(path, { schema: { body: draft }, config: writes }, async ({ body }, reply) => {
    const made = await catalog.transact(async (transaction) => {
      const principal = await addPrincipal(transaction, {
        displayName: body.displayName,
        type: 'Application',
      });
      const { token } = await addCredential(transaction, principal.id, expiryOf(body.endDateTime));
      return { ...(await show(transaction, principal)), secretText: token };
    });
    return reply.status(201).send(made);
  });
  const one = `${path}/:principal`;
  server.get(one, { schema: { params }, config: needs(`${actions}/read`) }, async ({ params }) =>
    catalog.transact(async (transaction) =>
      show(transaction, await requirePrincipal(transaction, params.principal)),
    ),
  );
  server.delete(
    one,
    { schema: { params }, config: needs(`${actions}/delete`) },
    async ({ params }, reply) => {
      await catalog.transact(async (transaction) => {
        const principal = await requireApplication(transaction, params.principal);
        await removePrincipal(transaction, principal.id);
        await requireOwner(transaction);
      });
      return reply.status(204).send();
    },
  );
  const reset = { schema: { params, body: passwordChange }, config: writes };
  server.post(`${one}/resetPassword`, reset, async ({ params, body }) =>
    catalog.transact(async (transaction) => {
      const principal = await requireApplication(transaction, params.principal);
      if (body?.append !== true) await removeCredentials(transaction, principal.id);
      const { token } = await addCredential(transaction, principal.id, expiryOf(body?.endDateTime));
      await requireOwner(transaction);
      return { ...(await show(transaction, principal)), secretText: token };
    }),
  );
}

async function requireApplication(transaction: CatalogTransaction, id: string): Promise<Principal> {
  const principal = await requirePrincipal(transaction, id);
  if (principal.type === 'Application') return principal;
  throw invalid(
    `${principal.displayName} is the identity of a resource: it has no keys, and goes with that.`,
    {
      fix: 'gleaner identity delete takes it away.',
    },
  );
}
