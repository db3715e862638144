/** Signals of `gleaner run`: from the start of the command to the end of the drain they end nothing by themselves. */

const caughtSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal and npm may both deliver one Ctrl-C, a millisecond apart; the second one of a person comes later. */
const sameSignalMs = 100;

/** Disposing of it gives the signals their usual meaning back. */
export interface Signals extends Disposable {
  /** Somebody wanted the command to end. */
  readonly isEndWanted: boolean;
  /** From now on signals go to this receiver, and no longer to the one before. */
  deliverTo(receiver: (signal: NodeJS.Signals) => void): void;
}

export function catchSignals(): Signals {
  const lastSeenMs = new Map<NodeJS.Signals, number>();
  let isEndWanted = false;
  let deliver: ((signal: NodeJS.Signals) => void) | undefined;
  const receive = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    const isSame = nowMs - (lastSeenMs.get(signal) ?? Number.NEGATIVE_INFINITY) < sameSignalMs;
    lastSeenMs.set(signal, nowMs);
    isEndWanted ||= signal !== 'SIGUSR1' && signal !== 'SIGUSR2';
    if (!isSame) deliver?.(signal);
  };
  for (const signal of caughtSignals) process.on(signal, receive);
  return {
    get isEndWanted() {
      return isEndWanted;
    },
    deliverTo(receiver) {
      deliver = receiver;
    },
    [Symbol.dispose]() {
      for (const signal of caughtSignals) process.off(signal, receive);
    },
  };
}
