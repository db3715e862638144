import { request } from 'node:http';
import { readFile, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

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

/** The collector of an instance: killed, it comes back on the same spool and the same ports. */
export class InstanceCollector {
  readonly #options: InstanceCollectorOptions;
  readonly #child: KeptChild;
  readonly #listening = Promise.withResolvers<void>();
  #plan: DeploymentPlan;
  /** The same for as long as the instance lives. */
  readonly #ports: CollectorPorts;
  #isUp = false;
  #wasUp = false;
  #endsAtStart = 0;

  constructor(plan: DeploymentPlan, ports: CollectorPorts, options: InstanceCollectorOptions) {
    this.#plan = plan;
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
    const end = await this.#child.stop(graceMs);
    for (const port of Object.values(this.#ports)) this.#options.ports.giveBack(port);
    return end?.code === 0;
  }

  #noteUp(): void {
    if (this.#child.pid === undefined) return;
    this.#isUp = true;
    this.#wasUp = true;
    this.#listening.resolve();
    this.#options.onChange();
  }

  async #noteEnd(end: ChildEnd): Promise<void> {
    const wasUp = this.#isUp;
    this.#isUp = false;
    if (wasUp) this.#options.onChange();
    this.#endsAtStart++;
    if (this.#wasUp) return;
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

  async #writeConfig(): Promise<void> {
    const { folder, programPort } = this.#options;
    const text = collectorConfig(this.#plan, { folder, programPort, ports: this.#ports });
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
