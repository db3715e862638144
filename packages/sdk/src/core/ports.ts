import type { CollectorError } from './errors.ts';
import type { Policy } from './policy.ts';

/** What the core needs of the machine it runs on; an adapter brings it. */
export interface EnginePorts {
  transport: Transport;
  policy: PolicySource;
  clock: Clock;
  /** SHA-256 of the text in UTF-8. */
  sha256(text: string): Uint8Array;
  /** 0 ≤ x < 1 */
  random(): number;
  /** Tells the operator of a loss that nobody's `onError` was told of. Never throws. */
  warn(error: CollectorError): void;
  /** Writes one line to the console: the collected data of a local run. */
  print(line: string): void;
}

export interface Transport {
  /** Sends one event and says what came of it; ends early when the signal aborts. */
  post(request: EventRequest, signal: AbortSignal): Promise<Answer>;
  /** Closes idle connections; the next `post` opens new ones. */
  release(): void;
}

export interface EventRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export type Answer =
  | { kind: 'answered'; status: number; retryAfter: string | undefined; body: string }
  | { kind: 'unanswered'; cause: Error };

export interface PolicySource {
  /** The policy as far as it is known. Never waits: a newer one is looked for in the background. */
  current(): Policy;
  /** Reads the policy again, waiting for it. Throws `config_invalid`. */
  reload(): Policy;
}

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Resolves after the time, or as soon as the signal aborts. Keeps the process alive meanwhile. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Runs the task after the caller has finished what it is doing. */
  defer(task: () => void): void;
}
