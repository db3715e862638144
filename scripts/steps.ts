import { mkdir, open, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import pc from 'picocolors';
import { run } from './process-group.ts';
import { cacheFolder, repository } from './repository.ts';

/** `note` says something in a word or two; `skipped` names what could not be had here; `output` is shown. */
export type Outcome =
  | { kind: 'passed'; note?: string; skipped?: readonly string[] }
  | { kind: 'failed'; output: string };

export interface Step {
  name: string;
  run(signal: AbortSignal): Promise<Outcome>;
}

export interface StepsOptions {
  signal: AbortSignal;
  /** The command whose steps these are, for the advice how to run one again. */
  command: string;
  /** Names of the steps to run; none means all. */
  only: readonly string[];
}

/** Runs the steps one after the other, a line each, also after a failure, and gives the exit code. */
export async function runSteps(
  steps: readonly Step[],
  { signal, command, only }: StepsOptions,
): Promise<number> {
  const unknown = only.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    const names = steps.map(({ name }) => name).join(', ');
    console.error(`${command}: there is no step ${unknown.join(', ')}; the steps are ${names}`);
    return 2;
  }
  const chosen = steps.filter(({ name }) => only.length === 0 || only.includes(name));
  const failed: string[] = [];
  const started = Date.now();
  for (const { name, run } of chosen) {
    const stepStarted = Date.now();
    if (process.stdout.isTTY) process.stdout.write(pc.dim(`… ${name}\r`));
    const outcome = refuseSkips(await run(signal));
    signal.throwIfAborted();
    const label = `${name.padEnd(14)} ${secondsSince(stepStarted).padStart(7)}`;
    if (outcome.kind === 'passed') {
      console.log(`${pc.green('✓')} ${label}  ${pc.dim(outcome.note ?? '')}`);
      for (const reason of outcome.skipped ?? []) console.log(pc.yellow(`  skipped: ${reason}`));
    } else {
      failed.push(name);
      console.log(`${pc.red('✗')} ${label}\n\n${outcome.output.trim()}\n`);
    }
  }
  if (failed.length === 0) {
    console.log(pc.green(`\npassed in ${secondsSince(started)}`));
    return 0;
  }
  console.log(pc.red(`\nfailed: ${failed.join(', ')} (${secondsSince(started)} in all)`));
  for (const name of failed) console.log(`  again, only this: ${pc.bold(`${command} -- ${name}`)}`);
  return 1;
}

/** A step that is a command; its output is kept in a log and shown when it fails. */
export function commandStep(name: string, command: readonly [string, ...string[]]): Step {
  return {
    name,
    run: async (signal) => {
      const logPath = await stepLog(name);
      await using log = await open(logPath, 'w');
      const code = await run(command, { stdio: ['ignore', log.fd, log.fd], cwd: repository, signal });
      if (code === 0) return { kind: 'passed' };
      return {
        kind: 'failed',
        output: `${await readFile(logPath, 'utf8')}\n${basename(command[0])}: exit code ${code}`,
      };
    },
  };
}

/** Where a step's output goes. */
export async function stepLog(name: string): Promise<string> {
  const folder = join(cacheFolder, 'logs');
  await mkdir(folder, { recursive: true });
  return join(folder, `${name.replaceAll(' ', '-')}.log`);
}

/** On a build server nothing may be missing. */
function refuseSkips(outcome: Outcome): Outcome {
  const isRequired = Boolean(process.env['CI'] || process.env['GLEANER_REQUIRE_ALL']);
  if (outcome.kind === 'failed' || !isRequired || !outcome.skipped?.length) return outcome;
  const output = ['skipped, which CI and GLEANER_REQUIRE_ALL forbid:', ...outcome.skipped].join('\n  ');
  return { kind: 'failed', output };
}

function secondsSince(start: number): string {
  return `${((Date.now() - start) / 1000).toFixed(1)} s`;
}
