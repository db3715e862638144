import { createHash, timingSafeEqual } from 'node:crypto';

import type { EndpointAuth } from '@gleaner/workspace/api';
import { jwtVerify } from 'jose';

export type Verdict = 'good' | 'missing' | 'wrong';

/** Judges an `Authorization` header. */
export type Authorize = (authorization: string | undefined) => Verdict | Promise<Verdict>;

/** `endpoint`: what tokens must be made for. */
export function createAuthorize(auth: EndpointAuth, endpoint: string): Authorize {
  const isGood = auth.kind === 'key' ? keyCheck(auth.keyHashes) : tokenCheck(auth.secret, endpoint);
  return (authorization) => {
    const credential = /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    return credential === undefined ? 'missing' : isGood(credential);
  };
}

/** Hashes are of one length, and all of them are compared: how long it takes tells nothing. */
function keyCheck(keyHashes: readonly string[]): (key: string) => Verdict {
  const good = keyHashes.map((hash) => Buffer.from(hash, 'hex')).filter(({ length }) => length === 32);
  return (key) => {
    const given = createHash('sha256').update(key).digest();
    return good.filter((hash) => timingSafeEqual(hash, given)).length > 0 ? 'good' : 'wrong';
  };
}

function tokenCheck(secret: string, endpoint: string): (token: string) => Promise<Verdict> {
  const key = Buffer.from(secret, 'base64');
  const rules = { algorithms: ['HS256'], audience: endpoint, requiredClaims: ['exp'] };
  return (token) =>
    jwtVerify(token, key, rules).then(
      () => 'good',
      () => 'wrong',
    );
}
