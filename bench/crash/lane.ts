/** One spool and one folder through many lives, and the count at the end. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { openFolderDatastore } from '@gleaner/datastore';
import { verify } from '@gleaner/insight';
import { seededRandom } from '@gleaner/testkit';

import { audit } from './audit.ts';
import type { Audit } from './audit.ts';
import { Truth, collections, sampledOutCollection } from './events.ts';
import { sendAll } from './senders.ts';
import type { SenderOptions } from './senders.ts';
import { collectCommand, startCollector } from '../collector-process.ts';
import type { CollectorProcess } from '../collector-process.ts';

export interface LanePlan {
  acknowledge: 'written' | 'durable';
  /** The store fails, hangs, tears, and loses answers; the last life has a sound one. */
  faulty: boolean;
  rounds: number;
  seed: number;
  /** Empty. */
  folder: string;
  signal: AbortSignal;
}

export interface LaneResult extends Audit {
  plan: LanePlan;
  kills: number;
  acknowledged: number;
  /** Events that were sent more than once. */
  retried: number;
  seconds: number;
}

interface Lane {
  plan: LanePlan;
  collectorFile: string;
  dataFolder: string;
  truth: Truth;
  random: () => number;
  problems: string[];
  kills: number;
}

const firstAnswerTimeoutMs = 20_000;
const drainTimeoutMs = 60_000;

export async function runLane(plan: LanePlan): Promise<LaneResult> {
  const startMs = performance.now();
  const lane = await openLane(plan);
  for (let round = 0; round < plan.rounds && !plan.signal.aborted; round++) await live(lane, round);
  await drain(lane);
  const counted = await audit(lane.dataFolder, lane.truth.events);
  await checkWithVerify(lane);
  return {
    plan,
    ...counted,
    ...lane.truth.count(),
    kills: lane.kills,
    problems: [...lane.problems, ...counted.problems],
    seconds: (performance.now() - startMs) / 1000,
  };
}

async function openLane(plan: LanePlan): Promise<Lane> {
  const collectorFile = join(plan.folder, 'collector.yml');
  const config = {
    endpoint_name: 'iris',
    name: 'blue',
    data_collector: {
      collections: {
        ...Object.fromEntries(collections.map((name) => [name, { enabled: 'true' }])),
        [sampledOutCollection]: { enabled: 'true', sampling_rate: 0 },
      },
    },
    intake: { port: 0 },
    admin: { port: 0 },
    // Small enough for segments to end, and for a failing store to fill it.
    spool: { ack: plan.acknowledge, max_size: '48MiB' },
    ship: { flush_interval: '20ms', seal_grace: '200ms', call_timeout: '300ms', batch_size: '256KiB' },
    drain_timeout: `${drainTimeoutMs}ms`,
  };
  await mkdir(join(plan.folder, 'data'), { recursive: true });
  await writeFile(collectorFile, JSON.stringify(config));
  const random = seededRandom(plan.seed);
  const dataFolder = join(plan.folder, 'data');
  return { plan, collectorFile, dataFolder, truth: new Truth(random), random, problems: [], kills: 0 };
}

/** Starts a collector, gives it work, and kills it: while it starts, serves or drains. */
async function live(lane: Lane, round: number): Promise<void> {
  const { plan, random, truth } = lane;
  const victim = startCollector(
    plan.faulty ? faultyCommand(lane, Math.floor(random() * 2 ** 31)) : soundCommand(lane),
  );
  const life = new AbortController();
  const traffic = serve(victim, { truth, random, signal: life.signal });
  const chance = random();
  let problem: string | undefined;
  if (chance < 0.2) await sleep(random() * 500);
  else {
    problem = await firstAnswer(traffic);
    await sleep(50 + random() * 900);
  }
  if (chance > 0.8) {
    victim.signal('SIGTERM');
    await sleep(random() * 250);
  }
  victim.signal('SIGKILL');
  const { code, log } = await victim.exited;
  life.abort();
  await traffic.over;
  if (code === undefined) lane.kills++;
  if (code !== undefined && code !== 0) problem = `ended by itself with code ${code}`;
  if (problem !== undefined) lane.problems.push(`round ${round}: the collector ${problem}\n${log}`);
}

function soundCommand({ collectorFile, dataFolder }: Lane): string[] {
  return collectCommand(collectorFile, dataFolder);
}

function faultyCommand({ collectorFile, dataFolder }: Lane, seed: number): string[] {
  const program = join(import.meta.dirname, 'faulty-collector.ts');
  return [process.execPath, program, collectorFile, dataFolder, String(seed)];
}

interface Service {
  /** Resolves at the first answer of any kind. */
  answered: Promise<unknown>;
  over: Promise<unknown>;
}

function serve(victim: CollectorProcess, sending: Omit<SenderOptions, 'onAnswer'>): Service {
  const { promise: answered, resolve: onAnswer } = Promise.withResolvers<void>();
  const over = victim.ready.then((ready): Promise<void> | undefined =>
    'port' in ready ? sendAll({ ...sending, onAnswer }, ready.port) : undefined,
  );
  return { answered, over };
}

async function firstAnswer({ answered, over }: Service): Promise<string | undefined> {
  const late = sleep(firstAnswerTimeoutMs, `answered nothing in ${firstAnswerTimeoutMs} ms`, { ref: false });
  return Promise.race([answered.then(() => undefined), over.then(() => undefined), late]);
}

/** The last life: everything that is left goes to a store that is sound. */
async function drain(lane: Lane): Promise<void> {
  const victim = startCollector(soundCommand(lane));
  await victim.ready;
  victim.signal('SIGTERM');
  const kill = setTimeout(() => victim.signal('SIGKILL'), drainTimeoutMs + 5000);
  const { code, log } = await victim.exited;
  clearTimeout(kill);
  if (code !== 0) lane.problems.push(`the drain at the end failed with code ${code}\n${log}`);
}

/** Our own check must come to the same result. */
async function checkWithVerify(lane: Lane): Promise<void> {
  await using datastore = await openFolderDatastore(lane.dataFolder);
  const report = await verify(datastore);
  if (report.ok) return;
  const { missing, duplicate } = report.totals;
  lane.problems.push(`verify says: missing ${missing}, duplicate ${duplicate}`);
  for (const { code, file, message } of report.findings.slice(0, 5))
    lane.problems.push(`verify says: ${code} ${file}: ${message}`);
}
