import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { startAzurite } from '@gleaner/testkit';
import type { Azurite } from '@gleaner/testkit';
import { failsWith, textOf } from '../contract.ts';
import type { StoreContext } from '../kind.ts';
import { azureBlobKind } from './kind.ts';

const clientId = '11111111-2222-3333-4444-555555555555';
const tenantId = '66666666-7777-8888-9999-000000000000';
const variables = [
  'AZURE_AUTHORITY_HOST',
  'AZURE_CLIENT_ID',
  'AZURE_FEDERATED_TOKEN_FILE',
  'AZURE_TENANT_ID',
  'AZURE_TOKEN_CREDENTIALS',
  'IDENTITY_ENDPOINT',
  'IDENTITY_HEADER',
];
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const skip = hasOpenssl ? false : 'openssl is not here, and identities need https';

describe('who comes to Azure without a key', { skip }, () => {
  let folder: string;
  let azurite: Azurite;
  let authority: Server;
  let address: string;
  /** What was asked of the authority: path, query and form. */
  let asked: { path: string; fields: URLSearchParams }[] = [];
  let refusal: number | undefined;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gleaner-azure-'));
    const certFile = join(folder, 'cert.pem');
    const keyFile = join(folder, 'key.pem');
    const request =
      'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1';
    execFileSync('openssl', [...request.split(' '), '-keyout', keyFile, '-out', certFile], {
      stdio: 'ignore',
    });
    const cert = await readFile(certFile, 'utf8');
    setDefaultCACertificates([...getCACertificates('default'), cert]);
    azurite = await startAzurite({ tls: { certFile, keyFile } });
    await azurite.createContainer('collected');
    authority = createServer({ cert, key: await readFile(keyFile) }, (incoming, outgoing) => {
      void answer(incoming).then((body) => {
        outgoing.writeHead(refusal ?? 200, { 'content-type': 'application/json' });
        outgoing.end(JSON.stringify(body));
      });
    });
    authority.listen(0, '127.0.0.1');
    await once(authority, 'listening');
    address = `https://127.0.0.1:${(authority.address() as AddressInfo).port}`;
  });

  after(async () => {
    authority.close();
    authority.closeAllConnections();
    await azurite[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  beforeEach(() => {
    asked = [];
    refusal = undefined;
    for (const name of variables) delete process.env[name];
  });

  afterEach(() => {
    for (const name of variables) delete process.env[name];
  });

  /** Answers as the endpoint for managed identities (GET) and as the authority of the cloud (POST) do. */
  async function answer(request: IncomingMessage): Promise<unknown> {
    const { pathname, searchParams } = new URL(request.url ?? '/', address);
    const issuer = `${address}/${tenantId}`;
    if (pathname.endsWith('/openid-configuration')) {
      return {
        issuer: `${issuer}/v2.0`,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
      };
    }
    const fields = request.method === 'POST' ? new URLSearchParams(await text(request)) : searchParams;
    asked.push({ path: pathname, fields });
    if (refusal !== undefined)
      return { error: 'invalid_client', error_description: 'AADSTS7000215: no such client' };
    const seconds = Math.floor(Date.now() / 1000);
    return {
      token_type: 'Bearer',
      access_token: unsignedToken(seconds),
      expires_in: 3600,
      ext_expires_in: 3600,
      expires_on: `${seconds + 3600}`,
      resource: 'https://storage.azure.com',
    };
  }

  const settings = (others: Record<string, string> = {}) => ({
    account_name: azurite.account,
    container_name: 'collected',
    endpoint: azurite.endpoint,
    ...others,
  });

  async function writes(path: string, context: StoreContext, others: Record<string, string> = {}) {
    await using store = await azureBlobKind.open(settings(others), context);
    await store.append(path, { offset: 0, bytes: Buffer.from('x') });
    assert.equal(await textOf(store, path), 'x');
  }

  function managed() {
    process.env['IDENTITY_ENDPOINT'] = `${address}/msi/token`;
    process.env['IDENTITY_HEADER'] = 'header';
  }

  it('is the managed identity of the client id', async () => {
    managed();
    await writes('managed', { clientId });
    assert.deepEqual(
      asked.map(({ path, fields }) => [path, fields.get('client_id')]),
      [['/msi/token', clientId]],
    );
  });

  it('is the identity of this machine when there is no client id', async () => {
    managed();
    process.env['AZURE_TOKEN_CREDENTIALS'] = 'ManagedIdentityCredential';
    await writes('default', {});
    assert.deepEqual(
      asked.map(({ path, fields }) => [path, fields.get('client_id')]),
      [['/msi/token', null]],
    );
  });

  it('is the client id with the token of the pod on Kubernetes', async () => {
    const tokenFile = join(folder, 'pod-token');
    await writeFile(tokenFile, 'token-of-the-pod');
    process.env['AZURE_FEDERATED_TOKEN_FILE'] = tokenFile;
    process.env['AZURE_TENANT_ID'] = tenantId;
    process.env['AZURE_CLIENT_ID'] = 'that of the service account';
    process.env['AZURE_AUTHORITY_HOST'] = address;
    await writes('workload', { clientId });
    assert.deepEqual(
      asked.map(({ fields }) => [fields.get('client_id'), fields.get('client_assertion')]),
      [[clientId, 'token-of-the-pod']],
    );
  });

  it('is the service principal that the datastore names, whatever the client id', async () => {
    const principal = {
      'credentials.tenant_id': tenantId,
      'credentials.client_id': 'principal',
      'credentials.client_secret': 'hidden-secret',
      'credentials.authority_url': address,
    };
    await writes('principal', { clientId }, principal);
    assert.deepEqual(
      asked.map(({ fields }) => [fields.get('client_id'), fields.get('client_secret')]),
      [['principal', 'hidden-secret']],
    );
    refusal = 400;
    await using store = await azureBlobKind.open(settings(principal), {});
    const error = await failsWith('store_permission_denied', store.put('principal', Buffer.from('y')));
    assert.match(error.message, /^The service principal principal got no token .*AADSTS7000215/);
    assert.match(error.fix ?? '', /client_secret/);
    assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /hidden-secret/);
  });

  it('is named when it gets no token, and asked again the next time', async () => {
    managed();
    refusal = 503;
    await using store = await azureBlobKind.open(settings(), { clientId: 'unknown' });
    const error = await failsWith('store_permission_denied', store.put('a', Buffer.from('x')));
    assert.ok(
      error.message.startsWith('The managed identity unknown got no token for container collected of '),
    );
    assert.match(error.fix ?? '', /Storage Blob Data Contributor/);
    assert.equal(asked.length, 1);
    refusal = undefined;
    await store.put('a', Buffer.from('x'));
  });
});

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

/** Azurite looks at times, issuer and audience, and at no signature. */
function unsignedToken(seconds: number): string {
  const claims = {
    aud: 'https://storage.azure.com',
    iss: `https://sts.windows.net/${tenantId}/`,
    iat: seconds - 60,
    nbf: seconds - 60,
    exp: seconds + 3600,
    tid: tenantId,
    oid: clientId,
  };
  return `${encoded({ alg: 'RS256', typ: 'JWT' })}.${encoded(claims)}.${Buffer.from('signature').toString('base64url')}`;
}
