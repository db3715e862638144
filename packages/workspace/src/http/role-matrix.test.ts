/** Every route with every built-in role and a custom one, assigned at the resource, above and below it. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { builtInRoles } from '@gleaner/protocol';
import type { FastifyInstance } from 'fastify';

import { putAssignment } from '../access/assignment-records.ts';
import { createFailureLimit } from '../access/failures.ts';
import { addCredential, addPrincipal } from '../access/principals.ts';
import { putRole } from '../access/roles.ts';
import { openCatalog } from '../catalog/open-catalog.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { createOperations } from '../operations/operations.ts';
import { createRouteTable } from '../reconcile/routes.ts';
import { createIds } from '../resources/ids.ts';
import { createMemoryRuntime } from '../runtime-memory.ts';
import { openCipher } from '../secrets/cipher.ts';
import { createSecrets } from '../secrets/secrets.ts';
import type { GuardedRoute } from './guard.ts';
import { createServer } from './server.ts';

/** Owner, Contributor, Reader, data Scientist, blob data reader (`r`), contributor (`c`), owner (`o`), cUstom: onlineEndpoints/*. */
const letters: Readonly<Record<string, string>> = {
  O: 'Owner',
  C: 'Contributor',
  R: 'Reader',
  S: 'AzureML Data Scientist',
  r: 'Storage Blob Data Reader',
  c: 'Storage Blob Data Contributor',
  o: 'Storage Blob Data Owner',
  U: 'Endpoint Operator',
};
const everybody = Object.keys(letters).join('');

/** Whoever has an address that was signed for an upload: roles say who is given one. */
const byUploadGrant = /^\/storage\//;

/** The first row that fits a route says who may use it, when the role is assigned at its resource or above. */
const table: readonly [methods: string, url: RegExp, roles: string][] = [
  ['GET', /\/roleAssignments(\/:assignment)?$/, 'OCR'],
  ['PUT DELETE', /\/roleAssignments\/:assignment$/, 'O'],
  ['GET', /\/roleDefinitions(\/:role)?$/, 'OCR'],
  ['PUT DELETE', /\/roleDefinitions\/:role$/, 'O'],
  ['GET', /^\/servicePrincipals(\/:principal)?$/, 'OCR'],
  ['POST DELETE', /^\/servicePrincipals/, 'O'],
  ['GET', /\/userAssignedIdentities(\/:identity)?$/, 'OCR'],
  ['PUT DELETE', /\/userAssignedIdentities\/:identity$/, 'OC'],
  ['GET', /\/mfeOperation(sStatus|Results)\/:operation$/, everybody],
  ['GET', /^\/(account|openapi\.json|healthz|metadata\/endpoints)$/, everybody],
  ['GET PUT DELETE', byUploadGrant, everybody],
  ['POST', /\/versions\/:version\/startPendingUpload$/, 'OCS'],
  ['GET', /\/workspaces(\/:workspace)?$/, 'OCRS'],
  ['GET', /\/onlineEndpoints/, 'OCRSU'],
  ['PUT PATCH POST DELETE', /\/onlineEndpoints/, 'OCSU'],
  ['PUT', /\/datastores\/:name\/files\/\*$/, 'OCSco'],
  ['GET', /\/datastores/, 'OCRS'],
  ['PUT POST DELETE', /\/datastores/, 'OCS'],
  ['GET', /\/(data|models|environments|codes)(\/|$)/, 'OCRS'],
  ['PUT POST DELETE', /\/(data|models|environments|codes)\//, 'OCS'],
];

const names = { subscriptionId: '0-0', resourceGroup: 'local', workspace: 'w' };
const ids = createIds(names);
const group = '/subscriptions/0-0/resourceGroups/local';
const values: Readonly<Record<string, string>> = {
  subscription: '0-0',
  group: 'local',
  workspace: 'w',
  endpoint: 'iris',
  deployment: 'blue',
  role: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
  assignment: '0a6a2b0c-0000-4000-8000-000000000001',
  provider: 'Microsoft.MachineLearningServices',
  type: 'workspaces',
  resource: 'w',
  childType: 'onlineEndpoints',
  child: 'iris',
  partType: 'deployments',
  part: 'blue',
};
const places: Readonly<Record<string, string>> = {
  'the top': '/',
  'the subscription': '/subscriptions/0-0',
  'the resource group': group,
  'the workspace': ids.workspace,
  'an endpoint': ids.endpoint('iris'),
  'a deployment': ids.deployment('iris', 'blue'),
  'an endpoint whose name begins alike': ids.endpoint('iri'),
};

const parts = new AsyncDisposableStack();
const routes: GuardedRoute[] = [];
let server: FastifyInstance;
let catalog: Catalog;

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-matrix-'));
  parts.defer(async () => rm(folder, { recursive: true }));
  const now = Date.now;
  catalog = parts.use(await openCatalog({ path: join(folder, 'workspace.db'), now }));
  const secrets = createSecrets(await openCipher(join(folder, 'key')));
  const runtime = createMemoryRuntime();
  const operations = parts.use(
    createOperations({
      catalog,
      perform: async () => async () => undefined,
      performFailed: () => async () => undefined,
      onInternalError: () => undefined,
      now,
    }),
  );
  server = await createServer({
    catalog,
    secrets,
    operations,
    ids,
    names,
    location: 'here',
    publicUrl: 'http://localhost',
    now,
    runtime,
    routes: createRouteTable({ catalog, secrets, runtime }),
    tenantId: randomUUID(),
    audit: { write: async () => undefined, [Symbol.asyncDispose]: async () => undefined },
    failures: createFailureLimit({ now }),
    onAuditFailed: fail,
    onRoute: (route) => routes.push(route),
    defaultDatastoreFolder: join(folder, 'store'),
    datastoreChanged: async () => undefined,
    onInternalError: fail,
  });
  parts.defer(async () => server.close());
});
after(async () => parts.disposeAsync());

describe('the routes', () => {
  it('are all in the table, each row of which has its routes', () => {
    const used = new Set(routes.filter(({ method }) => method !== 'HEAD').map(rowOf));
    assert.equal(used.size, table.length);
    assert.ok(routes.length > 100, `${routes.length} routes`);
  });

  it('refuse whoever has no credential, but for those that tell that and what we are', async () => {
    const open: string[] = [];
    for (const { method, url } of routes) {
      const { statusCode } = await server.inject({ method: methodOf(method), url: urlOf(url) });
      const refusals = byUploadGrant.test(url) ? [401, 403] : [401, 429];
      if (!refusals.includes(statusCode)) open.push(`${method} ${url}`);
    }
    const readable = ['/healthz', '/metadata/endpoints'];
    assert.deepEqual(
      open.toSorted(),
      ['GET', 'HEAD'].flatMap((method) => readable.map((url) => `${method} ${url}`)),
    );
  });

  for (const [letter, roleName] of Object.entries(letters)) {
    it(`let ${roleName} do what the table says, where it is assigned and below`, async () => {
      const wrong: string[] = [];
      for (const [where, scope] of Object.entries(places)) {
        const token = await tokenWith(roleName, scope);
        for (const route of routes.filter(({ method }) => method !== 'HEAD')) {
          const url = urlOf(route.url);
          const isFree = route.access.kind !== 'action';
          const isBelow = scope === '/' || url === scope || url.startsWith(`${scope}/`);
          const expected = isFree || (isBelow && rowOf(route)[2].includes(letter));
          const headers = { authorization: `Bearer ${token}` };
          const { statusCode, body } = await server.inject({ method: methodOf(route.method), url, headers });
          const isDenied =
            statusCode === 403 && body.includes('AuthorizationFailed') && !byUploadGrant.test(url);
          if (isDenied === expected)
            wrong.push(`${route.method} ${route.url} with the role at ${where}: ${statusCode}`);
        }
      }
      assert.deepEqual(wrong, []);
    });
  }
});

function rowOf({ method, url }: GuardedRoute): (typeof table)[number] {
  const found = table.find(([methods, pattern]) => methods.split(' ').includes(method) && pattern.test(url));
  assert.ok(found !== undefined, `${method} ${url} is not in the table`);
  return found;
}

function urlOf(route: string): string {
  return route
    .replaceAll(/:(\w+)/g, (_, name: string) => values[name] ?? 'x')
    .replace('*', 'LocalUpload/x/y');
}

function fail(error: unknown): never {
  assert.fail(String(error));
}

function methodOf(method: string): 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE' | 'HEAD' {
  switch (method) {
    case 'GET':
    case 'PUT':
    case 'POST':
    case 'PATCH':
    case 'DELETE':
    case 'HEAD':
      return method;
    default:
      return assert.fail(method);
  }
}

const customRole = randomUUID();

async function tokenWith(roleName: string, scope: string): Promise<string> {
  const builtIn = builtInRoles.find((role) => role.roleName === roleName);
  return catalog.transact(async (transaction) => {
    const { id } = await addPrincipal(transaction, { displayName: 'somebody', type: 'Application' });
    if (builtIn === undefined) {
      const actions = ['Microsoft.MachineLearningServices/workspaces/onlineEndpoints/*'];
      const permission = { actions, notActions: [], dataActions: [], notDataActions: [] };
      const properties = { roleName, description: '', permissions: [permission], assignableScopes: ['/'] };
      await putRole(transaction, { name: customRole, properties });
    }
    const role = builtIn?.name ?? customRole;
    await putAssignment(transaction, { name: randomUUID(), scope, role, principalId: id });
    return (await addCredential(transaction, id)).token;
  });
}
