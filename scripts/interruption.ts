import { constants } from 'node:os';

/** An end that is nobody's bug: its message is all there is to say. */
export class Failure extends Error {}

class Interruption extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/**
 * Runs the main of a script. The signal it is given aborts at the first Ctrl-C, SIGTERM or hang-up, or when nobody reads
 * the output any more; `main` then cleans up in its own time. The exit code is what `main` gives, 1 on a failure,
 * 128 + n on signal n.
 */
export async function runInterruptibly(main: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals) => controller.abort(new Interruption(signal));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, stop);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stop('SIGPIPE'));
  try {
    process.exitCode = await main(controller.signal);
  } catch (error) {
    const { reason } = controller.signal;
    if (reason instanceof Interruption) process.exitCode = 128 + constants.signals[reason.signal];
    else {
      console.error(error instanceof Failure ? error.message : error);
      process.exitCode = 1;
    }
  }
}
