import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';

import { SignJWT } from 'jose';

import { createAuthorize } from './auth.ts';

const hash = (key: string): string => createHash('sha256').update(key).digest('hex');

function token(audience: string, expires?: string): SignJWT {
  const made = new SignJWT().setProtectedHeader({ alg: 'HS256' }).setAudience(audience);
  return expires === undefined ? made : made.setExpirationTime(expires);
}

describe('createAuthorize', () => {
  it('takes each of the keys and nothing else', async () => {
    const authorize = createAuthorize({ kind: 'key', keyHashes: [hash('one'), hash('two')] }, 'iris');
    assert.equal(await authorize('Bearer one'), 'good');
    assert.equal(await authorize('bearer two'), 'good');
    assert.equal(await authorize('Bearer three'), 'wrong');
    assert.equal(await authorize(`Bearer ${hash('one')}`), 'wrong');
    assert.equal(await authorize(undefined), 'missing');
    assert.equal(await authorize('Basic one'), 'missing');
    assert.equal(await authorize('Bearer '), 'missing');
  });

  it('takes nobody where there are no keys', async () => {
    const authorize = createAuthorize({ kind: 'key', keyHashes: [''] }, 'iris');
    assert.equal(await authorize('Bearer '), 'missing');
    assert.equal(await authorize('Bearer x'), 'wrong');
  });

  it('takes tokens that are for this endpoint, signed by its secret, and not over', async () => {
    const secret = Buffer.from('s'.repeat(32));
    const authorize = createAuthorize({ kind: 'token', secret: secret.toString('base64') }, 'iris');
    const verdict = async (made: SignJWT, by: Uint8Array = secret): Promise<string> =>
      authorize(`Bearer ${await made.sign(by)}`);
    assert.equal(await verdict(token('iris', '1h')), 'good');
    assert.equal(await verdict(token('other', '1h')), 'wrong');
    assert.equal(await verdict(token('iris', '-1h')), 'wrong');
    assert.equal(await verdict(token('iris')), 'wrong', 'a token without an end');
    assert.equal(await verdict(token('iris', '1h'), Buffer.from('t'.repeat(32))), 'wrong');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const claims = Buffer.from('{"aud":"iris","exp":99999999999}').toString('base64url');
    assert.equal(await authorize(`Bearer ${none}.${claims}.`), 'wrong');
  });
});
