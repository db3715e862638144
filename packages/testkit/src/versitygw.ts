/** A real server of S3, versitygw, over a temporary folder. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from './cloud-server.ts';

export interface Versitygw extends AsyncDisposable {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** A bucket without objects, in milliseconds: a folder of the server's own. */
  makeBucket(name: string): Promise<void>;
}

/** Starts `command`, the path of the built server, and resolves once it answers. */
export async function startVersitygw(command: string): Promise<Versitygw> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-versitygw-'));
  const accessKeyId = `test-${randomBytes(4).toString('hex')}`;
  const secretAccessKey = randomBytes(20).toString('hex');
  const env = { PATH: process.env['PATH'], ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey };
  const server = await startServer((port) => {
    const options = ['--quiet', '--port', `127.0.0.1:${port}`];
    return spawn(command, [...options, 'posix', folder], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  });
  return {
    endpoint: server.endpoint,
    accessKeyId,
    secretAccessKey,
    makeBucket: (name) => mkdir(join(folder, name)),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
