/** What a workspace and the commands of this user tell each other by the file of credentials. */
import type { NewOwner } from '@gleaner/workspace';

import { credentialsPath, keepOwner, moveOwner } from '../login/credentials.ts';

/** At the first start: prints the owner's token, this once, and keeps it for the commands of this user. */
export async function keepOwnerToken(server: string, owner: NewOwner): Promise<void> {
  say(`this workspace has an owner, whose token is shown this once: ${owner.token}`);
  try {
    await keepOwner(server, owner);
    say(`commands on this account take it from ${credentialsPath()}`);
  } catch (error) {
    say(`it could not be kept: ${wordsOf(error)}`);
    say('  fix: Keep it yourself, and set GLEANER_TOKEN, or run gleaner login.');
  }
}

/** At every start: commands find the token at the address where the workspace is now. */
export async function findOwnerToken(server: string, { tenantId }: { tenantId: string }): Promise<void> {
  try {
    await moveOwner(server, tenantId);
  } catch (error) {
    say(`commands on this account do not find the token of the workspace: ${wordsOf(error)}`);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function say(text: string): void {
  process.stderr.write(`gleaner: ${text}\n`);
}
