import { setTimeout as sleep } from 'node:timers/promises';

import type { DeploymentPlan } from '@gleaner/workspace/api';

import type { ProgramCommand } from '../programs/prepared-program.ts';
import { keepChild } from './child.ts';
import type { ChildEnd, KeptChild } from './child.ts';
import { RuntimeError } from './failure.ts';
import type { LogFile } from './logs.ts';
import type { PidFiles } from './pid-files.ts';
import { groupMemoryBytes } from './memory.ts';
import { probe } from './probe.ts';
import type { ProbeTarget } from './probe.ts';

export interface InstanceProgramOptions {
  /** Of the instance. */
  name: string;
  command: ProgramCommand;
  /** Added to that of the command. */
  environment: Readonly<Record<string, string>>;
  log: LogFile;
  pidFiles: PidFiles;
  onStarted: (pid: number) => void;
  onChange: () => void;
}

const maxEndsAtStart = 3;
/** While it starts it is asked more often than the plan says, so that nobody waits for nothing. */
const startPollMs = 250;
const stopGraceMs = 10_000;
const memoryPollMs = 1000;
const logLines = 40;
/** What a program says last arrives after the news of its end. */
const lastWordsMs = 200;

/** The program of an instance: ready by its readiness probe, started again when it ends or its liveness probe fails. */
export class InstanceProgram {
  readonly #plan: DeploymentPlan;
  readonly #options: InstanceProgramOptions;
  readonly #child: KeptChild;
  #firstReady = Promise.withResolvers<void>();
  #watch = new AbortController();
  #isReady = false;
  #wasReady = false;
  #endsAtStart = 0;

  constructor(plan: DeploymentPlan, options: InstanceProgramOptions) {
    this.#plan = plan;
    this.#options = options;
    const { command, environment, log } = options;
    const [file, ...args] = command.command;
    this.#child = keepChild({
      name: `${options.name}/inference-server`,
      pidFiles: options.pidFiles,
      stdio: ['ignore', 'pipe', 'pipe'],
      command: () => ({
        command: file,
        args,
        cwd: command.cwd,
        environment: { ...command.environment, ...environment },
      }),
      onStarted: (child) => {
        child.stdout?.on('data', (chunk: Buffer) => log.write(chunk));
        child.stderr?.on('data', (chunk: Buffer) => log.write(chunk));
        if (child.pid !== undefined) options.onStarted(child.pid);
        this.#watch = new AbortController();
        void this.#watchReadiness(this.#watch.signal);
        void this.#watchLiveness(this.#watch.signal);
        void this.#watchMemory(child.pid ?? 0, this.#watch.signal);
      },
      onEnded: (end) => void this.#noteEnd(end),
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get restarts(): number {
    return this.#child.restarts;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Was ready at any time. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  /** Resolves when it is ready. Errors: `program_failed`, `probe_failed`. */
  async start(): Promise<void> {
    this.#firstReady = Promise.withResolvers();
    this.#wasReady = false;
    this.#endsAtStart = 0;
    const { promise } = this.#firstReady;
    this.#child.start();
    return promise;
  }

  async end(): Promise<void> {
    this.#firstReady.reject(
      new RuntimeError({ code: 'apply_cancelled', message: 'The instance was ended.' }),
    );
    this.#firstReady.promise.catch(() => undefined);
    this.#watch.abort();
    this.#setReady(false);
    await this.#child.stop(stopGraceMs);
  }

  /** It was good before: what it waits for will come. */
  get #mayBeLate(): boolean {
    return this.#wasReady || this.#plan.isRestored === true;
  }

  #setReady(isReady: boolean): void {
    if (isReady) {
      this.#wasReady = true;
      this.#firstReady.resolve();
    }
    if (isReady === this.#isReady) return;
    this.#isReady = isReady;
    this.#options.onChange();
  }

  async #noteEnd(end: ChildEnd): Promise<void> {
    this.#watch.abort();
    this.#setReady(false);
    this.#endsAtStart++;
    const { name, log } = this.#options;
    const how = end.problem ?? (end.signal === null ? `code ${end.code}` : `signal ${end.signal}`);
    log.writeLine(`gleaner: the program of ${name} ended (${how})`);
    if (this.#mayBeLate || this.#endsAtStart < maxEndsAtStart) return;
    await this.#fail('program_failed', `The program of instance ${name} ended before it was ready (${how}).`);
  }

  async #fail(code: string, message: string): Promise<void> {
    await sleep(lastWordsMs);
    const log = await this.#options.log.tail(logLines);
    this.#firstReady.promise.catch(() => undefined);
    this.#firstReady.reject(new RuntimeError({ code, message, log }));
  }

  async #watchReadiness(signal: AbortSignal): Promise<void> {
    const { initialDelayMs, periodMs, timeoutMs, successThreshold, failureThreshold } =
      this.#plan.readinessProbe;
    const { command, name } = this.#options;
    const target: ProbeTarget = command.routes.readiness ?? { port: command.port };
    const deadlineMs = performance.now() + initialDelayMs + failureThreshold * periodMs;
    let successes = 0;
    let failures = 0;
    let wasReady = false;
    while (!signal.aborted) {
      const isGood = await probe(target, timeoutMs);
      if (signal.aborted) return;
      successes = isGood ? successes + 1 : 0;
      failures = isGood ? 0 : failures + 1;
      if (successes >= successThreshold) {
        wasReady = true;
        this.#setReady(true);
      } else if (wasReady && failures >= failureThreshold) this.#setReady(false);
      if (!wasReady && performance.now() > deadlineMs) {
        if (this.#mayBeLate) return this.#child.restart(stopGraceMs);
        const seconds = (initialDelayMs + failureThreshold * periodMs) / 1000;
        const where = `127.0.0.1:${target.port}${target.path ?? ''}`;
        return this.#fail(
          'probe_failed',
          `The program of instance ${name} was not ready within ${seconds} s: nothing good came from ${where}.`,
        );
      }
      await sleep(wasReady ? periodMs : Math.min(startPollMs, periodMs), undefined, { signal }).catch(
        () => undefined,
      );
    }
  }

  async #watchLiveness(signal: AbortSignal): Promise<void> {
    const { initialDelayMs, periodMs, timeoutMs, failureThreshold } = this.#plan.livenessProbe;
    const { command } = this.#options;
    const target: ProbeTarget = command.routes.liveness ?? { port: command.port };
    await sleep(initialDelayMs, undefined, { signal }).catch(() => undefined);
    let failures = 0;
    while (!signal.aborted) {
      failures = (await probe(target, timeoutMs)) ? 0 : failures + 1;
      if (failures >= failureThreshold && !signal.aborted) {
        this.#options.log.writeLine(
          `gleaner: ${failures} liveness probes failed: the program is started again`,
        );
        this.#child.restart(stopGraceMs);
        return;
      }
      await sleep(periodMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Processes of one user cannot be given less memory than he has: one that takes more than its limit is started again. */
  async #watchMemory(pid: number, signal: AbortSignal): Promise<void> {
    const { cpus, memoryBytes } = this.#plan.limits ?? {};
    const { log } = this.#options;
    if (cpus !== undefined) log.writeLine(`gleaner: the limit of ${cpus} CPUs is not enforced for processes`);
    if (memoryBytes === undefined) return;
    while (!signal.aborted) {
      const bytes = await groupMemoryBytes(pid);
      if (signal.aborted) return;
      if (bytes === undefined) {
        return log.writeLine(
          'gleaner: the limit of memory is not enforced: this system does not tell what is used',
        );
      }
      if (bytes > memoryBytes) {
        log.writeLine(
          `gleaner: ${bytes} bytes of memory are over the limit of ${memoryBytes}: the program is killed`,
        );
        this.#child.restart(0);
        return;
      }
      await sleep(memoryPollMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
