/** The root process of `gleaner up`: builds what keeps the others alive, and holds no logic of the workspace. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Logger } from 'pino';

import { keepChild } from './child.ts';
import type { ChildCommand } from './child.ts';
import { serveCall } from './channel.ts';
import type { FromRoot, ToRoot } from './channel.ts';
import { lockData } from './data-lock.ts';
import type { PrepareProgram } from './deployment.ts';
import { RuntimeError } from './failure.ts';
import { openFront } from './front.ts';
import { createLeftSpools, findInstanceFolders } from './left-spools.ts';
import { endLeftovers, signalGroup } from './leftovers.ts';
import { openPidFiles } from './pid-files.ts';
import type { PidFiles } from './pid-files.ts';
import { createPorts } from './ports.ts';
import { createLocalRuntime } from './runtime.ts';
import { watchHangs } from './watch-hangs.ts';

export interface SupervisorOptions {
  dataFolder: string;
  /** Port 0 takes any. */
  listen: ListenAddress;
  /** The same with TLS: the gateway process then knows certificate and key. */
  listenTls?: ListenAddress | undefined;
  /** Virtual environments; several workspaces may share them. Default: `environments` of the data folder. */
  environmentsFolder?: string;
  /** Started with an IPC channel, and told where clients come to: says `listening`, and uses `connectRuntime`. */
  workspaceProcess: (address: ListenAddress, tlsAddress: ListenAddress | undefined) => ChildCommand;
  /** Started with an IPC channel (`gateway/messages.ts`). */
  gatewayProcess: ChildCommand;
  /** `gleaner collect`, in words. */
  collectorCommand: readonly string[];
  prepareProgram: PrepareProgram;
  logger: Logger;
}

export interface ListenAddress {
  host: string;
  port: number;
}

export interface Supervisor extends AsyncDisposable {
  /** Where clients come to. */
  readonly address: ListenAddress;
  readonly tlsAddress: ListenAddress | undefined;
  readonly gatewayPid: number | undefined;
  readonly workspacePid: number | undefined;
  /**
   * Resolves once workspace and gateway take requests. Rejects with `workspace_failed` or `gateway_failed` when one of them ended
   * three times before; it is started again all the same until `stop`.
   */
  readonly ready: Promise<void>;
  /**
   * Answers what is under way, ends every process, and stores what collectors hold: a minute at most. When `hurry` aborts, only a
   * few seconds more; what is not stored then waits in the spools for the next start.
   */
  stop(hurry?: AbortSignal): Promise<void>;
}

const leftoverGraceMs = 10_000;
const maxEndsAtStart = 3;
const workspaceGraceMs = 10_000;
const hurryIntervalMs = 500;
const hurryGraceMs = 3000;
/** Longer than anything it does in one piece. */
const hang = { intervalMs: 5000, maxMissed: 6 };

/** Errors: `address_in_use`, `data_in_use`. No process is left running when it throws. */
export async function openSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { logger, collectorCommand, prepareProgram } = options;
  const dataFolder = resolve(options.dataFolder);
  const instancesFolder = join(dataFolder, 'instances');
  const runFolder = join(dataFolder, 'run');
  await mkdir(instancesFolder, { recursive: true, mode: 0o700 });

  const pidFiles = openPidFiles(runFolder);
  await using stack = new AsyncDisposableStack();
  stack.use(lockData(runFolder));
  const ended = await endLeftovers(runFolder, { graceMs: leftoverGraceMs });
  if (ended > 0) logger.warn({ ended }, 'processes of a former life were ended');
  const leftFolders = await findInstanceFolders(instancesFolder);

  const front = await openFront({
    listen: options.listen,
    listenTls: options.listenTls,
    gateway: options.gatewayProcess,
    pidFiles,
    logger,
  });
  const leftSpools = createLeftSpools({ collectorCommand, pidFiles, logger });
  leftFolders.forEach((folder) => leftSpools.adopt(folder));
  const runtime = createLocalRuntime({
    instancesFolder,
    environmentsFolder: options.environmentsFolder ?? join(dataFolder, 'environments'),
    prepareProgram,
    collectorCommand,
    pidFiles,
    ports: createPorts(),
    logger,
    publish: (table) => front.publish(table),
    released: (instance, timeoutMs) => front.released(instance, timeoutMs),
    onSpoolLeft: (folder) => leftSpools.adopt(folder),
  });

  const address = { host: options.listen.host, port: front.address.port };
  const tlsPort = front.tlsAddress?.port;
  const tlsAddress =
    options.listenTls && tlsPort !== undefined ? { host: options.listenTls.host, port: tlsPort } : undefined;
  const listening = Promise.withResolvers<void>();
  let workspaceEnds = 0;
  let isStopping = false;
  const workspace = keepChild({
    name: 'workspace',
    pidFiles,
    stdio: ['ignore', 2, 2, 'ipc'],
    command: () => options.workspaceProcess(address, tlsAddress),
    onStarted: (child) => {
      logger.info({ pid: child.pid }, 'workspace starts');
      watchHangs(child, {
        ...hang,
        onHung: () => {
          logger.error({ pid: child.pid }, 'the workspace hangs: it is started again');
          workspace.restart(0);
        },
      });
      const send = (message: FromRoot): void => {
        if (child.connected) child.send(message, () => undefined);
      };
      child.on('message', (message: ToRoot) => {
        if (message.kind === 'call') {
          const onBug = (error: unknown): void =>
            logger.error({ err: error, method: message.method }, 'runtime');
          return void serveCall(message, { runtime, send, onBug });
        }
        if (message.kind === 'pong') return;
        runtime.setWorkspacePort(message.port);
        listening.resolve();
      });
    },
    onEnded: (end) => {
      logger[isStopping ? 'info' : 'warn']({ ...end }, 'workspace ended');
      runtime.setWorkspacePort(undefined);
      if (++workspaceEnds < maxEndsAtStart) return;
      const message = `The workspace process does not start (${end.problem ?? end.signal ?? `code ${end.code}`}).`;
      listening.reject(new RuntimeError({ code: 'workspace_failed', message }));
    },
  });
  // Ended in the reverse order: nobody comes any more, then what answers ends, then what stores.
  stack.defer(() => leftSpools.close());
  stack.defer(() => runtime.stop());
  stack.defer(async () => void (await workspace.stop(workspaceGraceMs)));
  stack.defer(() => front.close());
  workspace.start();

  const ready = Promise.all([listening.promise, front.ready]).then(() => undefined);
  ready.catch(() => undefined);
  const owned = stack.move();
  let stopped: Promise<void> | undefined;
  const stop = (hurry?: AbortSignal): Promise<void> => {
    isStopping = true;
    hurry?.addEventListener('abort', () => endQuickly(pidFiles), { once: true });
    if (hurry?.aborted === true) endQuickly(pidFiles);
    return (stopped ??= owned.disposeAsync());
  };
  return {
    address,
    tlsAddress,
    get gatewayPid() {
      return front.gatewayPid;
    },
    get workspacePid() {
      return workspace.pid;
    },
    ready,
    stop,
    [Symbol.asyncDispose]: () => stop(),
  };
}

/** A collector takes the second SIGTERM for the end of its drain. */
function endQuickly(pidFiles: PidFiles): void {
  const killAtMs = performance.now() + hurryGraceMs;
  const timer = setInterval(() => {
    const groups = pidFiles.groups();
    const signal = performance.now() < killAtMs ? 'SIGTERM' : 'SIGKILL';
    for (const group of groups) signalGroup(group, signal);
    if (signal === 'SIGKILL' && groups.length === 0) clearInterval(timer);
  }, hurryIntervalMs);
  timer.unref();
}
