/** What the gateway and the tap behind it add to a request. Needs `nginx` and `wrk`. */
import { spawnSync } from 'node:child_process';

import { median } from '../ratio.ts';
import { printTable } from '../table.ts';
import { answerOf, questionOf } from '../tap/bodies.ts';
import { exitOnSignals } from '../tap/child.ts';
import { startNginxModel } from '../tap/nginx.ts';
import { measureInTurn } from '../tap/rounds.ts';
import { runTap } from '../tap/tap-process.ts';
import { openWrk } from '../tap/wrk.ts';
import type { WrkResult } from '../tap/wrk.ts';
import { gatewayTarget, runGateway } from './gateway-process.ts';

const requestBytes = 1000;
const answerBytes = 2000;

export async function reportGateway({ pairs, seconds }: { pairs: number; seconds: number }): Promise<void> {
  const missing = Object.entries({ nginx: 'nginx-light', wrk: 'wrk' })
    .filter(([command]) => spawnSync(command, ['-v'], { stdio: 'ignore' }).error !== undefined)
    .map(([, name]) => name);
  if (missing.length > 0)
    return console.log(`\nThe gateway: left out. To do: apt-get install ${missing.join(' ')}`);
  using _ = exitOnSignals();
  await using wrk = await openWrk(questionOf(requestBytes));
  await using wrkAtEndpoint = await openWrk(questionOf(requestBytes), gatewayTarget);
  await using model = await startNginxModel(answerOf(answerBytes));
  await using tap = await runTap({ modelPort: model.port, captures: true });
  await using alone = await runGateway(model.port);
  await using gateway = await runGateway(tap.port);
  const ways = {
    direct: { wrk, port: model.port, settle: quiet },
    gateway: { wrk: wrkAtEndpoint, port: alone.port, settle: quiet },
    'gateway + tap with capture': {
      wrk: wrkAtEndpoint,
      port: gateway.port,
      settle: () => tap.caughtUp(),
    },
  };
  for (const connections of [1, 16]) {
    const results = await measureInTurn(pairs, ways, async (way) => {
      const result = await way.wrk.run({ port: way.port, connections, seconds });
      await way.settle();
      return result;
    });
    console.log(
      `\nThe gateway: ${requestBytes} bytes there, ${answerBytes} back, JSON; wrk -t1 -c${connections}; the model is nginx`,
    );
    printWays(results, connections === 1 ? '< 1' : 'saturated');
  }
}

function printWays(results: Readonly<Record<string, readonly WrkResult[]>>, target: string): void {
  printTable(
    ['', 'requests/s', 'p50 ms', 'p99 ms', 'added p50 ms', 'target', 'errors'],
    Object.entries(results).map(([way, own]) => [
      way,
      Math.round(median(own.map(({ requestsPerSecond }) => requestsPerSecond))),
      p50Ms(own).toFixed(3),
      median(own.map(({ p99Ms }) => p99Ms)).toFixed(2),
      way === 'direct' ? '' : (p50Ms(own) - p50Ms(results['direct'] ?? [])).toFixed(3),
      way === 'gateway + tap with capture' ? target : '',
      own.reduce((sum, { errors }) => sum + errors, 0),
    ]),
  );
}

const quiet = (): Promise<void> => Promise.resolve();

function p50Ms(own: readonly WrkResult[]): number {
  return median(own.map((one) => one.p50Ms));
}
