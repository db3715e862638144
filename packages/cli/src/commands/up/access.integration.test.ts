import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { gleaner, startProcess } from '../../gleaner-process.ts';
import type { Ended } from '../../gleaner-process.ts';
import { descendantsOf } from './process-tree.ts';
import { startUp } from './up-fixture.ts';
import type { UpWorkspace, Words } from './up-fixture.ts';

interface ServicePrincipal {
  appId: string;
  displayName: string;
  password: string;
  tenant: string;
}

describe('access with gleaner up', () => {
  let workspace: UpWorkspace;
  before(async () => {
    workspace = await startUp();
  });
  after(async () => workspace[Symbol.asyncDispose]());

  const folder = () => join(workspace.data, '..');
  /** A command of somebody without the owner's file. */
  const as = async (token: string, words: string): Promise<Ended> =>
    gleaner(words.split(' '), {
      folder: folder(),
      environment: {
        GLEANER_CONFIG_DIR: join(folder(), 'nobody'),
        GLEANER_SERVER: workspace.url,
        ...(token !== '' && { GLEANER_TOKEN: token }),
      },
    });
  const file = async (name: string, value: unknown): Promise<string> => {
    const path = join(folder(), name);
    await writeFile(path, typeof value === 'string' ? value : JSON.stringify(value));
    return path;
  };
  const refused = async (words: Words, exitCode: number, why: RegExp): Promise<void> => {
    const ended = await workspace.tried(words);
    assert.match(ended.stderr, why);
    assert.equal(ended.exitCode, exitCode, ended.stderr);
  };

  it('prints the token of the owner once, and keeps it for the commands of this account', async () => {
    const path = join(workspace.config, 'credentials.json');
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const kept = JSON.parse(await readFile(path, 'utf8')).servers[workspace.url].token;
    const [, printed] = await workspace.root.until(/shown this once: (\S+)/);
    assert.equal(printed, kept);
    const account = await workspace.json<{ user: { name: string }; roles: unknown }>('account show');
    assert.equal(account.user.name, 'owner');
    assert.deepEqual(account.roles, [{ roleName: 'Owner', scope: '/' }]);
    await workspace.restart('SIGTERM');
    workspace.root.kill('SIGTERM');
    assert.doesNotMatch((await workspace.root.ended).stderr, /shown this once/);
    await workspace.restart('SIGTERM');
    assert.equal((await workspace.json<{ user: unknown }>('account show')).user !== undefined, true);
  });

  it('refuses who has no token, and says what to do', async () => {
    for (const [token, why] of [
      ['', /no credential/],
      ['gleaner_wrong', /not one of this workspace/],
    ] as const) {
      const { exitCode, stderr } = await as(token, 'ml online-endpoint list');
      assert.equal(exitCode, 1);
      assert.match(stderr, why);
      assert.match(stderr, /gleaner login/);
    }
    for (const path of ['/', '/openapi.json', '/anything'])
      assert.equal((await fetch(workspace.url + path)).status, 401, path);
    assert.equal((await fetch(`${workspace.url}/healthz`)).status, 200);
  });

  it('gives a service principal a key and a role, which ends when it is taken away', async () => {
    const made = await workspace.json<ServicePrincipal>('ad sp create -n ci');
    assert.match(made.password, /^gleaner_[\w-]{43}$/);
    assert.equal((await as(made.password, 'ml online-endpoint list')).exitCode, 1);
    await workspace.run('role assignment create --assignee ci --role Reader --scope /');
    assert.equal((await as(made.password, 'ml online-endpoint list')).exitCode, 0);
    const denied = await as(made.password, 'ml online-endpoint create -n mine');
    assert.equal(denied.exitCode, 1);
    assert.match(denied.stderr, /\(AuthorizationFailed\) ci .*onlineEndpoints\/write.*onlineEndpoints\/mine/);

    const all = await workspace.json<Record<string, string>[]>('role assignment list --assignee ci --all');
    assert.deepEqual(
      all.map(({ roleDefinitionName, principalName, scope }) => ({
        roleDefinitionName,
        principalName,
        scope,
      })),
      [{ roleDefinitionName: 'Reader', principalName: 'ci', scope: '/' }],
    );
    assert.deepEqual(await workspace.json('role assignment list --assignee ci'), []);
    assert.equal(
      (await workspace.json<unknown[]>('role assignment list --assignee ci --include-inherited')).length,
      1,
    );
    await workspace.run('role assignment delete --assignee ci --role Reader --scope /');
    assert.equal((await as(made.password, 'ml online-endpoint list')).exitCode, 1);

    const listed = await workspace.json<ServicePrincipal[]>('ad sp list');
    assert.deepEqual(
      listed.map(({ displayName }) => displayName),
      ['owner', 'ci'],
    );
    assert.ok(!JSON.stringify(listed).includes(made.password));
    const { password } = await workspace.json<ServicePrincipal>('ad sp credential reset --id ci');
    assert.equal((await as(made.password, 'account show')).exitCode, 1);
    assert.equal((await as(password, 'account show')).exitCode, 0);
    await workspace.run('ad sp delete --id ci');
    assert.equal((await as(password, 'account show')).exitCode, 1);
    await refused('ad sp delete --id ci', 2, /no service principal or identity "ci"/);
  });

  it('logs in with a token from a file or standard input, and out again', async () => {
    const { password } = await workspace.json<ServicePrincipal>('ad sp create -n guest --role Reader');
    const path = await file('token', `${password}\n`);
    assert.equal((await as('', `account show --token-file ${path}`)).exitCode, 0);
    const name = async (): Promise<string> =>
      JSON.parse((await as('', 'account show -o json')).stdout || '{"user":{}}').user.name;
    assert.equal((await as('', `login --token-file ${path}`)).exitCode, 0);
    assert.equal(await name(), 'guest');
    assert.equal((await as('', 'logout')).exitCode, 0);
    assert.equal(await name(), undefined);

    const bin = join(import.meta.dirname, '../../../bin/gleaner.mjs');
    const piped = async (text: string): Promise<Ended> =>
      startProcess(['sh', '-c', 'printf %s "$TEXT" | "$NODE" "$BIN" login'], {
        environment: {
          TEXT: text,
          NODE: process.execPath,
          BIN: bin,
          GLEANER_CONFIG_DIR: join(folder(), 'nobody'),
          GLEANER_SERVER: workspace.url,
        },
      }).ended;
    assert.equal((await piped(password)).exitCode, 0);
    assert.equal(await name(), 'guest');
    assert.equal((await piped('gleaner_wrong')).exitCode, 1);
    assert.equal(await name(), 'guest', 'a wrong one is not kept');
    assert.equal((await piped('')).exitCode, 2);
    assert.equal((await piped('two words')).exitCode, 2);
    assert.equal((await as('', 'account show --token-file nothing')).exitCode, 2);
  });

  it('has roles of a user in the JSON of az', async () => {
    const definition = {
      Name: 'Endpoint Operator',
      Description: 'online endpoints',
      Actions: ['Microsoft.MachineLearningServices/workspaces/onlineEndpoints/*'],
      AssignableScopes: ['/subscriptions/00000000-0000-0000-0000-000000000000'],
    };
    const path = await file('role.json', definition);
    await workspace.run(`role definition create --role-definition ${path}`);
    await refused(
      `role definition create --role-definition ${path}`,
      1,
      /a role "Endpoint Operator" already/,
    );
    const { password } = await workspace.json<ServicePrincipal>([
      'ad',
      'sp',
      'create',
      '-n',
      'operator',
      '--role',
      'endpoint operator',
    ]);
    assert.equal((await as(password, 'ml online-endpoint create -n mine')).exitCode, 0);
    assert.equal((await as(password, 'ml data list')).exitCode, 1);
    await file('role.json', { ...definition, Actions: ['*/read'] });
    await workspace.run(`role definition update --role-definition ${path}`);
    assert.equal((await as(password, 'ml data list')).exitCode, 0);
    const own = await workspace.json<{ roleName: string }[]>('role definition list --custom-role-only');
    assert.deepEqual(
      own.map(({ roleName }) => roleName),
      ['Endpoint Operator'],
    );
    assert.ok((await workspace.json<unknown[]>('role definition list')).length > 7);
    await refused(['role', 'definition', 'delete', '-n', 'Endpoint Operator'], 1, /is assigned/);
    await workspace.run('ad sp delete --id operator');
    await workspace.run(['role', 'definition', 'delete', '-n', 'Endpoint Operator']);
    await file('role.json', '{"Name": 7}');
    await refused(`role definition create --role-definition ${path}`, 2, /role\.json: AssignableScopes/);
  });

  it('has identities that can be given roles', async () => {
    await workspace.run('identity create -n collector --tags team=a');
    const identity = await workspace.json<Record<string, unknown>>('identity show -n collector');
    assert.deepEqual(identity['tags'], { team: 'a' });
    const role = ['--role', 'Storage Blob Data Contributor', '--scope', '/subscriptions/s'];
    await workspace.run(['role', 'assignment', 'create', '--assignee', 'collector', ...role]);
    const listed = await workspace.json<{ principalId: string }[]>(
      'role assignment list --assignee collector --all',
    );
    assert.equal(listed[0]?.principalId, identity['principalId']);
    assert.equal((await workspace.json<unknown[]>('identity list')).length, 1);
    await workspace.run('identity delete -n collector');
    assert.deepEqual(await workspace.json('identity list'), []);
    await refused('identity show -n collector', 1, /collector/);
  });

  it('makes another owner for whoever lost the token, once for one start', async () => {
    await using lost = await startUp();
    await writeFile(join(lost.config, 'credentials.json'), '{}');
    await lost.restart('SIGTERM');
    assert.equal((await lost.tried('account show')).exitCode, 1);
    await lost.restart('SIGTERM', ['--new-owner']);
    await lost.run('account show');
    const processes = await descendantsOf(lost.root.pid);
    const found = processes.find(({ command }) => command.includes('workspace-process'));
    assert.ok(found !== undefined);
    process.kill(found.pid, 'SIGKILL');
    while ((await lost.tried('account show')).exitCode !== 0);
    assert.equal((await lost.json<unknown[]>('ad sp list')).length, 2);
  });

  it('tells what was typed wrong before it asks', async () => {
    await refused('role assignment create --assignee owner --role Nothing --scope /', 2, /no role "Nothing"/);
    await refused('role assignment create --role Reader --scope /', 2, /--assignee/);
    await refused('role assignment create --assignee owner --role Reader --scope here', 2, /no resource id/);
    await refused('role assignment delete', 2, /Nothing says which/);
    await refused('ad sp create -n x --years many', 2, /no number of years/);
    await refused('ad sp create -n x --scopes /', 2, /--role/);
  });
});
