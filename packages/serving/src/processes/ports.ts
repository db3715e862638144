import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Ports of loopback for processes that have to be found again after a restart. */
export interface Ports {
  /** One that nobody listens on, and that nobody was given who did not give it back. */
  take(): Promise<number>;
  giveBack(port: number): void;
}

const lowest = 10_000;
const usualEphemeral = 32_768;
const maxTries = 1000;

/**
 * Chooses below those that the system takes for outgoing connections: one of these could sit on the port of a process that is
 * just being started again, and a connection to such a port can even meet itself.
 */
export function createPorts(random: () => number = Math.random): Ports {
  const taken = new Set<number>();
  const count = firstEphemeral() - lowest;
  return {
    async take() {
      for (let tries = 0; tries < maxTries; tries++) {
        const port = lowest + Math.floor(random() * count);
        if (taken.has(port)) continue;
        taken.add(port);
        if (await isFree(port)) return port;
        taken.delete(port);
      }
      throw new Error(`no free port was found between ${lowest} and ${lowest + count}`);
    },
    giveBack: (port) => void taken.delete(port),
  };
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

function firstEphemeral(): number {
  try {
    const first = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
    return first > lowest + maxTries ? first : usualEphemeral;
  } catch {
    // Not Linux: others begin at 49152.
    return usualEphemeral;
  }
}
