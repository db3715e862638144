/** The tokens of this user, by the workspaces that they are for, in a file that only this user can read. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { GleanerError } from '@gleaner/protocol';

export interface StoredCredential {
  token: string;
  /** UUID of the workspace that it is for. */
  tenantId: string;
}

interface CredentialFile {
  /** What commands send to a server, by its address. */
  servers: Record<string, StoredCredential>;
  /** The owners' tokens of the workspaces that were started here, by the UUID of the workspace. */
  owners: Record<string, string>;
}

const lockTimeoutMs = 5000;
const lockPollMs = 20;

/** `${XDG_CONFIG_HOME:-~/.config}/gleaner/credentials.json`; the folder is another with `GLEANER_CONFIG_DIR`. */
export function credentialsPath(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment['XDG_CONFIG_HOME'] || join(homedir(), '.config');
  return join(environment['GLEANER_CONFIG_DIR'] || join(base, 'gleaner'), 'credentials.json');
}

/** The token for a server, where there is one. Errors: `credentials_unreadable`. */
export async function findCredential(server: string): Promise<StoredCredential | undefined> {
  return (await readCredentials(credentialsPath())).servers[addressOf(server)];
}

/** From now on commands send this token to the server. Errors: `credentials_unreadable`. */
export async function keepCredential(server: string, credential: StoredCredential): Promise<void> {
  await change((file) => {
    file.servers[addressOf(server)] = credential;
  });
}

/** Commands send nothing to the server any more. */
export async function forgetCredential(server: string): Promise<void> {
  if ((await findCredential(server)) === undefined) return;
  await change((file) => {
    Reflect.deleteProperty(file.servers, addressOf(server));
  });
}

/** The owner of a workspace that is started here for the first time. */
export async function keepOwner(server: string, { token, tenantId }: StoredCredential): Promise<void> {
  await change((file) => {
    file.owners[tenantId] = token;
    file.servers[addressOf(server)] = { token, tenantId };
  });
}

/** A workspace that was made here is at this address now, where another one, or nothing, was before. */
export async function moveOwner(server: string, tenantId: string): Promise<void> {
  const { owners, servers } = await readCredentials(credentialsPath());
  if (owners[tenantId] === undefined || servers[addressOf(server)]?.tenantId === tenantId) return;
  await change((file) => {
    const token = file.owners[tenantId];
    if (token !== undefined) file.servers[addressOf(server)] = { token, tenantId };
  });
}

/** One way to write an address: `localhost` is the same as `127.0.0.1`. */
function addressOf(server: string): string {
  const url = new URL(server);
  if (url.hostname === 'localhost') url.hostname = '127.0.0.1';
  return url.origin;
}

async function readCredentials(path: string): Promise<CredentialFile> {
  let text: string;
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0)
      throw unreadable(`Others may read ${path}, which has tokens in it.`, { fix: `Run chmod 600 ${path}.` });
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return { servers: {}, owners: {} };
    if (error instanceof GleanerError) throw error;
    throw unreadable(`${path} cannot be read.`, {
      cause: error,
      fix: 'Correct the rights of file and folder.',
    });
  }
  try {
    const { servers, owners } = JSON.parse(text) as Partial<CredentialFile>;
    return { servers: { ...servers }, owners: { ...owners } };
  } catch {
    // The words of the parser would show what is in the file.
    throw unreadable(`${path} is no JSON.`, { fix: 'Remove the file, and log in again with gleaner login.' });
  }
}

/** One change at a time, over all processes; a reader sees the file before or after it. */
async function change(edit: (file: CredentialFile) => void): Promise<void> {
  const path = credentialsPath();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const lock = `${path}.lock`;
  await takeLock(lock);
  try {
    const file = await readCredentials(path);
    edit(file);
    const unfinished = `${path}.${randomUUID()}`;
    const handle = await open(unfinished, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(file, undefined, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(unfinished, 0o600);
    await rename(unfinished, path);
  } finally {
    await rm(lock, { force: true });
  }
}

async function takeLock(lock: string): Promise<void> {
  const deadlineMs = performance.now() + lockTimeoutMs;
  for (;;) {
    try {
      await (await open(lock, 'wx', 0o600)).close();
      return;
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
      // Whoever holds it needs milliseconds: this one was left by a process that was killed.
      if (performance.now() > deadlineMs) await rm(lock, { force: true });
      await sleep(lockPollMs);
    }
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function unreadable(message: string, options: { cause?: unknown; fix: string }): GleanerError {
  return new GleanerError('credentials_unreadable', message, options);
}
