import { messageOf } from './errors.ts';
import type { Clock, EventRequest, Transport } from './ports.ts';
import { judge } from './verdict.ts';

/** An event on its way to the collector. */
export interface Outgoing {
  request: EventRequest;
  /** Whose it is, for {@link Outbox.abandon}. */
  owner: object;
  /** Called once, when it is known what became of the event. Must not throw. */
  onSettled(settlement: Settlement): void;
}

export type Settlement =
  | { kind: 'delivered' }
  | {
      kind: 'failed';
      code: 'event_refused' | 'event_undelivered' | 'event_abandoned';
      reason: string;
      cause?: unknown;
    };

export interface OutboxLimits {
  /** Bytes of all events that wait or are being sent. */
  maxQueuedBytes: number;
  /** How many events are sent at a time. */
  connections: number;
  /** An event is sent again until this time after its collection has passed. */
  retryForMs: number;
}

export interface OutboxPorts {
  transport: Transport;
  clock: Clock;
  random(): number;
}

/**
 * The events that are not answered yet: a first-in-first-out queue bounded in bytes, and as many senders as there are
 * connections. A sender keeps its event until it is settled, through all retries. Every accepted event is settled once.
 */
export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #limits: OutboxLimits;
  #queue: Entry[] = [];
  #head = 0;
  #bytes = 0;
  #sequence = 0;
  readonly #sending = new Map<Entry, AbortController>();
  #senders = 0;
  #wakeUp = false;
  /**
   * The last attempt, of whatever event, when it failed. An event whose time was over before even that one began is given up
   * untried: else a collector that hangs would hold a full queue, and a process that wants to end, for hours.
   */
  #outage: { startedAt: number; reason: string } | undefined;
  readonly #waiters = new Set<Waiter>();

  constructor(ports: OutboxPorts, limits: OutboxLimits) {
    this.#ports = ports;
    this.#limits = limits;
  }

  /** Events that are not settled yet. */
  get waiting(): number {
    return this.#queue.length - this.#head + this.#sending.size;
  }

  get waitingBytes(): number {
    return this.#bytes;
  }

  get maxQueuedBytes(): number {
    return this.#limits.maxQueuedBytes;
  }

  /** Takes an event unless the limit of bytes would be passed. Sends nothing before the caller is through. */
  offer(event: Outgoing): boolean {
    const bytes = weigh(event.request);
    if (this.#bytes + bytes > this.#limits.maxQueuedBytes) return false;
    this.#bytes += bytes;
    const giveUpAt = this.#ports.clock.now() + this.#limits.retryForMs;
    this.#queue.push({ event, bytes, giveUpAt, sequence: this.#sequence++ });
    this.#wake();
    return true;
  }

  /** Resolves once every event taken so far, from the owner or from all of them, is settled. */
  async settled(owner?: object): Promise<void> {
    const waiting = [...this.#sending.keys(), ...this.#queue.slice(this.#head)];
    const remaining = waiting.filter((entry) => belongsTo(entry, owner)).length;
    if (remaining === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.add({ owner, before: this.#sequence, remaining, resolve });
    await promise;
  }

  /** Settles the owner's events as `event_abandoned`: those in the queue at once, those on their way unless they arrive first. */
  abandon(owner: object): void {
    const queued = this.#queue.slice(this.#head);
    this.#queue = queued.filter(({ event }) => event.owner !== owner);
    this.#head = 0;
    for (const [{ event }, controller] of this.#sending) if (event.owner === owner) controller.abort();
    for (const entry of queued) if (entry.event.owner === owner) this.#settle(entry, abandoned);
  }

  #wake(): void {
    if (this.#wakeUp || this.#senders >= this.#limits.connections) return;
    this.#wakeUp = true;
    this.#ports.clock.defer(() => {
      this.#wakeUp = false;
      while (this.#senders < this.#limits.connections && this.#head < this.#queue.length) void this.#send();
    });
  }

  async #send(): Promise<void> {
    this.#senders++;
    for (let entry = this.#take(); entry !== undefined; entry = this.#take()) {
      const controller = new AbortController();
      this.#sending.set(entry, controller);
      const settlement = await this.#deliver(entry, controller.signal).catch(crashed);
      this.#sending.delete(entry);
      this.#settle(entry, settlement);
    }
    this.#senders--;
  }

  #take(): Entry | undefined {
    const entry = this.#queue[this.#head];
    if (entry === undefined) return undefined;
    this.#head++;
    // Cutting off what is done costs as much as what is left, so it waits until half is done.
    if (this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  async #deliver({ event, giveUpAt }: Entry, signal: AbortSignal): Promise<Settlement> {
    const { clock, random, transport } = this.#ports;
    const outage = this.#outage;
    if (outage !== undefined && outage.startedAt > giveUpAt) {
      // A whole queue may end so: the scoring code has its turn in between.
      await new Promise<void>((resolve) => clock.defer(resolve));
      return undelivered(`it was not tried, since the collector was out of reach: ${outage.reason}`);
    }
    const since = clock.now();
    for (let attempt = 1; ; attempt++) {
      const startedAt = clock.now();
      const verdict = judge(await transport.post(event.request, signal), clock.now());
      if (verdict.kind !== 'retry') this.#outage = undefined;
      if (verdict.kind === 'delivered') return verdict;
      if (verdict.kind === 'refused')
        return { kind: 'failed', code: 'event_refused', reason: verdict.reason };
      if (signal.aborted) return abandoned;
      this.#outage = { startedAt, reason: verdict.reason };
      const waitMs = Math.max(verdict.afterMs, backoffMs(attempt, random()));
      if (clock.now() + waitMs > giveUpAt) {
        const seconds = Math.round((clock.now() - since) / 100) / 10;
        const effort = attempt === 1 ? '1 attempt' : `${attempt} attempts in ${seconds} s`;
        return undelivered(`${effort} failed, the last one because ${verdict.reason}`, verdict.cause);
      }
      await clock.sleep(waitMs, signal);
      if (signal.aborted) return abandoned;
    }
  }

  #settle(entry: Entry, settlement: Settlement): void {
    this.#bytes -= entry.bytes;
    entry.event.onSettled(settlement);
    for (const waiter of this.#waiters) {
      const isAwaited = entry.sequence < waiter.before && belongsTo(entry, waiter.owner);
      if (!isAwaited || --waiter.remaining > 0) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

interface Entry {
  event: Outgoing;
  bytes: number;
  /** Epoch milliseconds. */
  giveUpAt: number;
  /** Number of the event, from 0. */
  sequence: number;
}

/** Somebody who waits for the events of an owner, or of all, before number `before`; so many of them are not settled yet. */
interface Waiter {
  owner: object | undefined;
  before: number;
  remaining: number;
  resolve: () => void;
}

function belongsTo({ event }: Entry, owner: object | undefined): boolean {
  return owner === undefined || event.owner === owner;
}

const abandoned: Settlement = {
  kind: 'failed',
  code: 'event_abandoned',
  reason: 'the collector was closed before it was delivered',
};

/** A bug or a setting nobody could use, for example a host that no header can hold: told, and never the end of the sender. */
function crashed(cause: unknown): Settlement {
  return undelivered(`it cannot be sent: ${messageOf(cause)}`, cause);
}

function undelivered(reason: string, cause?: unknown): Settlement {
  return { kind: 'failed', code: 'event_undelivered', reason, cause };
}

const firstBackoffMs = 100;
const longestBackoffMs = 5_000;
/** What an event takes in memory beside its body and the text of its headers, as measured. */
const overheadBytes = 1024;

/** Doubles with every attempt; a random half of it keeps many senders from coming back at the same moment. */
function backoffMs(attempt: number, random: number): number {
  const full = Math.min(firstBackoffMs * 2 ** (attempt - 1), longestBackoffMs);
  return full * (0.5 + random / 2);
}

function weigh({ headers, body }: EventRequest): number {
  let bytes = overheadBytes + body.byteLength;
  for (const [name, value] of Object.entries(headers)) bytes += name.length + value.length;
  return bytes;
}
