import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { countStored } from './count.ts';
import { startLoad } from './load.ts';

export interface CrashOptions {
  acknowledge: 'written' | 'durable';
  /** The store refuses, hangs, tears and loses answers. */
  isFaulty: boolean;
  rounds: number;
  random: () => number;
}

export interface CrashResult {
  rounds: number;
  acknowledged: number;
  missing: number;
  duplicate: number;
  /** Lines that are no record, and bodies beside lines that are not whole. */
  broken: number;
  seconds: number;
}

/** Kills the collector once a round, at a random moment from its start on; ends with a clean drain, and counts. */
export async function crashRun(options: CrashOptions): Promise<CrashResult> {
  const { rounds, random } = options;
  const started = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-crash-'));
  const collections = { model_inputs: { enabled: 'true' }, model_outputs: { enabled: 'true' } };
  const deployment = {
    name: 'blue',
    endpoint_name: 'iris',
    instance_type: 'local',
    data_collector: { collections },
  };
  await writeFile(join(folder, 'deployment.yml'), JSON.stringify(deployment));
  const load = startLoad(random);
  try {
    for (let round = 0; round < rounds; round++) {
      const child = startCollector(folder, options);
      const exited = new Promise<undefined>((resolve) => child.once('exit', () => resolve(undefined)));
      // One in six is killed while it starts and recovers, the others under load.
      if (random() < 1 / 6) await sleep(random() * 600);
      else {
        load.aim(await Promise.race([portOf(child), exited]));
        await sleep(20 + random() * 700);
      }
      child.kill('SIGKILL');
      await exited;
      load.aim(undefined);
    }
    const last = startCollector(folder, { ...options, isFaulty: false });
    load.aim(await portOf(last));
    await load.finish();
    const exited = new Promise<number | null>((resolve) => last.once('exit', resolve));
    last.kill('SIGTERM');
    if ((await exited) !== 0) throw new Error(`the last drain did not end well; its folder is ${folder}`);
    const counts = await countStored(join(folder, 'data'), load.acknowledged);
    if (counts.missing + counts.duplicate + counts.broken === 0) await rm(folder, { recursive: true });
    else console.log(`kept for a look: ${folder}`);
    return {
      rounds,
      acknowledged: load.acknowledged.size,
      ...counts,
      seconds: (Date.now() - started) / 1000,
    };
  } finally {
    load.stop();
  }
}

function startCollector(folder: string, { acknowledge, isFaulty, random }: CrashOptions): ChildProcess {
  const entry = join(import.meta.dirname, '../collector-process.ts');
  const faulty = isFaulty ? ['--faulty', String(Math.floor(random() * 1e9))] : [];
  return spawn(process.execPath, [entry, '--folder', folder, ...faulty], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      GLEANER_INTAKE_PORT: '0',
      GLEANER_ADMIN_PORT: '0',
      GLEANER_SPOOL_ACK: acknowledge,
      GLEANER_SHIP_FLUSH_INTERVAL: '50ms',
      GLEANER_SHIP_CALL_TIMEOUT: '500ms',
    },
  });
}

/** The intake port, as soon as the collector has told it. */
async function portOf(child: ChildProcess): Promise<number | undefined> {
  if (child.stdout === null) return undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    return (JSON.parse(line) as { intake: number }).intake;
  }
  return undefined;
}
