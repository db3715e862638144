import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { pino } from 'pino';

import { createMemoryRuntime } from '../runtime-memory.ts';
import { startTestWorkspace, workspaceId } from '../test-workspace.ts';
import type { Answer, TestWorkspace } from '../test-workspace.ts';
import { openWorkspace } from '../workspace.ts';

const ownerRole = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const readerRole = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const contributorRole = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const endpoint = { location: 'x', properties: { authMode: 'Key' } };
const roleActions = (actions: string[], assignableScopes = ['/']) => ({
  properties: { roleName: `role ${randomUUID()}`, permissions: [{ actions }], assignableScopes },
});

interface Somebody {
  id: string;
  token: string;
  /** Calls as this principal. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
}

const assignmentPath = (scope: string, name: string = randomUUID()) =>
  `${scope === '/' ? '//' : `${scope}/`}providers/Microsoft.Authorization/roleAssignments/${name}`;
const rolePath = (name: string = randomUUID()) =>
  `//providers/Microsoft.Authorization/roleDefinitions/${name}`;
const assignment = (principalId: string, role: string) => ({
  properties: {
    principalId,
    roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${role}`,
  },
});

describe('access to a workspace', () => {
  let workspace: TestWorkspace;
  before(async () => {
    workspace = await startTestWorkspace();
    for (const name of ['iris', 'other'])
      await workspace.settle('PUT', `/onlineEndpoints/${name}`, { body: endpoint });
  });
  after(async () => workspace[Symbol.asyncDispose]());

  const as = (id: string, token: string): Somebody => ({
    id,
    token,
    call: async (method, path, body) =>
      workspace.call(method, path, { headers: { authorization: `Bearer ${token}` }, body }),
  });
  const somebody = async (extra: object = {}): Promise<Somebody> => {
    const made = await workspace.call('POST', '//servicePrincipals', {
      body: { displayName: 'somebody', ...extra },
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return as(made.body['id'], made.body['secretText']);
  };
  const give = async ({ id }: Somebody, role: string, scope: string): Promise<string> => {
    const path = assignmentPath(scope);
    const { status, body } = await workspace.call('PUT', path, { body: assignment(id, role) });
    assert.equal(status, 201, JSON.stringify(body));
    return path;
  };
  const withRole = async (role: string, scope = workspaceId): Promise<Somebody> => {
    const made = await somebody();
    await give(made, role, scope);
    return made;
  };
  const auditLines = async (): Promise<Record<string, unknown>[]> =>
    (await readFile(join(workspace.folder, 'audit.jsonl'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('is closed without a credential, on loopback too, and tells a wrong one', async () => {
    const status = async (authorization: string, path = '/onlineEndpoints') =>
      workspace.call('GET', path, { headers: { authorization } });
    for (const path of ['/onlineEndpoints', '//nothing/here', '//openapi.json', '//account'])
      assert.equal((await status('', path)).status, 401, path);
    const wrong = await status('Bearer gleaner_wrong');
    assert.equal(wrong.status, 401);
    assert.equal(wrong.headers['www-authenticate'], 'Bearer');
    assert.equal(wrong.body['error'].code, 'InvalidAuthenticationToken');
    const { token } = workspace;
    for (const tampered of [
      token.slice(0, -1),
      `${token}x`,
      token.toUpperCase(),
      token.replace('gleaner_', ''),
    ])
      assert.equal((await status(`Bearer ${tampered}`)).status, 401);
    assert.equal((await status(`Basic ${token}`)).status, 401);
    assert.equal((await status(`bearer ${token}`)).status, 200);
    assert.equal((await status('', '//healthz')).status, 200);
  });

  it('shows who one is', async () => {
    const reader = await withRole(readerRole);
    const { body } = await reader.call('GET', '//account');
    assert.equal(body['user'].id, reader.id);
    assert.deepEqual(body['roles'], [{ roleName: 'Reader', scope: workspaceId }]);
  });

  it('has no token in its catalog, log or audit, and shows none again', async () => {
    const one = await somebody();
    await one.call('GET', '/onlineEndpoints');
    const files = ['workspace.db', 'workspace.db-wal', 'audit.jsonl'];
    const texts = await Promise.all(
      files.map(async (name) => readFile(join(workspace.folder, name), 'latin1')),
    );
    const shown = await workspace.call('GET', '//servicePrincipals');
    for (const token of [one.token, workspace.token])
      assert.ok(![...texts, workspace.log(), JSON.stringify(shown.body)].join('').includes(token));
  });

  it('ends with the key: expired, replaced, or its principal deleted', async () => {
    const short = await somebody({ endDateTime: new Date(Date.now() + 400).toISOString() });
    assert.equal((await short.call('GET', '//account')).status, 200);
    const one = await somebody();
    const reset = await workspace.call('POST', `//servicePrincipals/${one.id}/resetPassword`);
    assert.equal((await one.call('GET', '//account')).status, 401, 'the key before is good no more');
    const again = as(one.id, reset.body['secretText']);
    const added = await workspace.call('POST', `//servicePrincipals/${one.id}/resetPassword`, {
      body: { append: true },
    });
    const both = [again, as(one.id, added.body['secretText'])];
    for (const key of both) assert.equal((await key.call('GET', '//account')).status, 200);
    assert.equal((await workspace.call('DELETE', `//servicePrincipals/${one.id}`)).status, 204);
    for (const key of both) assert.equal((await key.call('GET', '//account')).status, 401);
    await new Promise((resolve) => setTimeout(resolve, 450));
    assert.equal((await short.call('GET', '//account')).status, 401);
  });

  it('names the action and the scope of what somebody may not do', async () => {
    const reader = await withRole(readerRole);
    const { status, body } = await reader.call('POST', '/onlineEndpoints/iris/listKeys');
    assert.equal(status, 403);
    assert.equal(body['error'].code, 'AuthorizationFailed');
    assert.match(body['error'].message, /onlineEndpoints\/listKeys\/action/);
    assert.ok(body['error'].message.includes(`${workspaceId}/onlineEndpoints/iris`));
  });

  it('takes a role away from the next request on', async () => {
    const one = await somebody();
    assert.equal((await one.call('GET', '/onlineEndpoints')).status, 403);
    const path = await give(one, readerRole, workspaceId);
    assert.equal((await one.call('GET', '/onlineEndpoints')).status, 200);
    assert.equal((await workspace.call('DELETE', path)).status, 200);
    assert.equal((await one.call('GET', '/onlineEndpoints')).status, 403);
    assert.equal((await workspace.call('DELETE', path)).status, 204);
  });

  it('keeps a role to its scope, however a path is written', async () => {
    const one = await withRole(contributorRole, `${workspaceId}/onlineEndpoints/iris`);
    assert.equal((await one.call('GET', '/onlineEndpoints/iris')).status, 200);
    assert.equal((await one.call('GET', '/ONLINEENDPOINTS/IRIS/deployments')).status, 200);
    for (const path of [
      '/onlineEndpoints/other',
      '/onlineEndpoints/iris/../other',
      '/onlineEndpoints/iris%2f..%2fother',
      '/onlineEndpoints/iris%5c..%5cother',
      '/onlineEndpoints/iris%2fdeployments%2fblue',
      '/onlineEndpoints/irisx',
      '/onlineEndpoints',
      '/datastores/workspaceblobstore',
    ])
      assert.ok([400, 403, 404].includes((await one.call('GET', path)).status), path);
  });

  it('shows how a change goes to who may see what is changed', async () => {
    const one = await withRole(contributorRole, `${workspaceId}/onlineEndpoints/iris`);
    const made = await one.call('PUT', '/onlineEndpoints/iris', endpoint);
    const { pathname } = new URL(made.headers['azure-asyncoperation'] ?? '');
    assert.equal((await one.call('GET', pathname)).status, 200);
    const stranger = await somebody();
    assert.equal((await stranger.call('GET', pathname)).status, 403);
  });

  it('lets nobody give more than what is theirs to give', async () => {
    const contributor = await withRole(contributorRole, '/');
    const own = assignment(contributor.id, ownerRole);
    assert.equal((await contributor.call('PUT', assignmentPath(workspaceId), own)).status, 403);
    assert.equal((await contributor.call('POST', '//servicePrincipals', { displayName: 'x' })).status, 403);
    const { body } = await workspace.call('GET', '//servicePrincipals');
    const [owner] = body['value'];
    assert.equal(
      (await contributor.call('POST', `//servicePrincipals/${owner.id}/resetPassword`)).status,
      403,
    );
    // An owner of one endpoint is none of the workspace, and makes no role that reaches there.
    const local = await withRole(ownerRole, `${workspaceId}/onlineEndpoints/iris`);
    assert.equal((await local.call('PUT', assignmentPath(workspaceId), own)).status, 403);
    const below = `${workspaceId}/onlineEndpoints/iris`;
    const definition = `${below}/providers/Microsoft.Authorization/roleDefinitions/${randomUUID()}`;
    assert.equal((await local.call('PUT', definition, roleActions(['*'], [below, '/']))).status, 403);
    assert.equal((await local.call('PUT', definition, roleActions(['*'], [below]))).status, 201);
    const wide = rolePath();
    assert.equal(
      (await workspace.call('PUT', wide, { body: roleActions(['*/read'], ['/', below]) })).status,
      201,
    );
    const name = wide.split('/').at(-1);
    const narrowed = definition.replace(/[^/]+$/, String(name));
    assert.equal((await local.call('PUT', narrowed, roleActions(['*'], [below]))).status, 403);
    assert.equal((await local.call('DELETE', narrowed)).status, 403);
  });

  it('has custom roles, which are assigned only where they may be', async () => {
    const path = rolePath();
    const name = path.split('/').at(-1) ?? '';
    const actions = ['Microsoft.MachineLearningServices/workspaces/onlineEndpoints/*'];
    const definition = roleActions(actions, [workspaceId]);
    assert.equal((await workspace.call('PUT', path, { body: definition })).status, 201);
    const one = await withRole(name);
    assert.equal((await one.call('GET', '/onlineEndpoints/iris')).status, 200);
    assert.equal((await one.call('GET', '/datastores')).status, 403);
    const elsewhere = await workspace.call('PUT', assignmentPath('/'), { body: assignment(one.id, name) });
    assert.equal(elsewhere.status, 400);
    assert.match(elsewhere.body['error'].message, /cannot be assigned at \//);
    const more = { properties: { ...definition.properties, permissions: [{ actions: ['*/read'] }] } };
    assert.equal((await workspace.call('PUT', path, { body: more })).status, 200);
    assert.equal((await one.call('GET', '/datastores')).status, 200, 'a change counts where it is assigned');
    assert.equal((await workspace.call('DELETE', path)).status, 400, 'it is assigned');
    const twin = await workspace.call('PUT', rolePath(), { body: definition });
    assert.equal(twin.status, 409);
    assert.equal((await workspace.call('DELETE', rolePath(ownerRole))).status, 400, 'it is built in');
    assert.equal((await workspace.call('PUT', rolePath(ownerRole), { body: definition })).status, 400);
    const { body } = await workspace.call(
      'GET',
      `//providers/Microsoft.Authorization/roleDefinitions?$filter=${encodeURIComponent("roleName eq 'reader'")}`,
    );
    assert.deepEqual(
      body['value'].map((role: { name: string }) => role.name),
      [readerRole],
    );
  });

  it('refuses what cannot be assigned', async () => {
    const one = await somebody();
    const put = async (body: unknown, path = assignmentPath(workspaceId)) =>
      (await workspace.call('PUT', path, { body })).status;
    assert.equal(await put(assignment(randomUUID(), readerRole)), 404);
    assert.equal(await put(assignment(one.id, randomUUID())), 404);
    assert.equal(await put({ properties: {} }), 400);
    assert.equal(await put(assignment(one.id, readerRole), assignmentPath(workspaceId, 'no-uuid')), 400);
    assert.equal(await put(assignment(one.id, readerRole)), 201);
    assert.equal(await put(assignment(one.id, readerRole)), 409);
  });

  it('is never left without an owner', async () => {
    const { body } = await workspace.call('GET', '//providers/Microsoft.Authorization/roleAssignments');
    const top = body['value'].filter(
      ({ properties }: Answer['body']) =>
        properties.scope === '/' && properties.roleDefinitionId.endsWith(ownerRole),
    );
    assert.equal(top.length, 1);
    const [last] = top;
    const { principalId } = last.properties;
    assert.equal((await workspace.call('DELETE', `/${last.id}`)).status, 400);
    assert.equal((await workspace.call('DELETE', `//servicePrincipals/${principalId}`)).status, 400);
    const ending = { endDateTime: '2999-01-01T00:00:00Z' };
    const reset = await workspace.call('POST', `//servicePrincipals/${principalId}/resetPassword`, {
      body: ending,
    });
    assert.equal(reset.status, 400);
    assert.equal((await workspace.call('GET', '//account')).status, 200, 'nothing of it was done');
    const second = await withRole(ownerRole, '/');
    assert.equal((await second.call('DELETE', `/${last.id}`)).status, 200);
    assert.equal((await workspace.call('GET', '/onlineEndpoints')).status, 403);
    await second.call('PUT', assignmentPath('/'), assignment(principalId, ownerRole));
    assert.equal((await workspace.call('DELETE', `//servicePrincipals/${second.id}`)).status, 204);
  });

  it('gives identities roles, which go with them', async () => {
    const list =
      '/subscriptions/0-0/resourceGroups/local/providers/Microsoft.ManagedIdentity/userAssignedIdentities';
    const path = `${list}/collector`;
    const made = await workspace.call('PUT', path, { body: { location: 'here', tags: { a: 'b' } } });
    assert.equal(made.status, 201);
    const { principalId, clientId } = made.body['properties'];
    assert.equal(
      (await workspace.call('PUT', path, { body: {} })).body['properties'].principalId,
      principalId,
    );
    assert.ok(clientId);
    await give(as(principalId, ''), readerRole, workspaceId);
    assert.equal(
      (await workspace.call('POST', `//servicePrincipals/${principalId}/resetPassword`)).status,
      400,
    );
    assert.equal((await workspace.call('DELETE', `//servicePrincipals/${principalId}`)).status, 400);
    assert.equal((await workspace.call('GET', list)).body['value'].length, 1);
    assert.equal((await workspace.call('DELETE', path)).status, 200);
    const { body } = await workspace.call(
      'GET',
      `${workspaceId}/providers/Microsoft.Authorization/roleAssignments`,
    );
    assert.ok(!JSON.stringify(body).includes(principalId));
    const again = await workspace.call('PUT', path, { body: {} });
    assert.notEqual(
      again.body['properties'].principalId,
      principalId,
      'another of that name inherits nothing',
    );
    assert.equal((await workspace.call('PUT', `${list}/a`, { body: {} })).status, 400);
  });

  it('writes down every change and every refusal, and no reading', async () => {
    const before = (await auditLines()).length;
    const reader = await withRole(readerRole);
    const scope = `${workspaceId}/onlineEndpoints/iris`;
    await reader.call('GET', '/onlineEndpoints/iris');
    await reader.call('DELETE', '/onlineEndpoints/iris');
    await reader.call('GET', '//servicePrincipals');
    await workspace.call('PATCH', '/onlineEndpoints/iris', { body: { tags: { secret: 'hunter2' } } });
    await workspace.call('PATCH', '/onlineEndpoints/nothing', { body: {} });
    const lines = (await auditLines()).slice(before + 2);
    const action = 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints';
    const told = lines.map(({ action, scope, outcome, status }) => ({ action, scope, outcome, status }));
    assert.deepEqual(told, [
      { action: `${action}/delete`, scope, outcome: 'denied', status: 403 },
      {
        action: 'Microsoft.Authorization/servicePrincipals/read',
        scope: '/',
        outcome: 'denied',
        status: 403,
      },
      { action: `${action}/write`, scope, outcome: 'done', status: 200 },
      { action: `${action}/write`, scope: scope.replace('iris', 'nothing'), outcome: 'failed', status: 404 },
    ]);
    assert.deepEqual(lines[0]?.['principal'], { id: reader.id, name: 'somebody' });
    assert.ok(!Number.isNaN(Date.parse(String(lines[0]?.['time']))));
    assert.ok(!JSON.stringify(lines).includes('hunter2'));
    assert.equal((await stat(join(workspace.folder, 'audit.jsonl'))).mode & 0o777, 0o600);
  });

  it('answers who has a good key while others try thousands of wrong ones, of which the audit has but some', async () => {
    const before = (await auditLines()).length;
    const statuses = new Map<number, number>();
    const attacker = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) {
        const { status } = await as('', `gleaner_${n}`).call('DELETE', '/onlineEndpoints/iris');
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const attacks = Promise.all([attacker(500), attacker(500)]);
    for (let n = 0; n < 50; n++)
      assert.equal((await workspace.call('GET', '/onlineEndpoints/iris')).status, 200);
    await attacks;
    assert.ok((statuses.get(429) ?? 0) > 900);
    assert.equal((statuses.get(429) ?? 0) + (statuses.get(401) ?? 0), 1000);
    assert.ok((await auditLines()).length - before <= 60);
  });
});

const options = (folder: string) => ({
  dataFolder: folder,
  runtime: createMemoryRuntime(),
  listen: { host: '127.0.0.1', port: 0 },
  publicUrl: 'http://127.0.0.1:1',
  names: { subscriptionId: '0-0', resourceGroup: 'local', workspace: 'w' },
  location: 'here',
  logger: pino({ level: 'silent' }),
});
const lost = async (): Promise<void> => Promise.reject(new Error('the disk is full'));

describe('the first owner', () => {
  it('is made once, and only when somebody keeps the token', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-owner-'));
    try {
      await assert.rejects(openWorkspace({ ...options(folder), keepOwner: lost }), /disk is full/);
      const kept: string[] = [];
      const keepOwner = async ({ token }: { token: string }): Promise<void> => void kept.push(token);
      const tenants: string[] = [];
      for (let start = 0; start < 2; start++) {
        const workspace = await openWorkspace({ ...options(folder), keepOwner });
        tenants.push(workspace.tenantId);
        const answer = await fetch(`http://127.0.0.1:${workspace.port}/account`, {
          headers: { authorization: `Bearer ${kept[0]}` },
        });
        assert.equal(answer.status, 200);
        await workspace.close();
      }
      assert.equal(kept.length, 1);
      assert.equal(tenants[0], tenants[1]);
      const again = await openWorkspace({ ...options(folder), keepOwner, anotherOwner: true });
      for (const token of kept) {
        const headers = { authorization: `Bearer ${token}` };
        assert.equal(
          (await fetch(`http://127.0.0.1:${again.port}/servicePrincipals`, { headers })).status,
          200,
        );
      }
      assert.equal(kept.length, 2);
      assert.equal(again.tenantId, tenants[0]);
      await again.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
