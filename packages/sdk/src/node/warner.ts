import type { CollectorError } from '../core/errors.ts';

/**
 * Tells of errors as warnings of the process, at most once in the interval: the first at once, those that follow closely
 * together in one line. The process stays alive until the last line is out.
 */
export function createWarner(intervalMs = 1000): (error: CollectorError) => void {
  let last: CollectorError | undefined;
  let others = 0;
  let timer: NodeJS.Timeout | undefined;

  function rest(): void {
    timer = undefined;
    if (last !== undefined) emit(last, others === 0 ? '' : ` (${others} more since the last warning.)`);
    last = undefined;
    others = 0;
  }

  return (error) => {
    if (timer !== undefined) {
      if (last !== undefined) others++;
      last = error;
      timer.ref();
      return;
    }
    emit(error, '');
    timer = setTimeout(rest, intervalMs).unref();
  };
}

function emit(error: CollectorError, more: string): void {
  const detail = error.fix === undefined ? {} : { detail: error.fix };
  process.emitWarning(error.message + more, { type: 'CollectorWarning', code: error.code, ...detail });
}
