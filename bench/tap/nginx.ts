/** nginx with a configuration of our own in a temporary folder: as the model server, and as the proxy to compare with. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

import { atExit, cpuSeconds, removeAtExit } from './child.ts';
import { freePort } from './free-port.ts';

export interface Nginx extends AsyncDisposable {
  readonly port: number;
  /** Of the master and its workers. */
  cpuSeconds(): Promise<number>;
}

/** Answers every request with `body`: the fastest model server there is, since it reads a request's body and forgets it. */
export function startNginxModel(body: string): Promise<Nginx> {
  return startNginx({ workers: 1, location: `default_type application/json; return 200 '${body}';` });
}

export interface NginxProxyOptions {
  modelPort: number;
  /** `auto`: one for each core, as Debian sets it. */
  workers: number | 'auto';
  /** `off`: answers are passed on piece by piece. */
  buffering?: 'off';
}

/** A plain proxy whose connections to the model server stay open. */
export function startNginxProxy({ modelPort, workers, buffering }: NginxProxyOptions): Promise<Nginx> {
  return startNginx({
    workers,
    upstream: `upstream model { server 127.0.0.1:${modelPort}; keepalive 64; keepalive_requests ${endless}; }`,
    location: `proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection "";${
      buffering === undefined ? '' : ` proxy_buffering ${buffering};`
    }`,
  });
}

interface NginxServer {
  workers: number | 'auto';
  upstream?: string;
  location: string;
}

/** Connections end when the load ends, not after a thousand requests. */
const endless = 1_000_000_000;
const startTimeoutMs = 5000;

async function startNginx(server: NginxServer): Promise<Nginx> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-bench-nginx-'));
  const port = await freePort();
  await writeFile(join(folder, 'nginx.conf'), configuration(server, port));
  const child = spawn('nginx', ['-p', folder, '-c', 'nginx.conf', '-e', 'error.log'], { stdio: 'ignore' });
  // The master ends its workers when it is asked to end; killed, it would leave them behind.
  const stopping = atExit(() => void child.kill('SIGTERM'));
  const removing = removeAtExit(folder);
  const exited = once(child, 'exit');
  exited.catch(() => undefined);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    stopping[Symbol.dispose]();
    removing[Symbol.dispose]();
  };
  const deadlineMs = performance.now() + startTimeoutMs;
  while (!(await isListening(port))) {
    if (child.exitCode === null && performance.now() < deadlineMs) await sleep(10);
    else {
      const log = await readFile(join(folder, 'error.log'), 'utf8').catch(() => '');
      await stop();
      throw new Error(`nginx does not listen:\n${log}`);
    }
  }
  const { pid = 0 } = child;
  return { port, cpuSeconds: () => cpuSeconds(pid), [Symbol.asyncDispose]: stop };
}

function configuration({ workers, upstream = '', location }: NginxServer, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${name};`,
  );
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes ${workers};
pid nginx.pid;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests ${endless};
  client_header_buffer_size 4k;
  client_max_body_size 0;
  client_body_buffer_size 128k;
  ${temporary.join(' ')}
  ${upstream}
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / { ${location} }
  }
}
`;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  const answer = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return answer;
}
