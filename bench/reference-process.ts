import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';

export interface ReferenceProcess extends AsyncDisposable {
  readonly port: number;
}

/** The acknowledge-only server as a process of its own. */
export async function startReference(): Promise<ReferenceProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'reference-server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const lines = createInterface({ input: child.stdout });
  const [port] = (await once(lines, 'line')) as [string];
  return {
    port: Number(port),
    async [Symbol.asyncDispose]() {
      process.off('exit', kill);
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}
