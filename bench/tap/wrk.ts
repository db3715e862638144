/** Load by `wrk`, with one thread. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { outputOf, removeAtExit } from './child.ts';

export interface WrkPlan {
  port: number;
  connections: number;
  seconds: number;
}

export interface WrkResult {
  requests: number;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers other than 2xx and 3xx, connections that failed or broke, requests without an answer in time. */
  errors: number;
}

export interface Wrk extends AsyncDisposable {
  run(plan: WrkPlan): Promise<WrkResult>;
}

export interface WrkTarget {
  path?: string;
  headers?: Readonly<Record<string, string>>;
}

/** Posts `body` as JSON, again and again. */
export async function openWrk(body: string, { path = '/score', headers = {} }: WrkTarget = {}): Promise<Wrk> {
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-bench-wrk-'));
  const removing = removeAtExit(folder);
  const script = join(folder, 'post.lua');
  await writeFile(script, lua(body, headers));
  return {
    async run({ port, connections, seconds }) {
      const url = `http://127.0.0.1:${port}${path}`;
      const words = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url];
      const output = await outputOf('wrk', words);
      const { requests, durationUs, p50Us, p99Us, errors } = JSON.parse(
        output.slice(output.lastIndexOf('{')),
      ) as Record<'requests' | 'durationUs' | 'p50Us' | 'p99Us' | 'errors', number>;
      return {
        requests,
        requestsPerSecond: requests / (durationUs / 1e6),
        p50Ms: p50Us / 1000,
        p99Ms: p99Us / 1000,
        errors,
      };
    },
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
      removing[Symbol.dispose]();
    },
  };
}

/** `body` must not hold `]]`. */
function lua(body: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`);
  return `
${lines.join('\n')}
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [[${body}]]
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"errors":%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}
