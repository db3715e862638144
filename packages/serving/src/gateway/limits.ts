/** How many requests of a deployment are in flight, and how many wait for one of its instances. */
import type { Instance } from './instance.ts';
import type { GatewayDeployment } from './messages.ts';

export type Taken =
  | { kind: 'taken'; instance: Instance }
  /** The signal said so. */
  | { kind: 'aborted' }
  /** The deployment is there no more. */
  | { kind: 'gone' };

interface Waiting {
  settle(taken: Taken): void;
}

export class DeploymentGate {
  /** As it is written in the table. */
  readonly name: string;
  #timeoutMs = 0;
  #maxPerInstance = 1;
  #instanceCount = 1;
  #instances: readonly Instance[] = [];
  /** In flight or waiting. */
  #pending = 0;
  #waiting: Waiting[] = [];
  #isGone = false;
  /** Where the search for the least busy instance begins, so that equals take turns. */
  #next = 0;
  #wake: NodeJS.Timeout | undefined;

  constructor(name: string) {
    this.name = name;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** Pending requests above which it takes no more: the original's rule. */
  get maxPending(): number {
    return 2 * this.#maxPerInstance * Math.max(1, this.#instanceCount, this.#instances.length);
  }

  get hasInstances(): boolean {
    return this.#instances.length > 0;
  }

  update({ requests, instanceCount }: GatewayDeployment, instances: readonly Instance[]): void {
    this.#timeoutMs = requests.timeoutMs;
    this.#maxPerInstance = requests.maxConcurrentPerInstance;
    this.#instanceCount = instanceCount;
    this.#instances = instances;
    this.#serveWaiting();
  }

  /** The deployment was taken away. What is in flight comes to its end. */
  close(): void {
    this.#isGone = true;
    this.#instances = [];
    clearTimeout(this.#wake);
    for (const { settle } of this.#waiting.splice(0)) settle({ kind: 'gone' });
  }

  get isFull(): boolean {
    return this.#pending >= this.maxPending;
  }

  /** False when it takes no more. Otherwise {@link leave} must follow. */
  enter(): boolean {
    if (this.isFull) return false;
    this.#pending++;
    return true;
  }

  leave(): void {
    this.#pending--;
  }

  /** The least busy instance that is free; waits for one in turn. {@link giveBack} must follow what was taken. */
  async take(signal: AbortSignal, { isRetry = false } = {}): Promise<Taken> {
    if (this.#isGone) return { kind: 'gone' };
    if (signal.aborted) return { kind: 'aborted' };
    const instance = isRetry || this.#waiting.length === 0 ? this.#takeFree() : undefined;
    if (instance !== undefined) return { kind: 'taken', instance };
    return new Promise((resolve) => {
      const waiting: Waiting = {
        settle(taken) {
          signal.removeEventListener('abort', onAbort);
          resolve(taken);
        },
      };
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        resolve({ kind: 'aborted' });
      };
      signal.addEventListener('abort', onAbort, { once: true });
      if (isRetry) this.#waiting.unshift(waiting);
      else this.#waiting.push(waiting);
      this.#wakeWhenRested();
    });
  }

  giveBack(instance: Instance): void {
    instance.inFlight--;
    this.#serveWaiting();
  }

  #serveWaiting(): void {
    while (this.#waiting.length > 0) {
      const instance = this.#takeFree();
      if (instance === undefined) return this.#wakeWhenRested();
      this.#waiting.shift()?.settle({ kind: 'taken', instance });
    }
  }

  // /!\ Hot path: once for each request; instances are few.
  #takeFree(): Instance | undefined {
    const count = this.#instances.length;
    let best: Instance | undefined;
    for (let step = 0; step < count; step++) {
      const one = this.#instances[(this.#next + step) % count];
      if (one === undefined || one.inFlight >= (best?.inFlight ?? this.#maxPerInstance)) continue;
      if (one.notBeforeMs === 0 || one.notBeforeMs <= performance.now()) best = one;
    }
    this.#next++;
    if (best !== undefined) best.inFlight++;
    return best;
  }

  /** Nothing else may happen when an instance that could not be reached has had its moment. */
  #wakeWhenRested(): void {
    const now = performance.now();
    const resting = this.#instances.map(({ notBeforeMs }) => notBeforeMs).filter((at) => at > now);
    if (resting.length === 0) return;
    clearTimeout(this.#wake);
    this.#wake = setTimeout(() => this.#serveWaiting(), Math.min(...resting) - now + 1);
    this.#wake.unref();
  }
}
