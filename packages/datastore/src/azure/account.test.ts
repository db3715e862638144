import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DatastoreError } from '../errors.ts';
import { azureAccount } from './account.ts';

const accountKey = Buffer.from('key').toString('base64');
const sasToken = 'sv=2024-11-04&sr=c&sp=racwdl&sig=abc%3D';

function read(settings: Record<string, string>, clientId?: string) {
  const named = { account_name: 'gleaner1', container_name: 'collected', ...settings };
  return azureAccount(named, { containerKey: 'container_name', clientId });
}

function refusal(settings: Record<string, string>, clientId?: string): DatastoreError {
  try {
    read(settings, clientId);
  } catch (error) {
    assert.ok(error instanceof DatastoreError);
    assert.equal(error.code, 'store_settings_invalid');
    assert.ok(error.fix);
    return error;
  }
  return assert.fail(`accepted ${JSON.stringify(settings)}`);
}

describe('azureAccount', () => {
  it('puts the account into the host, and into the path where the host is an address or a plain name', () => {
    const urls: [endpoint: string, url: string][] = [
      ['core.windows.net', 'https://gleaner1.blob.core.windows.net/collected'],
      ['core.chinacloudapi.cn', 'https://gleaner1.blob.core.chinacloudapi.cn/collected'],
      ['127.0.0.1', 'https://127.0.0.1/gleaner1/collected'],
      ['127.0.0.1:10000', 'https://127.0.0.1:10000/gleaner1/collected'],
      ['[::1]:10000', 'https://[::1]:10000/gleaner1/collected'],
      ['localhost', 'https://localhost/gleaner1/collected'],
      ['localhost:10000', 'https://localhost:10000/gleaner1/collected'],
      ['azurite:10000', 'https://azurite:10000/gleaner1/collected'],
    ];
    for (const [endpoint, url] of urls) assert.equal(read({ endpoint }).containerUrl, url);
    assert.equal(read({}).containerUrl, 'https://gleaner1.blob.core.windows.net/collected');
    const plain = { protocol: 'http', endpoint: 'localhost:10000', 'credentials.account_key': accountKey };
    assert.equal(read(plain).containerUrl, 'http://localhost:10000/gleaner1/collected');
  });

  it('refuses endpoints and protocols that are none', () => {
    for (const endpoint of [
      '',
      'https://core.windows.net',
      'core.windows.net/x',
      'a b',
      'x@core.windows.net',
      ':1',
    ])
      assert.match(refusal({ endpoint }).message, /^endpoint /);
    assert.match(refusal({ protocol: 'ftp' }).message, /^protocol 'ftp'/);
  });

  it('knows the names that Azure takes', () => {
    assert.equal(read({ account_name: 'devstoreaccount1' }).account, 'devstoreaccount1');
    for (const name of ['', 'ab', 'Capital', 'with-hyphen', 'x'.repeat(25), 'a.blob.core.windows.net'])
      assert.match(refusal({ account_name: name }).message, /^account_name /);
    const guid = 'azureml-blobstore-2d1f6e0a-0d6a-4b7e-9c55-0a1b2c3d4e5f';
    for (const name of ['abc', guid, 'x'.repeat(63)])
      assert.equal(read({ container_name: name }).container, name);
    for (const name of ['', 'ab', '-abc', 'abc-', 'a--b', 'Abc', 'a_b', 'a/b', 'x'.repeat(64)])
      assert.match(refusal({ container_name: name }).message, /^container_name /);
  });

  it('takes one kind of credential, and an identity without any', () => {
    assert.deepEqual(read({ 'credentials.account_key': accountKey }).credential, {
      kind: 'account-key',
      accountKey,
    });
    for (const token of [sasToken, `?${sasToken}`, ` ${sasToken}\n`])
      assert.deepEqual(read({ 'credentials.sas_token': token }).credential, { kind: 'sas-token', sasToken });
    const principal = {
      'credentials.tenant_id': 'tenant',
      'credentials.client_id': 'client',
      'credentials.client_secret': 'secret',
    };
    const known = {
      kind: 'service-principal',
      tenantId: 'tenant',
      clientId: 'client',
      clientSecret: 'secret',
    };
    assert.deepEqual(read(principal).credential, known);
    const authorityUrl = 'https://login.microsoftonline.us';
    assert.deepEqual(read({ ...principal, 'credentials.authority_url': authorityUrl }).credential, {
      ...known,
      authorityUrl,
    });
    assert.deepEqual(read({}, 'client').credential, { kind: 'managed-identity', clientId: 'client' });
    assert.deepEqual(read({}).credential, { kind: 'default-identity' });
    assert.equal(read({ 'credentials.account_key': accountKey }, 'client').credential.kind, 'account-key');
  });

  it('refuses two kinds of credential, half a one, and an empty one', () => {
    const key = { 'credentials.account_key': accountKey };
    assert.match(
      refusal({ ...key, 'credentials.sas_token': sasToken }).message,
      /account key and a SAS token/,
    );
    assert.match(
      refusal({ ...key, 'credentials.client_id': 'x' }).message,
      /account key and a service principal/,
    );
    assert.match(
      refusal({ 'credentials.client_id': 'x' }).message,
      /credentials\.tenant_id and credentials\.client_secret/,
    );
    assert.match(refusal({ 'credentials.authority_url': 'https://x.example' }).message, /needs/);
    assert.match(refusal({ 'credentials.account_key': ' ' }).message, /account_key is empty/);
  });

  it('refuses credentials that can be none, without showing them', () => {
    const connection = 'DefaultEndpointsProtocol=https;AccountKey=hidden';
    const url = 'https://gleaner1.blob.core.windows.net/collected?signature=hidden';
    for (const wrong of [{ 'credentials.account_key': connection }, { 'credentials.sas_token': url }])
      assert.doesNotMatch(refusal(wrong).message, /hidden/);
  });

  it('sends no token of an identity over http', () => {
    assert.match(refusal({ protocol: 'http' }).message, /needs https/);
    assert.match(refusal({ protocol: 'http' }, 'client').message, /needs https/);
  });
});
