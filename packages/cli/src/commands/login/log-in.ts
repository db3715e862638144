import { text } from 'node:stream/consumers';

import { usageError } from '../../output/failure.ts';
import { accountEntity } from '../account/show-account.ts';
import type { AccountBody } from '../account/show-account.ts';
import { createClient } from '../ml/client.ts';
import { printEntity } from '../ml/show.ts';
import { serverOf } from '../ml/target.ts';
import type { Target } from '../ml/target.ts';
import { forgetCredential, keepCredential } from './credentials.ts';
import { askSecret } from './ask-secret.ts';
import { checked, readTokenFile } from './token.ts';

/** Keeps a token that the workspace takes, and shows whose it is. Errors: `usage_invalid`, those of the client. */
export async function logIn(options: Target): Promise<void> {
  const token = await givenToken(options);
  const client = createClient(options, { token });
  const account = await client.get<AccountBody>('/account');
  await keepCredential(serverOf(options), { token, tenantId: account.tenantId });
  await printEntity(accountEntity(account), options);
}

export async function logOut(options: Target): Promise<void> {
  await forgetCredential(serverOf(options));
}

async function givenToken({ tokenFile }: Target): Promise<string> {
  if (tokenFile !== undefined) return readTokenFile(tokenFile);
  if (process.stdin.isTTY) return checked((await askSecret('Token: ')).trim(), 'the answer');
  const piped = (await text(process.stdin)).trim();
  if (piped === '')
    throw usageError('There is no token on standard input.', 'Pipe one in, or use --token-file.');
  return checked(piped, 'standard input');
}
