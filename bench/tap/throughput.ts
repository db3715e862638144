/** Requests per second and their times: direct, through nginx, and through the tap with all that may befall it. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { answerOf, questionOf } from './bodies.ts';
import { startServer } from './child.ts';
import { startNginxModel, startNginxProxy } from './nginx.ts';
import { measureInTurn } from './rounds.ts';
import { runTap } from './tap-process.ts';
import type { RunningTap, TapCounts } from './tap-process.ts';
import { openWrk } from './wrk.ts';
import type { Wrk, WrkResult } from './wrk.ts';

export type Way =
  | 'direct'
  | 'nginx, 1 worker'
  | 'nginx, a worker per core'
  | 'tap without capture'
  | 'tap with capture'
  | 'tap, store dead'
  | 'tap, spool full';

export type Healthy = Exclude<Way, 'tap, store dead' | 'tap, spool full'>;

/** What the design compared, with a model server like the one below. */
export type Compared = Exclude<Healthy, 'nginx, a worker per core'>;

export interface Sample extends WrkResult {
  /** Of the process between the two, shipping what it captured included where that is possible; none when direct. */
  cpuUsPerRequest: number | undefined;
}

export type Samples<W extends Way = Way> = Record<W, Sample[]>;

export interface Throughput {
  /** `-c16`, the load of the design. */
  busy: Samples;
  /** One connection: what a request waits for when nobody else asks. */
  alone: Samples<Healthy>;
  kept: Record<'tap with capture' | 'tap, store dead' | 'tap, spool full', TapCounts>;
}

export const requestBytes = 1000;
export const answerBytes = 2000;
export const busyConnections = 16;

interface Contender {
  port: number;
  cpuSeconds?: () => Promise<number>;
  /** What it does for the requests after they were answered. */
  settle?: () => Promise<void>;
}

/** What a dead store leaves on the disk must not be waited for by the next one. */
const quiet = (): Promise<void> => sleep(200);

export async function measureThroughput(rounds: number, seconds: number): Promise<Throughput> {
  await using wrk = await openWrk(questionOf(requestBytes));
  await using model = await startNginxModel(answerOf(answerBytes));
  const modelPort = model.port;
  await using oneWorker = await startNginxProxy({ modelPort, workers: 1 });
  await using workerPerCore = await startNginxProxy({ modelPort, workers: 'auto' });
  await using plain = await runTap({ modelPort, captures: false });
  await using capturing = await runTap({ modelPort, captures: true });
  await using dead = await runTap({ modelPort, captures: true, storeIsBroken: true, spoolMaxSize: '16GiB' });
  await using full = await runTap({ modelPort, captures: true, storeIsBroken: true, spoolMaxSize: '1MiB' });
  await fillSpool(wrk, full);
  const healthy: Record<Healthy, Contender> = {
    direct: { port: modelPort },
    'nginx, 1 worker': oneWorker,
    'nginx, a worker per core': workerPerCore,
    'tap without capture': plain,
    'tap with capture': { ...capturing, settle: () => capturing.caughtUp() },
  };
  const all: Record<Way, Contender> = {
    ...healthy,
    'tap, store dead': { ...dead, settle: quiet },
    'tap, spool full': { ...full, settle: quiet },
  };
  const measure = (contender: Contender, connections: number): Promise<Sample> =>
    measureOne(wrk, contender, { connections, seconds });
  const busy = await measureInTurn(rounds, all, (contender) => measure(contender, busyConnections));
  const alone = await measureInTurn(rounds, healthy, (contender) => measure(contender, 1));
  return {
    busy,
    alone,
    kept: {
      'tap with capture': await capturing.counts('response'),
      'tap, store dead': await dead.counts('response'),
      'tap, spool full': await full.counts('response'),
    },
  };
}

/** In front of a model server that is a program of node, as the sketches had it. */
export async function measureBeforeNode(rounds: number, seconds: number): Promise<Samples<Compared>> {
  await using wrk = await openWrk(questionOf(requestBytes));
  const plan = { answer: answerOf(answerBytes) };
  await using model = await startServer(join(import.meta.dirname, 'model-server.ts'), plan);
  const modelPort = model.port;
  await using oneWorker = await startNginxProxy({ modelPort, workers: 1 });
  await using plain = await runTap({ modelPort, captures: false });
  await using capturing = await runTap({ modelPort, captures: true });
  const contenders: Record<Compared, Contender> = {
    direct: { port: modelPort },
    'nginx, 1 worker': oneWorker,
    'tap without capture': plain,
    'tap with capture': { ...capturing, settle: () => capturing.caughtUp() },
  };
  const load = { connections: busyConnections, seconds };
  return await measureInTurn(rounds, contenders, (contender) => measureOne(wrk, contender, load));
}

async function measureOne(
  wrk: Wrk,
  { port, cpuSeconds, settle }: Contender,
  load: { connections: number; seconds: number },
): Promise<Sample> {
  const before = await cpuSeconds?.();
  const result = await wrk.run({ port, ...load });
  await settle?.();
  const after = await cpuSeconds?.();
  const isKnown = before !== undefined && after !== undefined;
  return { ...result, cpuUsPerRequest: isKnown ? (1e6 * (after - before)) / result.requests : undefined };
}

async function fillSpool(wrk: Wrk, tap: RunningTap): Promise<void> {
  await wrk.run({ port: tap.port, connections: busyConnections, seconds: 1 });
  const { dropped } = await tap.counts('response');
  if (!dropped['spool_full']) throw new Error(`The spool is not full: ${JSON.stringify(dropped)}`);
}
