/**
 * The stores' servers through a proxy that fails at random: `node bench/stores/main.ts [--records 10000] [--seed N]
 * [--only azure_blob,s3,gcs]`. Every store gets so many records through many restarts, and everything is counted at the end.
 * Then one large body for each, with the memory it takes, and what an hour of traffic makes of objects on S3.
 * Exit code 1 when anything is missing, there twice, or broken.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Failure, runInterruptibly } from '../../scripts/interruption.ts';
import { printTable } from '../table.ts';
import { runThroughFaults } from './fault-run.ts';
import { measureLargePayload } from './large-payload.ts';
import { measureObjectRate } from './object-rate.ts';
import { startStoreServer, storeServices } from './servers.ts';
import type { StoreServer } from './servers.ts';

const largeBytes = 200_000_000;
const shownProblems = 10;

interface Plan {
  records: number;
  seed: number;
  services: (typeof storeServices)[number][];
}

interface Findings {
  faultRows: (string | number)[][];
  memoryRows: (string | number)[][];
  notes: string[];
  problems: string[];
}

await runInterruptibly(async (signal) => {
  const plan = readArguments();
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-stores-'));
  console.log(`stores: ${plan.records} records each, seed ${plan.seed}`);
  const findings: Findings = { faultRows: [], memoryRows: [], notes: [], problems: [] };
  try {
    for (const service of plan.services) {
      signal.throwIfAborted();
      const server = await startStoreServer(service);
      if ('unavailable' in server) {
        findings.notes.push(`${service} was left out: ${server.unavailable}`);
        continue;
      }
      await using _ = server;
      await tryStore(server, { ...plan, folder: join(folder, service), findings });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  report(findings);
  return findings.problems.length === 0 ? 0 : 1;
});

async function tryStore(
  server: StoreServer,
  { records, seed, folder, findings }: Plan & { folder: string; findings: Findings },
): Promise<void> {
  const { service } = server;
  const { faultRows, memoryRows, notes, problems } = findings;
  const run = await runThroughFaults({ server, records, seed, folder: join(folder, 'faults') });
  const { pass: _, ...faults } = run.faults;
  const faultCount = Object.values(faults).reduce((sum, count) => sum + count, 0);
  const { acknowledged, retries, missing, duplicate, objects, seconds } = run;
  faultRows.push([
    service,
    acknowledged,
    faultCount,
    retries,
    missing,
    duplicate,
    objects,
    seconds.toFixed(1),
  ]);
  problems.push(...run.problems.map((problem) => `${service}: ${problem}`));

  const large = await measureLargePayload({ server, byteLength: largeBytes, folder: join(folder, 'large') });
  const inMebibytes = [large.atStart, large.highest].map((amount) => `${amount.toFixed(0)} MiB`);
  memoryRows.push([service, ...inMebibytes, '200 MiB', large.seconds.toFixed(1)]);
  if (!large.isEqual) problems.push(`${service}: the large body is another in the store`);

  if (service !== 's3') return;
  const rate = await measureObjectRate(server, join(folder, 'rate'));
  const { recordsPerSecond, bytesPerMinute, windows, roundsPerHour, objectsPerHour } = rate;
  const megabytes = (bytesPerMinute / 1e6).toFixed(0);
  notes.push(
    `s3, ${recordsPerSecond} records/s (${megabytes} MB of lines a minute, default settings): ${roundsPerHour} rounds × ${windows} windows = ${objectsPerHour} objects an hour, and a manifest for each window`,
  );
}

function readArguments(): Plan {
  const { values } = parseArgs({
    options: {
      records: { type: 'string', default: '10000' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      only: { type: 'string', default: storeServices.join(',') },
    },
  });
  const [records, seed] = [Number(values.records), Number(values.seed)];
  if (!Number.isSafeInteger(records) || records < 1 || !Number.isSafeInteger(seed))
    throw new Failure('--records and --seed are whole numbers');
  const names = values.only.split(',');
  const services = storeServices.filter((service) => names.includes(service));
  if (services.length !== names.length) throw new Failure(`--only knows ${storeServices.join(', ')}`);
  return { records, seed, services };
}

function report({ faultRows, memoryRows, notes, problems }: Findings): void {
  printTable(
    ['store', 'records', 'faults', 'retries', 'missing', 'duplicate', 'objects', 'seconds'],
    faultRows,
  );
  console.log(`\nOne body of ${largeBytes / 1e6} MB through gleaner collect, resident memory`);
  printTable(['store', 'at start', 'highest', 'target', 'seconds'], memoryRows);
  for (const note of notes) console.log(note);
  for (const problem of problems.slice(0, shownProblems)) console.log(problem);
  if (problems.length > shownProblems) console.log(`… and ${problems.length - shownProblems} more`);
}
