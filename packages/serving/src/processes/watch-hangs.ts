/** A process that is there and does nothing any more: it does not answer over its channel. */
import type { ChildProcess } from 'node:child_process';

export interface HangOptions {
  intervalMs: number;
  /** As many intervals without an answer are a hang. Counted, not timed: this process may have been stopped itself. */
  maxMissed: number;
  onHung: () => void;
}

export type Ping = { kind: 'ping' };
export type Pong = { kind: 'pong' };

/** Asks until the process ends. From its first message on, as it hears nothing while it starts. */
export function watchHangs(child: ChildProcess, { intervalMs, maxMissed, onHung }: HangOptions): void {
  let missed = 0;
  let hasSpoken = false;
  const timer = setInterval(() => {
    if (!hasSpoken || !child.connected) return;
    if (++missed > maxMissed) {
      clearInterval(timer);
      return onHung();
    }
    child.send({ kind: 'ping' } satisfies Ping, () => undefined);
  }, intervalMs);
  child.on('message', () => {
    hasSpoken = true;
    missed = 0;
  });
  child.once('exit', () => clearInterval(timer));
}
