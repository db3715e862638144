/** One attempt to have a request answered by a server on this machine, with back-pressure and aborts in both directions. */
import type { ServerResponse } from 'node:http';
import type { Duplex, Readable } from 'node:stream';

import type { Dispatcher } from 'undici';

import { undeliveredHeader } from './headers.ts';

export interface Attempt {
  pool: Dispatcher;
  method: string;
  /** Path and query. */
  path: string;
  /** Names and values in turn. */
  headers: readonly string[];
  body: Buffer | Readable | null;
  /** The protocol that is asked for in the place of HTTP, if any. */
  upgrade?: string;
  /** Breaks it off, whatever has come. */
  signal: AbortSignal;
}

export type Outcome =
  | { kind: 'answered' }
  /** The server never saw the request. */
  | { kind: 'undelivered' }
  /** It may have seen it, and gave no answer. */
  | { kind: 'unanswered' }
  /** It had begun to answer. */
  | { kind: 'broken' }
  /** This is no valid request. */
  | { kind: 'malformed' }
  | { kind: 'aborted' };

/** Takes an answer. */
export interface AnswerSink {
  start(answer: { status: number; reason: string; headers: readonly string[] }): void;
  /** False: too fast; `onDrain` is called once more may come. */
  data(chunk: Buffer, onDrain: () => void): boolean;
  end(trailers: readonly string[]): void;
  /** The server speaks the protocol that was asked for. The request is over when `upstream` is closed. */
  upgrade?(headers: readonly string[], upstream: Duplex): void;
}

/** Never rejects. Once the sink was started, the outcome is `answered`, `broken` or `aborted`. */
export function forward(attempt: Attempt, sink: AnswerSink): Promise<Outcome> {
  return new Promise((resolve) => {
    const handler = new AttemptHandler(attempt.signal, { sink, resolve });
    attempt.pool.dispatch(
      {
        method: attempt.method,
        path: attempt.path,
        headers: attempt.headers as string[],
        body: attempt.body,
        ...(attempt.upgrade !== undefined && { upgrade: attempt.upgrade }),
      },
      handler,
    );
  });
}

class AttemptHandler implements Dispatcher.DispatchHandler {
  readonly #signal: AbortSignal;
  readonly #sink: AnswerSink;
  readonly #resolve: (outcome: Outcome) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #isAnswering = false;
  #isSettled = false;

  constructor(
    signal: AbortSignal,
    { sink, resolve }: { sink: AnswerSink; resolve: (outcome: Outcome) => void },
  ) {
    this.#signal = signal;
    this.#sink = sink;
    this.#resolve = resolve;
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  /** A connection is there, and the request is about to be written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isSettled) controller.abort(new Error('broken off'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    ...[, reason = '']: [headers: unknown, reason?: string]
  ): void {
    if (this.#isSettled || status < 200) return;
    const headers = textsOf(controller.rawHeaders);
    if (headers.some((text, at) => at % 2 === 0 && text.toLowerCase() === undeliveredHeader)) {
      this.#settle({ kind: 'undelivered' });
      return controller.abort(new Error('undelivered'));
    }
    this.#isAnswering = true;
    this.#sink.start({ status, reason, headers });
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    ...[, , upstream]: [status: number, headers: unknown, upstream: Duplex]
  ): void {
    upstream.once('close', () => this.#settle({ kind: 'answered' }));
    upstream.on('error', () => upstream.destroy());
    if (this.#isSettled || this.#sink.upgrade === undefined) return void upstream.destroy();
    this.#sink.upgrade(textsOf(controller.rawHeaders), upstream);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isSettled) return;
    if (!this.#sink.data(chunk, () => controller.resume())) controller.pause();
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    if (this.#isSettled) return;
    this.#sink.end(textsOf(controller.rawTrailers));
    this.#settle({ kind: 'answered' });
  }

  onResponseError(_controller: unknown, error: Error & { code?: string }): void {
    if (this.#isAnswering) this.#settle({ kind: 'broken' });
    else if (error.code === 'UND_ERR_INVALID_ARG') this.#settle({ kind: 'malformed' });
    else this.#settle({ kind: this.#controller === undefined ? 'undelivered' : 'unanswered' });
  }

  readonly #onAbort = (): void => {
    this.#settle({ kind: 'aborted' });
    this.#controller?.abort(new Error('broken off'));
  };

  #settle(outcome: Outcome): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#resolve(outcome);
  }
}

/** Every byte of a header as it came. */
function textsOf(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((text) => (typeof text === 'string' ? text : text.toString('latin1')));
}

/** Hands an answer to a client. `head` may change it. */
export function toClient(
  response: ServerResponse,
  head: (answer: { status: number; reason: string; headers: readonly string[] }) => {
    status: number;
    reason: string;
    headers: readonly string[];
  },
): AnswerSink {
  return {
    start(answer) {
      const { status, reason, headers } = head(answer);
      response.writeHead(status, reason, headers as string[]);
      // A stream whose first event is far off has begun all the same; with a body at hand both go in one packet.
      setImmediate(() => !response.writableEnded && response.flushHeaders());
    },
    data(chunk, onDrain) {
      if (response.write(chunk)) return true;
      response.once('drain', onDrain);
      return false;
    },
    end(trailers) {
      if (trailers.length > 0) response.addTrailers(pairs(trailers));
      response.end();
    },
  };
}

/** The answer of a mirror is nobody's. */
export const toNobody: AnswerSink = { start: () => undefined, data: () => true, end: () => undefined };

function pairs(texts: readonly string[]): [string, string][] {
  return Array.from({ length: texts.length / 2 }, (_, at) => [texts[2 * at] ?? '', texts[2 * at + 1] ?? '']);
}
