/** fake-gcs-server, which speaks like Google Cloud Storage, in memory. */
import { spawn } from 'node:child_process';
import { startServer } from './cloud-server.ts';

export interface FakeGcs extends AsyncDisposable {
  readonly endpoint: string;
  /** A bucket without objects. */
  makeBucket(name: string): Promise<void>;
}

/** Starts `command`, the path of the built server, and resolves once it answers. */
export async function startFakeGcs(command: string): Promise<FakeGcs> {
  const server = await startServer((port) => {
    const options = ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-backend', 'memory'];
    const args = [...options, '-public-host', `127.0.0.1:${port}`, '-log-level', 'error'];
    return spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  });
  return {
    endpoint: server.endpoint,
    async makeBucket(name) {
      const answer = await fetch(`${server.endpoint}/storage/v1/b?project=test`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name }),
      });
      if (!answer.ok) throw new Error(`the bucket ${name} was not made: ${await answer.text()}`);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
