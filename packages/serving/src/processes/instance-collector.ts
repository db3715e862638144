import { request } from 'node:http';
import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import type { DeploymentPlan } from '@gleaner/workspace/api';

import { keepChild } from './child.ts';
import type { ChildEnd, KeptChild } from './child.ts';
import { collectorConfig, collectorFolder } from './collector-config.ts';
import type { CollectorPorts } from './collector-config.ts';
import { inheritedEnvironment } from './environment.ts';
import { RuntimeError } from './failure.ts';
import type { LogFile } from './logs.ts';
import type { PidFiles } from './pid-files.ts';
import type { Ports } from './ports.ts';
import { probe } from './probe.ts';

export interface InstanceCollectorOptions {
  /** Of the instance. */
  name: string;
  folder: string;
  programPort: number;
  ports: Ports;
  /** `gleaner collect`, in words. */
  command: readonly string[];
  log: LogFile;
  pidFiles: PidFiles;
  onChange: () => void;
}

const maxEndsAtStart = 3;
/** It says so itself: another start says the same. */
const invalidConfigCode = 2;
const logLines = 40;
const patchTimeoutMs = 5000;
const livenessPeriodMs = 5000;
const maxLivenessFailures = 3;

/** The collector of an instance: killed, it comes back on the same spool and the same ports. */
export class InstanceCollector {
  readonly #options: InstanceCollectorOptions;
  readonly #child: KeptChild;
  readonly #listening = Promise.withResolvers<void>();
  #plan: DeploymentPlan;
  /** It goes on from another life: it is never given up, and no store that refuses it ends it. */
  readonly #isRestored: boolean;
  /** The same for as long as the instance lives. */
  readonly #ports: CollectorPorts;
  #isUp = false;
  #wasUp = false;
  #configWritten: Promise<void> = Promise.resolve();
  #endsAtStart = 0;
  #watch = new AbortController();

  constructor(plan: DeploymentPlan, ports: CollectorPorts, options: InstanceCollectorOptions) {
    this.#plan = plan;
    this.#isRestored = plan.isRestored === true;
    this.#ports = ports;
    this.#options = options;
    const [command = '', ...words] = options.command;
    const { config } = collectorFolder(options.folder);
    this.#listening.promise.catch(() => undefined);
    this.#child = keepChild({
      name: `${options.name}/model-data-collector`,
      pidFiles: options.pidFiles,
      stdio: ['ignore', 'ignore', 'pipe'],
      command: () => ({
        command,
        args: [...words, '--config', config],
        environment: inheritedEnvironment(process.env),
      }),
      onStarted: (child) => {
        this.#watch = new AbortController();
        void this.#watchLiveness(this.#watch.signal);
        if (child.stderr === null) return;
        createInterface({ input: child.stderr }).on('line', (line) => {
          options.log.writeLine(line);
          if (isStartedLine(line)) this.#noteUp();
        });
      },
      onEnded: (end) => void this.#noteEnd(end),
    });
  }

  get ports(): CollectorPorts {
    return this.#ports;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get restarts(): number {
    return this.#child.restarts;
  }

  /** Its tap takes connections. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Resolves once it listens. Error: `collector_failed`. */
  async start(): Promise<void> {
    await this.#writeConfig();
    this.#child.start();
    return this.#listening.promise;
  }

  /** In force at once, and at every later start. */
  async applyPolicy(plan: DeploymentPlan): Promise<void> {
    this.#plan = plan;
    await this.#writeConfig();
    const { pid } = this.#child;
    if (pid === undefined || (await patchPolicy(this.#ports.admin, plan))) return;
    // It may have read the file before, and have listened only later.
    if (pid === this.#child.pid && !(await patchPolicy(this.#ports.admin, plan)))
      this.#child.restart(patchTimeoutMs);
  }

  /** Takes nothing more and stores what it holds, for `graceMs` at most. True when nothing is left. */
  async end(graceMs: number): Promise<boolean> {
    this.#listening.reject(new RuntimeError({ code: 'apply_cancelled', message: 'The instance was ended.' }));
    this.#isUp = false;
    this.#watch.abort();
    const end = await this.#child.stop(graceMs);
    for (const port of Object.values(this.#ports)) this.#options.ports.giveBack(port);
    return end?.code === 0;
  }

  #noteUp(): void {
    if (this.#child.pid === undefined) return;
    this.#isUp = true;
    if (!this.#wasUp) {
      this.#wasUp = true;
      // For its next start. When that cannot be written, the one before goes on to hold.
      this.#writeConfig().catch(() => undefined);
    }
    this.#listening.resolve();
    this.#options.onChange();
  }

  async #noteEnd(end: ChildEnd): Promise<void> {
    this.#watch.abort();
    const wasUp = this.#isUp;
    this.#isUp = false;
    if (wasUp) this.#options.onChange();
    this.#endsAtStart++;
    if (this.#wasUp || this.#isRestored) return;
    if (this.#endsAtStart < maxEndsAtStart && end.code !== invalidConfigCode && end.code !== 127) return;
    const log = end.problem ?? (await this.#options.log.tail(logLines));
    this.#listening.reject(
      new RuntimeError({
        code: 'collector_failed',
        message: `The collector of instance ${this.#options.name} does not start. Its log says why.`,
        log,
      }),
    );
  }

  /** One that hangs holds every request up that comes to its tap. */
  async #watchLiveness(signal: AbortSignal): Promise<void> {
    const pause = (): Promise<void> => sleep(livenessPeriodMs, undefined, { signal }).catch(() => undefined);
    let failures = 0;
    while (!signal.aborted) {
      await pause();
      if (signal.aborted || !this.#isUp) continue;
      const isGood = await probe({ port: this.#ports.admin, path: '/healthz/live' }, livenessPeriodMs);
      failures = isGood ? 0 : failures + 1;
      if (failures < maxLivenessFailures || signal.aborted) continue;
      this.#options.log.writeLine(
        `gleaner: the collector of ${this.#options.name} hangs: it is started again`,
      );
      return this.#child.restart(0);
    }
  }

  /** One after the other; the last one has what is so then. */
  #writeConfig(): Promise<void> {
    const written = this.#configWritten.then(() => this.#writeConfigNow());
    this.#configWritten = written.catch(() => undefined);
    return written;
  }

  async #writeConfigNow(): Promise<void> {
    const { folder, programPort } = this.#options;
    const facts = { folder, programPort, ports: this.#ports, hasServed: this.#wasUp || this.#isRestored };
    const text = collectorConfig(this.#plan, facts);
    const { config } = collectorFolder(folder);
    if ((await readFile(config, 'utf8').catch(() => undefined)) === text) return;
    await writeFile(config, text, { mode: 0o600 });
  }
}

/** The line in which a collector tells that it listens. */
export function isStartedLine(line: string): boolean {
  return line.startsWith('{') && line.includes('"event":"started"');
}

/** False when there is no collector that took it. */
async function patchPolicy(port: number, { collector }: DeploymentPlan): Promise<boolean> {
  const collections = Object.fromEntries(
    Object.entries(collector.collections).map(([name, { enabled, samplingRate }]) => [
      name,
      { enabled, samplingRate },
    ]),
  );
  const body = JSON.stringify({ collections });
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const signal = AbortSignal.timeout(patchTimeoutMs);
  request({ host: '127.0.0.1', port, path: '/policy', method: 'PATCH', agent: false, signal }, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  })
    .on('error', () => resolve(false))
    .setHeader('content-type', 'application/json')
    .end(body);
  return promise;
}

/** Chooses its ports. */
export async function createInstanceCollector(
  plan: DeploymentPlan,
  options: InstanceCollectorOptions,
): Promise<InstanceCollector> {
  const { ports } = options;
  const chosen = { intake: await ports.take(), admin: await ports.take(), proxy: await ports.take() };
  return new InstanceCollector(plan, chosen, options);
}
