import { builtInRoles } from '@gleaner/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';

import { assignmentType } from '../access/assignment-records.ts';
import {
  assignmentsAround,
  assignRole,
  getAssignment,
  showAssignment,
  withdrawRole,
} from '../access/assignments.ts';
import {
  listRoles,
  putRole,
  removeRole,
  requireRole,
  roleProperties,
  roleType,
  showRole,
} from '../access/roles.ts';
import { requireAccess } from './guard.ts';
import { needs, scopeOf } from './route-access.ts';
import type { ServerContext } from './server.ts';

/** Where roles are given: anywhere from the top down to what belongs to a resource of a workspace. */
const group = '/subscriptions/:subscription/resourceGroups/:group';
const scopes = [
  '',
  '/subscriptions/:subscription',
  group,
  `${group}/providers/:provider/:type/:resource`,
  `${group}/providers/:provider/:type/:resource/:childType/:child`,
  `${group}/providers/:provider/:type/:resource/:childType/:child/:partType/:part`,
];

const uuid = z.guid();
const filtered = z.object({ $filter: z.string().optional() });
const roleParams = z.looseObject({ role: uuid });
const assignmentParams = z.looseObject({ assignment: uuid });
const roleBody = z.object({ properties: roleProperties });
const assignmentBody = z.object({
  properties: z.object({
    roleDefinitionId: z.string().min(1),
    principalId: z.string().min(1),
    description: z.string().nullish(),
  }),
});

export async function roleRoutes(server: FastifyInstance, context: ServerContext): Promise<void> {
  for (const scope of scopes) {
    // The description of the interface has each of them once.
    const hide = scope !== '';
    definitionRoutes(server, { path: `${scope}/providers/${roleType}`, hide, context });
    assignmentRoutes(server, { path: `${scope}/providers/${assignmentType}`, hide, context });
  }
}

interface RoutesOptions {
  path: string;
  hide: boolean;
  context: ServerContext;
}

function definitionRoutes(instance: FastifyInstance, { path, hide, context }: RoutesOptions): void {
  const server = instance.withTypeProvider<ZodTypeProvider>();
  const { catalog, names } = context;
  const shown = (role: Parameters<typeof showRole>[0]) => showRole(role, names.subscriptionId);
  const reads = needs(`${roleType}/read`);
  server.get(path, { schema: { querystring: filtered, hide }, config: reads }, async ({ query }) => {
    const wanted = valueIn(query.$filter, 'roleName');
    const roles = await catalog.transact(listRoles);
    return { value: roles.filter(({ roleName }) => isWanted(roleName, wanted)).map(shown) };
  });
  const one = `${path}/:role`;
  server.get(one, { schema: { params: roleParams, hide }, config: reads }, async ({ params }) =>
    shown(await catalog.transact(async (transaction) => requireRole(transaction, params.role))),
  );
  const action = `${roleType}/write`;
  const writes = { schema: { params: roleParams, body: roleBody, hide }, config: needs(action) };
  server.put(one, writes, async (request, reply) => {
    const { properties } = request.body;
    const name = request.params.role.toLowerCase();
    const { role, isNew } = await catalog.transact(async (transaction) => {
      const before = (await listRoles(transaction)).find((role) => role.name === name);
      requireAt(request, { action, scopes: [...assignable(before), ...properties.assignableScopes] });
      return putRole(transaction, { name, properties });
    });
    return reply.status(isNew ? 201 : 200).send(shown(role));
  });
  const removing = `${roleType}/delete`;
  const deletes = { schema: { params: roleParams, hide }, config: needs(removing) };
  server.delete(one, deletes, async (request, reply) => {
    const name = request.params.role.toLowerCase();
    const wasThere = await catalog.transact(async (transaction) => {
      const before = (await listRoles(transaction)).find((role) => role.name === name);
      requireAt(request, { action: removing, scopes: assignable(before) });
      return removeRole(transaction, name);
    });
    return reply.status(wasThere ? 200 : 204).send();
  });
}

function assignmentRoutes(instance: FastifyInstance, { path, hide, context }: RoutesOptions): void {
  const server = instance.withTypeProvider<ZodTypeProvider>();
  const { catalog, names } = context;
  const shown = (assignment: Parameters<typeof showAssignment>[0]) =>
    showAssignment(assignment, names.subscriptionId);
  const reads = needs(`${assignmentType}/read`);
  server.get(path, { schema: { querystring: filtered, hide }, config: reads }, async (request) => {
    const { $filter } = request.query;
    const principal = valueIn($filter, 'principalId');
    const found = await catalog.transact(async (transaction) =>
      assignmentsAround(transaction, scopeIn(request)),
    );
    return { value: found.filter(({ principalId }) => isWanted(principalId, principal)).map(shown) };
  });
  const one = `${path}/:assignment`;
  server.get(one, { schema: { params: assignmentParams, hide }, config: reads }, async (request) => {
    const place = placeOf(request, request.params.assignment);
    return shown(await catalog.transact(async (transaction) => getAssignment(transaction, place)));
  });
  const writes = {
    schema: { params: assignmentParams, body: assignmentBody, hide },
    config: needs(`${assignmentType}/write`),
  };
  server.put(one, writes, async (request, reply) => {
    const { description, ...properties } = request.body.properties;
    const draft = { ...placeOf(request, request.params.assignment), ...properties };
    const assigned = await catalog.transact(async (transaction) =>
      assignRole(transaction, { ...draft, description: description ?? undefined }),
    );
    return reply.status(201).send(shown(assigned));
  });
  const deletes = { schema: { params: assignmentParams, hide }, config: needs(`${assignmentType}/delete`) };
  server.delete(one, deletes, async (request, reply) => {
    const place = placeOf(request, request.params.assignment);
    const gone = await catalog.transact(async (transaction) => withdrawRole(transaction, place));
    return gone === undefined ? reply.status(204).send() : shown(gone);
  });
}

/** Who changes a role changes what it allows wherever it can be assigned. */
function requireAt(
  request: FastifyRequest,
  { action, scopes }: { action: string; scopes: readonly string[] },
): void {
  for (const scope of scopes) requireAccess(request, { action, scope });
}

function assignable(
  role: { name: string; assignableScopes: readonly string[] } | undefined,
): readonly string[] {
  // Those that are always there are refused in any case.
  return role === undefined || builtInRoles.some(({ name }) => name === role.name)
    ? []
    : role.assignableScopes;
}

function placeOf(request: FastifyRequest, name: string): { scope: string; name: string } {
  return { scope: scopeIn(request), name: name.toLowerCase() };
}

/** The scope that stands before the provider in the path. */
function scopeIn({ routeOptions, params }: FastifyRequest): string {
  const route = routeOptions.url ?? '';
  const before = route.slice(0, route.lastIndexOf('/providers/Microsoft.Authorization/'));
  return scopeOf(before, params as Record<string, string>);
}

/** `key eq 'value'` in a filter. */
function valueIn(filter: string | undefined, key: string): string | undefined {
  return new RegExp(`\\b${key} eq '([^']*)'`, 'i').exec(filter ?? '')?.[1];
}

function isWanted(value: string, wanted: string | undefined): boolean {
  return wanted === undefined || value.toLowerCase() === wanted.toLowerCase();
}
