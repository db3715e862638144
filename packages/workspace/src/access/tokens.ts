import { createHash, randomBytes } from 'node:crypto';

/** So that scanners for leaked secrets know it, and people too. */
const prefix = 'gleaner_';

/** A secret of 256 random bits. Only its hash is ever stored. */
export function makeToken(): string {
  return prefix + randomBytes(32).toString('base64url');
}

/** SHA-256 in hex: with so many random bits, no slower hash is needed. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
