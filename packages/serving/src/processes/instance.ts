/** One instance of a deployment: a collector, and behind its tap the program. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { ContainerName, DeploymentPlan, InstanceStatus } from '@gleaner/workspace/api';

import type { PreparedProgram } from '../programs/prepared-program.ts';
import { collectorFolder } from './collector-config.ts';
import { RuntimeError } from './failure.ts';
import { createInstanceCollector } from './instance-collector.ts';
import type { InstanceCollector } from './instance-collector.ts';
import { InstanceProgram } from './instance-program.ts';
import { openLogFile } from './logs.ts';
import type { LogFile } from './logs.ts';
import type { PidFiles } from './pid-files.ts';
import type { Ports } from './ports.ts';
import { sdkCollections } from './plan-change.ts';

export interface InstanceOptions {
  /** Unique among all deployments, over all generations. */
  name: string;
  folder: string;
  collectorCommand: readonly string[];
  pidFiles: PidFiles;
  ports: Ports;
  /** Whether it takes requests has changed. */
  onChange: () => void;
}

type ProcessContainer = Exclude<ContainerName, 'storage-initializer'>;

/** More than a collector gives itself for its drain. */
const drainGraceMs = 40_000;

export class Instance {
  readonly name: string;
  readonly folder: string;
  readonly #options: InstanceOptions;
  readonly #logs: Record<ProcessContainer, LogFile>;
  #plan: DeploymentPlan;
  readonly #isRestored: boolean;
  #collector: InstanceCollector | undefined;
  #program: InstanceProgram | undefined;
  #isHeld = false;
  #isPaused = false;
  #ownPort: number | undefined;
  #phase: 'active' | 'draining' | 'stopped' = 'active';
  /** What the SDK was told when its process started; it does not look again. */
  #sdkCollections: ReadonlySet<string> = new Set();

  /** Its folder has to be there. */
  constructor(plan: DeploymentPlan, options: InstanceOptions) {
    this.#plan = plan;
    this.#isRestored = plan.isRestored === true;
    this.#options = options;
    this.name = options.name;
    this.folder = options.folder;
    const log = (container: ContainerName): LogFile =>
      openLogFile(join(options.folder, 'logs', `${container}.log`));
    this.#logs = {
      'inference-server': log('inference-server'),
      'model-data-collector': log('model-data-collector'),
    };
  }

  /** Where the gateway sends its requests; `undefined` while it takes none. */
  get readyPort(): number | undefined {
    const isReady =
      this.#phase === 'active' &&
      !this.#isHeld &&
      this.#program?.isReady === true &&
      this.#collector?.isUp === true;
    return isReady ? this.#collector?.ports.proxy : undefined;
  }

  /** At any time. */
  get wasReady(): boolean {
    return this.#program?.wasReady === true;
  }

  get sdkCollections(): ReadonlySet<string> {
    return this.#sdkCollections;
  }

  /** Resolves when it is ready. Errors: `collector_failed`, `program_failed`, `probe_failed`, `port_in_use`. */
  async start(prepared: PreparedProgram): Promise<void> {
    const { name, folder, collectorCommand, pidFiles, ports, onChange } = this.#options;
    if (prepared.fixedPort === undefined) this.#ownPort = await ports.take();
    const command = await prepared.commandOn(prepared.fixedPort ?? this.#ownPort ?? 0);
    const collector = await createInstanceCollector(this.#plan, {
      name,
      folder,
      programPort: command.port,
      command: collectorCommand,
      log: this.#logs['model-data-collector'],
      pidFiles,
      ports,
      onChange,
    });
    if (this.#phase !== 'active') throw cancelled(name);
    this.#collector = collector;
    await collector.start();
    if (this.#phase !== 'active') throw cancelled(name);
    this.#program = new InstanceProgram(this.#plan, {
      name,
      command,
      environment: {
        AZUREML_MDC_CONFIG_PATH: collectorFolder(folder).sdkConfig,
        AZUREML_MDC_HOST: '127.0.0.1',
        AZUREML_MDC_PORT: String(collector.ports.intake),
      },
      log: this.#logs['inference-server'],
      pidFiles,
      onStarted: () => {
        this.#sdkCollections = sdkCollections(this.#plan);
      },
      onChange,
    });
    if (!this.#isPaused) await this.#program.start();
  }

  /** The plan differs in policy alone. */
  async applyPolicy(plan: DeploymentPlan): Promise<void> {
    this.#plan = plan;
    await this.#collector?.applyPolicy(plan);
  }

  /** Takes no requests any more, until it is resumed; those that it has go on. */
  hold(): void {
    this.#isHeld = true;
    this.#options.onChange();
  }

  /** Frees the port of the program for somebody else. */
  async pauseProgram(): Promise<void> {
    this.#isPaused = true;
    await this.#program?.end();
  }

  async resume(): Promise<void> {
    this.#isHeld = false;
    this.#isPaused = false;
    await this.#program?.start();
  }

  /** Takes no requests any more; those that it has go on. */
  markDraining(): void {
    if (this.#phase === 'active') this.#phase = 'draining';
  }

  /** Ends program and collector, and removes the folder. False: the spool holds records yet, and the folder stays. */
  async end(): Promise<boolean> {
    this.markDraining();
    await this.#program?.end();
    const isComplete = (await this.#collector?.end(drainGraceMs)) ?? true;
    this.#phase = 'stopped';
    if (this.#ownPort !== undefined) this.#options.ports.giveBack(this.#ownPort);
    for (const log of Object.values(this.#logs)) log.close();
    if (isComplete) await rm(this.folder, { recursive: true, force: true });
    return isComplete;
  }

  log(container: ProcessContainer, lines: number): Promise<string> {
    return this.#logs[container].tail(lines);
  }

  status(): InstanceStatus {
    const adminPort = this.#collector?.ports.admin;
    const pids: Partial<Record<ContainerName, number>> = {};
    if (this.#program?.pid !== undefined) pids['inference-server'] = this.#program.pid;
    if (this.#collector?.pid !== undefined) pids['model-data-collector'] = this.#collector.pid;
    return {
      name: this.name,
      state: this.#state(),
      restarts: (this.#program?.restarts ?? 0) + (this.#collector?.restarts ?? 0),
      ...(adminPort !== undefined && { collectorAdminPort: adminPort }),
      processes: pids,
    };
  }

  #state(): InstanceStatus['state'] {
    if (this.#phase !== 'active') return this.#phase;
    if (this.readyPort !== undefined) return 'ready';
    return this.#program?.wasReady === true || this.#isRestored ? 'unready' : 'starting';
  }
}

/** Makes its folder, and does not start it. */
export async function createInstance(plan: DeploymentPlan, options: InstanceOptions): Promise<Instance> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  return new Instance(plan, options);
}

function cancelled(name: string): RuntimeError {
  return new RuntimeError({
    code: 'apply_cancelled',
    message: `Instance ${name} was ended while it started.`,
  });
}
