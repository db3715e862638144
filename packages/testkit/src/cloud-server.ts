/** A server that is told its port, as a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CloudServer extends AsyncDisposable {
  readonly endpoint: string;
}

const startTimeoutMs = 20_000;

/** Resolves once something answers HTTP on the port; tries another when somebody else has taken it meanwhile. */
export async function startServer(spawnOn: (port: number) => ChildProcess): Promise<CloudServer> {
  let said = '';
  for (let attempt = 0; attempt < 3; attempt++) {
    const port = await freePort();
    const child = spawnOn(port);
    said = '';
    child.once('error', (error) => (said = error.message));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)));
    }
    // The last resort, should this process end before it is disposed of.
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    const endpoint = `http://127.0.0.1:${port}`;
    if (await answers(endpoint, child)) {
      return {
        endpoint,
        async [Symbol.asyncDispose]() {
          process.off('exit', kill);
          if (!isRunning(child)) return;
          const exited = once(child, 'exit');
          child.kill('SIGKILL');
          await exited;
        },
      };
    }
    process.off('exit', kill);
    kill();
  }
  throw new Error(`the server did not start: ${said}`);
}

async function answers(endpoint: string, child: ChildProcess): Promise<boolean> {
  const deadline = Date.now() + startTimeoutMs;
  while (isRunning(child) && Date.now() < deadline) {
    try {
      await (await fetch(endpoint)).arrayBuffer();
      return isRunning(child);
    } catch {
      await sleep(20);
    }
  }
  return false;
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
