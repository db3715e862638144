/** What may be done with the address that a client uploads to, and what may not. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { startTestWorkspace } from '../test-workspace.ts';
import type { TestWorkspace } from '../test-workspace.ts';

const blockBlob = { 'x-ms-blob-type': 'BlockBlob' };

describe('uploads of a client of Azure', () => {
  let workspace: TestWorkspace;
  let base = '';
  let query = '';

  before(async () => {
    workspace = await startTestWorkspace();
    const path = '/codes/c/versions/1/startPendingUpload';
    const { body } = await workspace.call('POST', path, {
      body: { pendingUploadType: 'TemporaryBlobReference' },
      headers: { host: 'localhost:5443', 'x-forwarded-proto': 'https' },
    });
    const { sasUri } = body['blobReferenceForConsumption'].credential;
    assert.match(sasUri, /^https:\/\/localhost:5443\//);
    const url = new URL(sasUri);
    base = url.pathname;
    query = url.search;
  });
  after(async () => workspace[Symbol.asyncDispose]());

  const send = async (
    method: string,
    path: string,
    {
      body = '',
      headers = {},
      more = '',
    }: { body?: string; headers?: Record<string, string>; more?: string } = {},
  ): Promise<Response> =>
    fetch(`http://127.0.0.1:${workspace.port}${path}${more.startsWith('?') ? more : query + more}`, {
      method,
      headers,
      ...(method === 'PUT' && { body }),
    });
  const stored = async (path: string): Promise<string> =>
    readFile(
      join(workspace.folder, 'workspaceblobstore', path.split('/workspaceblobstore/')[1] ?? ''),
      'utf8',
    );

  it('writes a blob whole, and tells of it', async () => {
    const path = `${base}/code/score.py`;
    assert.equal((await send('PUT', path, { body: 'text', headers: blockBlob })).status, 201);
    assert.equal(await stored(path), 'text');
    await send('PUT', path, { headers: { 'x-ms-meta-name': 'c' }, more: '&comp=metadata' });
    const { headers } = await send('HEAD', path);
    assert.equal(headers.get('content-length'), '4');
    assert.equal(headers.get('x-ms-meta-name'), 'c');
  });

  it('writes a blob of blocks in the order of the list, and none when one is not here', async () => {
    const path = `${base}/code/large.bin`;
    for (const [id, body] of [
      ['b', '2'],
      ['a', '1'],
    ] as const)
      await send('PUT', path, { body, more: `&comp=block&blockid=${id}` });
    const commit = { more: '&comp=blocklist' };
    assert.equal(await codeOf(send('PUT', path, { ...commit, body: list('a', 'c') })), 'InvalidBlockList');
    assert.equal(await codeOf(send('HEAD', path)), 'BlobNotFound');
    assert.equal((await send('PUT', path, { ...commit, body: list('a', 'b') })).status, 201);
    assert.equal(await stored(path), '12');
  });

  it('keeps nothing of what was damaged on its way', async () => {
    const path = `${base}/code/damaged.py`;
    const md5 = createHash('md5').update('other').digest('base64');
    const headers = { ...blockBlob, 'content-md5': md5 };
    assert.equal(await codeOf(send('PUT', path, { body: 'text', headers })), 'Md5Mismatch');
    assert.equal(await codeOf(send('HEAD', path)), 'BlobNotFound');
  });

  it('does not write over a blob when it is asked not to', async () => {
    const path = `${base}/code/once.py`;
    const headers = { ...blockBlob, 'if-none-match': '*' };
    await send('PUT', path, { body: 'first', headers });
    assert.equal(await codeOf(send('PUT', path, { body: 'second', headers })), 'BlobAlreadyExists');
    assert.equal(await stored(path), 'first');
  });

  const tampered = {
    'without a signature': () => '?',
    'with another signature': () => query.replace(/sig=[^&]+/, `sig=${encodeURIComponent('A'.repeat(43))}=`),
    'with a later end': () => query.replace(/se=\d{4}/, 'se=2999'),
    'for a folder above': () => query.replace(/si=[^&]+/, 'si=LocalUpload'),
  };
  for (const [how, changed] of Object.entries(tampered))
    it(`are refused ${how}`, async () => {
      const sent = send('PUT', `${base}/code/x.py`, { headers: blockBlob, more: changed() });
      assert.equal(await codeOf(sent), 'AuthenticationFailed');
    });

  it('are refused in the folder of another upload, and above their own', async () => {
    const other = base.replace(/[^/]+$/, 'another');
    for (const path of [
      `${other}/code/x.py`,
      `${base}x/code/x.py`,
      `${base}/%2e%2e/%2e%2e/modelDataCollector/x`,
    ]) {
      const answer = await send('PUT', path, { headers: blockBlob });
      assert.ok(answer.status >= 400, `${path}: ${answer.status}`);
    }
  });

  it('answer 501 to everything else', async () => {
    const path = `${base}/code/score.py`;
    for (const [method, more] of [
      ['GET', ''],
      ['DELETE', ''],
      ['PUT', '&comp=page'],
    ] as const)
      assert.equal(
        await codeOf(send(method, path, { more, headers: blockBlob })),
        'NotImplemented',
        method + more,
      );
  });
});

async function codeOf(answer: Promise<Response>): Promise<string | null> {
  return (await answer).headers.get('x-ms-error-code');
}

function list(...ids: string[]): string {
  return `<BlockList>${ids.map((id) => `<Latest>${id}</Latest>`).join('')}</BlockList>`;
}
