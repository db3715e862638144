/** One deployment: its instances, and how they become what the next plan says. */
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { ContainerName, DeploymentName, DeploymentPlan, InstanceStatus } from '@gleaner/workspace/api';
import type { Logger } from 'pino';

import type { PreparedProgram } from '../programs/prepared-program.ts';
import type { GatewayDeployment } from '../gateway/messages.ts';
import { failureOf, RuntimeError } from './failure.ts';
import { createInstance } from './instance.ts';
import type { Instance } from './instance.ts';
import { openLogFile } from './logs.ts';
import type { LogFile } from './logs.ts';
import type { PidFiles } from './pid-files.ts';
import type { Ports } from './ports.ts';
import { isSamePlan, needsNewInstances } from './plan-change.ts';

export type PrepareProgram = (
  plan: DeploymentPlan,
  options: { environmentsFolder: string; log: (line: string) => void; signal: AbortSignal },
) => Promise<PreparedProgram>;

export interface DeploymentOptions {
  /** Of the deployment, with a folder for each instance. */
  folder: string;
  environmentsFolder: string;
  prepareProgram: PrepareProgram;
  collectorCommand: readonly string[];
  pidFiles: PidFiles;
  ports: Ports;
  logger: Logger;
  /** Tells the gateway who takes requests now; resolves when it acts accordingly. */
  publish: () => Promise<void>;
  /** Resolves when none of the gateway's requests is at the instance, or after the time. */
  released: (instance: string, timeoutMs: number) => Promise<void>;
  /** Cares for the records that an ended instance left in its spool. */
  onSpoolLeft: (folder: string) => void;
}

interface Running {
  plan: DeploymentPlan;
  prepared: PreparedProgram;
  instances: readonly Instance[];
}

interface Applying {
  plan: DeploymentPlan;
  cancel: AbortController;
  done: Promise<void>;
}

const containers = ['inference-server', 'model-data-collector'] as const;
const keptLogLines = 1000;
/** Beyond the longest request: for its answer to arrive. */
const releaseSlackMs = 5000;

export class Deployment {
  readonly name: DeploymentName;
  readonly #options: DeploymentOptions;
  readonly #preparing: LogFile;
  #running: Running | undefined;
  #applying: Applying | undefined;
  readonly #starting = new Set<Instance>();
  readonly #ending = new Map<Instance, Promise<void>>();
  /** Of instances that did not become ready, while nothing runs that could be asked. */
  readonly #lastWords = new Map<ContainerName, string>();
  #generation: number | undefined;

  constructor(name: DeploymentName, options: DeploymentOptions) {
    this.name = name;
    this.#options = options;
    this.#preparing = openLogFile(join(options.folder, 'logs', 'storage-initializer.log'));
  }

  /** See `Runtime.apply`. A plan that is being applied already is joined; any other one cancels it. */
  async apply(plan: DeploymentPlan): Promise<void> {
    const before = this.#applying;
    if (before !== undefined && isSamePlan(before.plan, plan)) return before.done;
    if (before === undefined && this.#running !== undefined && isSamePlan(this.#running.plan, plan)) return;
    before?.cancel.abort();
    const cancel = new AbortController();
    const done = (async () => {
      await before?.done.catch(() => undefined);
      if (cancel.signal.aborted) throw this.#cancelled();
      await this.#change(plan, cancel.signal);
    })();
    const applying = { plan, cancel, done };
    this.#applying = applying;
    try {
      await done;
    } finally {
      if (this.#applying === applying) this.#applying = undefined;
    }
  }

  /** Out of traffic at once; resolves when all of it has ended. */
  async remove(): Promise<void> {
    const applying = this.#applying;
    applying?.cancel.abort();
    await applying?.done.catch(() => undefined);
    const instances = this.#running?.instances ?? [];
    const waitMs = (this.#running?.plan.requests.timeoutMs ?? 0) + releaseSlackMs;
    this.#running = undefined;
    for (const instance of instances) this.#retire(instance, waitMs);
    await this.#options.publish();
    await Promise.all(this.#ending.values());
  }

  /** Ends everything without regard for requests: the gateway has none any more. */
  async stop(): Promise<void> {
    this.#applying?.cancel.abort();
    await this.#applying?.done.catch(() => undefined);
    const instances = this.#running?.instances ?? [];
    this.#running = undefined;
    await Promise.all([...instances.map((instance) => this.#end(instance)), ...this.#ending.values()]);
    this.#preparing.close();
  }

  /** Nothing runs, and nothing is being made to. */
  get isIdle(): boolean {
    return this.#running === undefined && this.#applying === undefined;
  }

  /** For one that was removed: its logs go; a spool that holds records yet stays. */
  async forget(): Promise<void> {
    const { folder } = this.#options;
    this.#preparing.close();
    await rm(join(folder, 'logs'), { recursive: true, force: true });
    await rmdir(folder).catch(() => undefined);
  }

  /** What the gateway is to know; `undefined` when nothing runs. */
  row(): GatewayDeployment | undefined {
    if (this.#running === undefined) return undefined;
    const { plan, instances } = this.#running;
    return {
      ...this.name,
      requests: plan.requests,
      instanceCount: plan.instanceCount,
      instances: instances.flatMap(({ name, readyPort }) =>
        readyPort === undefined ? [] : [{ name, port: readyPort }],
      ),
    };
  }

  status(): InstanceStatus[] {
    return this.#all().map((instance) => instance.status());
  }

  async log(container: ContainerName, lines: number): Promise<string> {
    if (container === 'storage-initializer') return this.#preparing.tail(lines);
    const running = this.#running?.instances ?? [];
    const instances = this.#starting.size > 0 ? [...running, ...this.#starting] : running;
    if (instances.length === 0) return lastLines(this.#lastWords.get(container) ?? '', lines);
    const texts = await Promise.all(instances.map((instance) => instance.log(container, lines)));
    return texts.length === 1
      ? texts.join('')
      : texts.map((text, index) => `${instances[index]?.name}:\n${text}`).join('\n');
  }

  #all(): Instance[] {
    return [...(this.#running?.instances ?? []), ...this.#starting, ...this.#ending.keys()];
  }

  async #change(plan: DeploymentPlan, signal: AbortSignal): Promise<void> {
    const before = this.#running;
    const isRolling =
      before === undefined || needsNewInstances(before.plan, plan, knownToAll(before.instances));
    const kept = isRolling ? [] : before.instances.slice(0, plan.instanceCount);
    const missing = plan.instanceCount - kept.length;
    const prepared = !isRolling && before !== undefined ? before.prepared : await this.#prepare(plan, signal);
    const paused = missing > 0 && prepared.fixedPort !== undefined ? (before?.instances ?? []) : [];
    if (prepared.fixedPort !== undefined && plan.instanceCount > 1) throw this.#onePort(prepared.fixedPort);
    let fresh: Instance[];
    try {
      await this.#freePort(paused, before?.plan);
      if (prepared.fixedPort !== undefined && before === undefined) await Promise.all(this.#ending.values());
      fresh = await this.#startAll(missing, { plan, prepared, signal });
    } catch (error) {
      // Does not wait: the plan before is as ready as it was.
      for (const instance of paused) instance.resume().catch(() => undefined);
      throw error;
    }
    const instances = [...kept, ...fresh];
    await Promise.all(kept.map((instance) => instance.applyPolicy(plan)));
    this.#running = { plan, prepared, instances };
    for (const instance of fresh) this.#starting.delete(instance);
    this.#lastWords.clear();
    const old = (before?.instances ?? []).filter((instance) => !instances.includes(instance));
    for (const instance of old)
      this.#retire(instance, (before?.plan ?? plan).requests.timeoutMs + releaseSlackMs);
    await this.#options.publish();
  }

  async #prepare(plan: DeploymentPlan, signal: AbortSignal): Promise<PreparedProgram> {
    const { prepareProgram, environmentsFolder } = this.#options;
    try {
      return await prepareProgram(plan, {
        environmentsFolder,
        log: (line) => this.#preparing.writeLine(line),
        signal,
      });
    } catch (error) {
      if (signal.aborted) throw this.#cancelled();
      const failure = failureOf(error);
      if (failure !== undefined) this.#preparing.writeLine(`${failure.code}: ${failure.message}`);
      throw error;
    }
  }

  /** A program with one port of its own cannot run beside its successor: it has to end before. */
  async #freePort(paused: readonly Instance[], plan: DeploymentPlan | undefined): Promise<void> {
    if (paused.length === 0 || plan === undefined) return;
    this.#options.logger.info(
      { ...this.name },
      'the port is fixed: the old instance ends before the new one starts',
    );
    await Promise.all(
      paused.map(async (instance) => {
        instance.hold();
        await this.#options.released(instance.name, plan.requests.timeoutMs + releaseSlackMs);
        await instance.pauseProgram();
      }),
    );
  }

  /** One after the other: two versions of a model need not fit into memory more than once. */
  async #startAll(
    count: number,
    { plan, prepared, signal }: { plan: DeploymentPlan; prepared: PreparedProgram; signal: AbortSignal },
  ): Promise<Instance[]> {
    const { folder, collectorCommand, pidFiles, ports, publish, logger } = this.#options;
    const generation = count > 0 ? await this.#nextGeneration() : 0;
    const fresh: Instance[] = [];
    const cancel = Promise.withResolvers<never>();
    cancel.promise.catch(() => undefined);
    const onAbort = (): void => cancel.reject(this.#cancelled());
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (let index = 0; index < count; index++) {
        if (signal.aborted) throw this.#cancelled();
        const instance = await createInstance(plan, {
          name: `${this.name.endpoint}/${this.name.deployment}/${generation}-${index}`,
          folder: join(folder, `${generation}-${index}`),
          collectorCommand,
          pidFiles,
          ports,
          onChange: () => void publish(),
        });
        fresh.push(instance);
        this.#starting.add(instance);
        logger.info({ instance: instance.name }, 'instance starts');
        await Promise.race([instance.start(prepared), cancel.promise]);
      }
      return fresh;
    } catch (error) {
      await Promise.all(fresh.map((instance) => this.#discard(instance)));
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #discard(instance: Instance): Promise<void> {
    for (const container of containers) {
      this.#lastWords.set(container, await instance.log(container, keptLogLines));
    }
    this.#starting.delete(instance);
    await this.#end(instance);
  }

  #retire(instance: Instance, waitMs: number): void {
    instance.markDraining();
    const ending = (async () => {
      await this.#options.released(instance.name, waitMs);
      await this.#end(instance);
    })();
    this.#ending.set(
      instance,
      ending
        .catch((error: unknown) =>
          this.#options.logger.error({ err: error, instance: instance.name }, 'instance end'),
        )
        .finally(() => this.#ending.delete(instance)),
    );
  }

  async #end(instance: Instance): Promise<void> {
    const isComplete = await instance.end();
    this.#options.logger.info({ instance: instance.name, isComplete }, 'instance ended');
    if (!isComplete) this.#options.onSpoolLeft(instance.folder);
  }

  /** Greater than any that left a folder. */
  async #nextGeneration(): Promise<number> {
    if (this.#generation === undefined) {
      const names = await readdir(this.#options.folder);
      this.#generation = Math.max(0, ...names.map((name) => Number(/^(\d+)-\d+$/.exec(name)?.[1] ?? 0)));
    }
    return ++this.#generation;
  }

  #cancelled(): RuntimeError {
    const { endpoint, deployment } = this.name;
    return new RuntimeError({
      code: 'apply_cancelled',
      message: `What was being done to deployment ${deployment} of ${endpoint} gave way to a later change.`,
    });
  }

  #onePort(port: number): RuntimeError {
    return new RuntimeError({
      code: 'port_in_use',
      message: `The program always listens on port ${port}, so that there can be one instance of it only: set instance_count to 1, or let it listen where PORT says.`,
    });
  }
}

function knownToAll(instances: readonly Instance[]): ReadonlySet<string> {
  const [first, ...others] = instances.map((instance) => instance.sdkCollections);
  const known = others.reduce((all, one) => all.intersection(one), new Set(first));
  return known;
}

function lastLines(text: string, lines: number): string {
  return text
    .split('\n')
    .slice(-lines - 1)
    .join('\n');
}
