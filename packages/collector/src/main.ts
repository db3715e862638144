/** The life of a collector process: start, wait for a signal, drain, exit code. */
import { setTimeout as sleep } from 'node:timers/promises';

import { pino } from 'pino';
import type { Logger } from 'pino';

import { openCollector } from './collector.ts';
import type { CollectorConfig } from './config/config.ts';

/** One Ctrl-C may arrive twice: from the terminal, and through the shell or npx around us. */
const sameSignalMs = 100;
const stopSignals = ['SIGTERM', 'SIGINT'] as const;

/** Runs until SIGTERM or SIGINT; a second one ends the drain. 0: everything is stored; 1: some records stay in the spool. */
export async function runCollector(config: CollectorConfig): Promise<number> {
  // Before the start: whoever reads that we listen may stop us at once, and a start that is stopped ends with a drain, too.
  using stop = catchStopSignals();
  await using collector = await openCollector(config, { logger: createLogger(config) });
  await stop.first;
  await sleep(sameSignalMs);
  const deadline = AbortSignal.timeout(config.settings.drain_timeout);
  const impatient = new AbortController();
  stop.deliverTo(() => impatient.abort());
  const { complete } = await collector.drain(AbortSignal.any([deadline, impatient.signal]));
  return complete ? 0 : 1;
}

/** Log lines go to standard error: standard output belongs to data. */
export function createLogger({ settings }: Pick<CollectorConfig, 'settings'>): Logger {
  // Not a destination of pino's own: that one tries for ever to write what nobody can take any more.
  return pino(
    { level: settings.log_level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    process.stderr,
  );
}

interface StopSignals extends Disposable {
  readonly first: Promise<void>;
  /** From now on signals go here. */
  deliverTo(receiver: () => void): void;
}

/** Disposing of it gives the signals their usual meaning back. */
function catchStopSignals(): StopSignals {
  const { promise: first, resolve } = Promise.withResolvers<void>();
  let deliver: () => void = resolve;
  const receive = (): void => deliver();
  for (const signal of stopSignals) process.on(signal, receive);
  return {
    first,
    deliverTo(receiver) {
      deliver = receiver;
    },
    [Symbol.dispose]() {
      for (const signal of stopSignals) process.off(signal, receive);
    },
  };
}
