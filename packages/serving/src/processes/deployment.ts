/** One deployment: its instances, and how they become what the next plan says. */
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ContainerName, DeploymentName, DeploymentPlan, InstanceStatus } from '@gleaner/workspace/api';
import type { Logger } from 'pino';

import type { PreparedProgram } from '../programs/prepared-program.ts';
import type { GatewayDeployment } from '../gateway/messages.ts';
import { createBackoff } from './backoff.ts';
import { failureOf, RuntimeError } from './failure.ts';
import { createInstance } from './instance.ts';
import type { Instance } from './instance.ts';
import { lastLines, openLogFile, textOf } from './logs.ts';
import type { LogFile } from './logs.ts';
import type { PidFiles } from './pid-files.ts';
import type { Ports } from './ports.ts';
import { asNew, isSamePlan, needsNewInstances } from './plan-change.ts';

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
/** Of a restored plan: its program by itself is started again sooner. */
const minRetryMs = 1000;

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
    // Who asks for more than the past wants to be told when it does not become ready.
    const isJoinable = before?.plan.isRestored !== true || plan.isRestored === true;
    if (before !== undefined && isJoinable && isSamePlan(before.plan, plan)) return before.done;
    const running = this.#running;
    if (before === undefined && isWhole(running) && isSamePlan(running.plan, plan)) return;
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
    } catch (error) {
      const gaveWay = before?.plan.isRestored === true && this.#running === undefined;
      if (gaveWay && this.#applying === applying && !cancel.signal.aborted) this.#goOnWith(before.plan);
      throw error;
    } finally {
      if (this.#applying === applying) this.#applying = undefined;
    }
  }

  /** Out of traffic at once; resolves when all of it has ended. */
  async remove(): Promise<void> {
    const applying = this.#applying;
    applying?.cancel.abort();
    await applying?.done.catch(() => undefined);
    const instances = [...(this.#running?.instances ?? []), ...this.#starting];
    const waitMs = (this.#running?.plan.requests.timeoutMs ?? 0) + releaseSlackMs;
    this.#running = undefined;
    this.#starting.clear();
    for (const instance of instances) this.#retire(instance, waitMs);
    await this.#options.publish();
    await Promise.all(this.#ending.values());
  }

  /** Ends everything without regard for requests: the gateway has none any more. */
  async stop(): Promise<void> {
    this.#applying?.cancel.abort();
    await this.#applying?.done.catch(() => undefined);
    const instances = [...(this.#running?.instances ?? []), ...this.#starting];
    this.#running = undefined;
    this.#starting.clear();
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

  /** What the gateway is to know; `undefined` when nothing runs, nor did before this start. */
  row(): GatewayDeployment | undefined {
    const restoring = this.#applying?.plan.isRestored === true ? this.#applying.plan : undefined;
    const plan = this.#running?.plan ?? restoring;
    if (plan === undefined) return undefined;
    const instances = this.#running?.instances ?? [];
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
    if (instances.length === 0) return textOf(lastLines(this.#lastWords.get(container) ?? '', lines));
    const texts = await Promise.all(instances.map((instance) => instance.log(container, lines)));
    return texts.length === 1
      ? texts.join('')
      : texts.map((text, index) => `${instances[index]?.name}:\n${text}`).join('\n');
  }

  #all(): Instance[] {
    return [...(this.#running?.instances ?? []), ...this.#starting, ...this.#ending.keys()];
  }

  async #change(wanted: DeploymentPlan, signal: AbortSignal): Promise<void> {
    const before = this.#running;
    const isServing = before?.instances.some(({ readyPort }) => readyPort !== undefined) === true;
    if (wanted.isRestored === true && !isServing) return this.#restore(wanted, signal);
    const plan = asNew(wanted);
    const isRolling = !isWhole(before) || needsNewInstances(before.plan, plan, knownToAll(before.instances));
    const kept = isRolling ? [] : before.instances.slice(0, plan.instanceCount);
    const missing = plan.instanceCount - kept.length;
    const prepared = !isRolling && before !== undefined ? before.prepared : await this.#prepare(plan, signal);
    const paused = missing > 0 && prepared.fixedPort !== undefined ? (before?.instances ?? []) : [];
    if (prepared.fixedPort !== undefined && plan.instanceCount > 1) throw this.#onePort(prepared.fixedPort);
    let fresh: Instance[] = [];
    try {
      await this.#freePort(paused, before?.plan);
      if (prepared.fixedPort !== undefined && before === undefined) await Promise.all(this.#ending.values());
      fresh = await this.#startAll(missing, { plan, prepared, signal });
      await Promise.all(kept.map((instance) => instance.applyPolicy(plan)));
    } catch (error) {
      await this.#discardAll(fresh);
      if (before !== undefined) await Promise.allSettled(kept.map((one) => one.applyPolicy(before.plan)));
      // Does not wait: the plan before is as ready as it was.
      for (const instance of paused) instance.resume().catch(() => undefined);
      throw error;
    }
    const instances = [...kept, ...fresh];
    this.#running = { plan, prepared, instances };
    for (const instance of fresh) this.#starting.delete(instance);
    this.#lastWords.clear();
    const old = (before?.instances ?? []).filter((instance) => !instances.includes(instance));
    for (const instance of old)
      this.#retire(instance, (before?.plan ?? plan).requests.timeoutMs + releaseSlackMs);
    await this.#options.publish();
  }

  /** As often as it takes; {@link DeploymentPlan.isRestored}. Rejects only when another change takes over. */
  async #restore(plan: DeploymentPlan, signal: AbortSignal): Promise<void> {
    await this.#options.publish();
    const prepared = await this.#untilDone(signal, () => this.#prepare(plan, signal));
    const before = this.#running;
    for (const instance of before?.instances ?? [])
      this.#retire(instance, before?.plan.requests.timeoutMs ?? 0);
    if (prepared.fixedPort !== undefined) await Promise.all(this.#ending.values());
    const instances: Instance[] = [];
    this.#running = { plan, prepared, instances };
    const generation = await this.#untilDone(signal, () => this.#nextGeneration());
    const starts = Array.from({ length: plan.instanceCount }, async (_, index) =>
      this.#untilDone(signal, async () => {
        const instance = await this.#createInstance(plan, `${generation}-${index}`);
        instances.push(instance);
        try {
          await orAborted(instance.start(prepared), signal);
        } catch (error) {
          // Another change finds it among what runs, and takes it over.
          if (signal.aborted) return;
          instances.splice(instances.indexOf(instance), 1);
          await this.#discard(instance);
          throw error;
        }
      }),
    );
    // Each of them has come to its end before what took over looks at them.
    await Promise.allSettled(starts);
    if (signal.aborted) throw this.#cancelled();
    await this.#options.publish();
  }

  /** Tries again with back-off, whatever is wrong. */
  async #untilDone<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    const backoff = createBackoff();
    for (;;) {
      if (signal.aborted) throw this.#cancelled();
      try {
        return await attempt();
      } catch (error) {
        if (signal.aborted) throw this.#cancelled();
        this.#options.logger.warn({ ...this.name, err: error }, 'what ran before cannot start yet');
      }
      await sleep(Math.max(minRetryMs, backoff.delayMs(0)), undefined, { signal }).catch(() => undefined);
    }
  }

  #goOnWith(plan: DeploymentPlan): void {
    this.apply(plan).catch((error: unknown) =>
      this.#options.logger.info({ ...this.name, err: error }, 'what ran before was given up'),
    );
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
    const generation = count > 0 ? await this.#nextGeneration() : 0;
    const fresh: Instance[] = [];
    try {
      for (let index = 0; index < count; index++) {
        if (signal.aborted) throw this.#cancelled();
        const instance = await this.#createInstance(plan, `${generation}-${index}`);
        fresh.push(instance);
        this.#starting.add(instance);
        await orAborted(instance.start(prepared), signal);
      }
      return fresh;
    } catch (error) {
      await this.#discardAll(fresh);
      throw signal.aborted ? this.#cancelled() : error;
    }
  }

  async #createInstance(plan: DeploymentPlan, id: string): Promise<Instance> {
    const { folder, collectorCommand, pidFiles, ports, publish, logger } = this.#options;
    const instance = await createInstance(plan, {
      name: `${this.name.endpoint}/${this.name.deployment}/${id}`,
      folder: join(folder, id),
      collectorCommand,
      pidFiles,
      ports,
      onChange: () => void publish(),
    });
    logger.info({ instance: instance.name }, 'instance starts');
    return instance;
  }

  /** Never rejects: why they have to go is what is to be told. */
  async #discardAll(instances: readonly Instance[]): Promise<void> {
    await Promise.all(instances.map((instance) => this.#discard(instance)));
  }

  async #discard(instance: Instance): Promise<void> {
    this.#starting.delete(instance);
    for (const container of containers) {
      const words = await instance.log(container, keptLogLines).catch(() => undefined);
      if (words !== undefined) this.#lastWords.set(container, words);
    }
    await this.#end(instance).catch((error: unknown) => this.#noteFailedEnd(instance, error));
  }

  #noteFailedEnd(instance: Instance, error: unknown): void {
    this.#options.logger.error({ err: error, instance: instance.name }, 'instance end');
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
        .catch((error: unknown) => this.#noteFailedEnd(instance, error))
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

/** Each of its instances was ready: a restored plan may have others. */
function isWhole(running: Running | undefined): running is Running {
  return (
    running !== undefined &&
    running.instances.length === running.plan.instanceCount &&
    running.instances.every(({ wasReady }) => wasReady)
  );
}

/** Rejects as soon as it is aborted, whatever becomes of the promise. */
async function orAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
