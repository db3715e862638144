import { once } from 'node:events';
import { createServer } from 'node:net';

import { ProgramError } from './program-error.ts';

/**
 * Resolves when a program could listen on the port of loopback now.
 *
 * @throws ProgramError `port_in_use`
 */
export async function requireFreePort(port: number): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    throw new ProgramError(
      'port_in_use',
      `port ${port} is taken (${error instanceof Error && 'code' in error ? String(error.code) : 'cannot be opened'}), and this program can listen on no other: ` +
        'end what listens there, or give the scoring route another port',
      { cause: error },
    );
  }
  server.close();
  await once(server, 'close');
}
