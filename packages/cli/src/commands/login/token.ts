import { readFile } from 'node:fs/promises';

import { usageError } from '../../output/failure.ts';
import { findCredential } from './credentials.ts';

export interface TokenSource {
  /** Address of the server. */
  server: string;
  tokenFile?: string | undefined;
}

/** The token to send: of `--token-file`, else of `GLEANER_TOKEN`, else the one that is kept for this server. */
export async function tokenFor({ server, tokenFile }: TokenSource): Promise<string | undefined> {
  if (tokenFile !== undefined) return readTokenFile(tokenFile);
  const given = process.env['GLEANER_TOKEN']?.trim();
  if (given !== undefined && given !== '') return checked(given, 'GLEANER_TOKEN');
  return (await findCredential(server))?.token;
}

/** Errors: `usage_invalid`. */
export async function readTokenFile(path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read';
    throw usageError(
      `The token file ${path} cannot be read: ${why}.`,
      'Name a file that has the token in it.',
    );
  }
  return checked(text.trim(), path);
}

/** One word that fits into a header; it is not shown when it does not. Errors: `usage_invalid`. */
export function checked(token: string, from: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw usageError(
    `What ${from} holds is no token.`,
    'A token is one word, such as gleaner up printed at its first start.',
  );
}
