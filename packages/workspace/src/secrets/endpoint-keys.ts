import { randomBytes } from 'node:crypto';

import { SignJWT } from 'jose';

/** The name of the secret that signs tokens, beside `primary` and `secondary`. */
export const tokenSecretKey = 'tokenSecret';

const tokenLifeMs = 12 * 3_600_000;
const refreshAfterMs = 6 * 3_600_000;

/** What lets callers in to an endpoint: two keys, so that one can be changed while the other serves. */
export function makeEndpointKeys(): { primary: string; secondary: string; tokenSecret: string } {
  return { primary: makeKey(), secondary: makeKey(), [tokenSecretKey]: randomBytes(32).toString('base64') };
}

/** 43 letters, digits, `_` and `-`. */
export function makeKey(): string {
  return randomBytes(32).toString('base64url');
}

/** As `token` answers it; times in seconds since 1970. */
export async function issueToken({
  endpoint,
  secret,
  nowMs,
}: {
  endpoint: string;
  secret: string;
  nowMs: number;
}) {
  const expiry = seconds(nowMs + tokenLifeMs);
  const accessToken = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setAudience(endpoint)
    .setIssuedAt(seconds(nowMs))
    .setExpirationTime(expiry)
    .sign(Buffer.from(secret, 'base64'));
  return {
    accessToken,
    tokenType: 'Bearer',
    expiryTimeUtc: expiry,
    refreshAfterTimeUtc: seconds(nowMs + refreshAfterMs),
  };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
