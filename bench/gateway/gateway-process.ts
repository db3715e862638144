/** The gateway process as `gleaner up` runs it: this process owns the port and hands over every connection. */
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import type { GatewayTable, ToGateway } from '../../packages/serving/src/gateway/messages.ts';
import { atExit, cpuSeconds } from '../tap/child.ts';

export interface RunningGateway extends AsyncDisposable {
  readonly port: number;
  cpuSeconds(): Promise<number>;
}

export const gatewayTarget = { path: '/endpoints/iris/score', headers: { Authorization: 'Bearer bench' } };

/** One endpoint with one deployment of one instance, which listens on `instancePort`. */
export async function runGateway(instancePort: number): Promise<RunningGateway> {
  const main = new URL('../../packages/serving/src/gateway/main.ts', import.meta.url);
  const child = fork(main, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const killing = atExit(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  const send = (message: ToGateway, socket?: Parameters<typeof child.send>[1]): boolean =>
    child.send(message, socket);
  send({ kind: 'table', table: tableOf(instancePort) });
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) =>
    send({ kind: 'connection' }, socket),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { pid = 0 } = child;
  return {
    port: (server.address() as AddressInfo).port,
    cpuSeconds: () => cpuSeconds(pid),
    async [Symbol.asyncDispose]() {
      server.close();
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      killing[Symbol.dispose]();
    },
  };
}

function tableOf(port: number): GatewayTable {
  const keyHashes = [createHash('sha256').update('bench').digest('hex')];
  const auth = { kind: 'key' as const, keyHashes };
  const requests = { timeoutMs: 5000, maxConcurrentPerInstance: 64, maxQueueWaitMs: 500 };
  const instances = [{ name: 'iris-blue-1', port }];
  return {
    version: 1,
    endpoints: [{ endpoint: 'iris', auth, traffic: { blue: 100 }, mirrorTraffic: {} }],
    deployments: [{ endpoint: 'iris', deployment: 'blue', requests, instanceCount: 1, instances }],
  };
}
