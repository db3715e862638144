/** The real Azurite, in a process of its own, with nothing on disk. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

import { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob';

export interface AzuriteOptions {
  /** Serves https with this certificate, and then takes tokens of identities (without checking who signed them). */
  tls?: { certFile: string; keyFile: string };
}

export interface Azurite extends AsyncDisposable {
  /** What a datastore's `endpoint` takes: address and port. */
  readonly endpoint: string;
  readonly account: string;
  readonly accountKey: string;
  /** Makes a container, and gives the client of the SDK for what our stores do not do. */
  createContainer(name: string): Promise<ContainerClient>;
}

const account = 'gleanertest';
const accountKey = Buffer.from('a key that is no secret').toString('base64');
const startTimeoutMs = 60_000;

/** Listens on a free port of 127.0.0.1, and ends with its disposal. */
export async function startAzurite({ tls }: AzuriteOptions = {}): Promise<Azurite> {
  const program = createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js');
  const options = ['--skipApiVersionCheck', '--disableTelemetry', '--inMemoryPersistence'];
  const secured = tls === undefined ? [] : ['--oauth', 'basic', '--cert', tls.certFile, '--key', tls.keyFile];
  const server = spawn(
    process.execPath,
    [program, ...options, ...secured, '--blobHost', '127.0.0.1', '--blobPort', '0'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], AZURITE_ACCOUNTS: `${account}:${accountKey}` },
    },
  );
  const exited = once(server, 'exit');
  const kill = () => void server.kill('SIGKILL');
  process.once('exit', kill);
  const endpoint = await listeningAt(createInterface(server.stdout)).catch((error: unknown) => {
    kill();
    throw error;
  });
  return {
    endpoint,
    account,
    accountKey,
    async createContainer(name) {
      const key = new StorageSharedKeyCredential(account, accountKey);
      const container = new ContainerClient(
        `${tls === undefined ? 'http' : 'https'}://${endpoint}/${account}/${name}`,
        key,
      );
      await container.create();
      return container;
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', kill);
      kill();
      await exited;
    },
  };
}

/** The lines go on being read, so that the server never waits for its pipe. */
function listeningAt(lines: ReturnType<typeof createInterface>): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('Azurite does not listen.')), startTimeoutMs);
    lines.on('line', (line) => {
      const found = /listens on https?:\/\/(127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (found === undefined) return;
      clearTimeout(late);
      resolve(found);
    });
    lines.once('close', () => {
      clearTimeout(late);
      reject(new Error('Azurite ended before it listened.'));
    });
  });
}
