import { QueryError } from '@gleaner/insight';
import { usageError } from '../../output/failure.ts';

/** As shells count a program that Ctrl-C has ended. */
const interruptedExitCode = 130;

/** Ends the work at the first Ctrl-C, with exit code 130; a second one ends the process. A query that is none is usage. */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.once('SIGINT', stop);
  try {
    await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw asUsage(error);
    process.stderr.write('gleaner: cancelled.\n');
    process.exitCode = interruptedExitCode;
  } finally {
    process.off('SIGINT', stop);
  }
}

function asUsage(error: unknown): unknown {
  if (!(error instanceof QueryError) || error.code !== 'query_invalid') return error;
  return usageError(error.message, error.fix);
}
