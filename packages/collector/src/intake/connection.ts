/** One connection: bytes to requests, answers in the order of the requests, time limits, and back-pressure. */
import type { Socket } from 'node:net';

import type { RequestHead } from '../http1/head.ts';
import { createRequestReader } from '../http1/reader.ts';
import type { MessageReader, RequestHandler } from '../http1/reader.ts';
import { continueAnswer, dropRefusal, framingRefusal, refusalAnswer } from './answers.ts';
import type { Budget } from './budget.ts';
import { Exchange } from './exchange.ts';
import type { ExchangeOptions, ExchangeOwner } from './exchange.ts';
import type { SharedReads } from './shared-reads.ts';

export interface ConnectionOptions extends ExchangeOptions {
  maxBodyBytes: number;
  /** How long a request may stand still before it is refused. */
  stallTimeoutMs: number;
  /** How long a connection without a request stays. */
  idleTimeoutMs: number;
  /** Memory for bodies, of all connections together. */
  budget: Budget;
  reads: SharedReads;
}

export class Connection implements RequestHandler, ExchangeOwner {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #reader: MessageReader;
  /** Oldest first; the last one may still be read. */
  readonly #exchanges: Exchange[] = [];
  #reading: Exchange | undefined;
  #midHead = false;
  /** How many things hold the sender back: file, budget. */
  #holds = 0;
  #lastBytesMs: number;
  #closing = false;

  constructor(accepted: Socket, options: ConnectionOptions) {
    const socket = options.reads.adopt(accepted, (chunk) => this.#receive(chunk));
    this.#socket = socket;
    this.#options = options;
    this.#lastBytesMs = options.now();
    this.#reader = createRequestReader(this, { lenient: true, maxBodyBytes: options.maxBodyBytes });
    socket.on('end', () => this.#endOfInput());
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#abandon());
    socket.resume();
  }

  onHead(head: RequestHead): void {
    const exchange = new Exchange(head, this.#options, this);
    this.#reading = exchange;
    this.#exchanges.push(exchange);
    if (!exchange.wantsBody) return;
    if (head.expectContinue) this.#socket.write(continueAnswer);
    this.#reserve(exchange, head);
  }

  onBody(bytes: Uint8Array): void {
    this.#reading?.push(bytes);
  }

  onTrailers(): void {
    // Trailers carry nothing that a record keeps.
  }

  onEnd(): void {
    const exchange = this.#reading;
    this.#reading = undefined;
    exchange?.end();
  }

  onAnswer(): void {
    this.#write();
  }

  onPressure(isHigh: boolean): void {
    this.#hold(isHigh);
  }

  /** Called about once a second. */
  checkTime(nowMs: number): void {
    if (this.#holds > 0) this.#lastBytesMs = nowMs;
    const stillMs = nowMs - this.#lastBytesMs;
    const isMidRequest = this.#reading !== undefined || this.#midHead;
    if (isMidRequest && stillMs >= this.#options.stallTimeoutMs) this.#giveUp('body_incomplete');
    else if (this.#exchanges.length === 0 && stillMs >= this.#options.idleTimeoutMs) this.#socket.destroy();
  }

  /** Answers what has come, and closes. */
  close(): void {
    this.#closing = true;
    if (this.#exchanges.length === 0 && this.#reading === undefined) this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#lastBytesMs = this.#options.now();
    const halt = this.#reader.push(chunk);
    this.#reading?.keep();
    this.#midHead = this.#reading === undefined && this.#reader.consumedBytes < this.#socket.bytesRead;
    if (halt?.kind === 'problem') {
      const reason = halt.code === 'body_too_large' ? 'body_too_large' : 'event_invalid';
      this.#refuse(framingRefusal(halt.code, halt.message), reason);
    } else if (halt !== undefined) this.#socket.destroy();
  }

  #endOfInput(): void {
    const halt = this.#reader.end();
    if (halt?.kind === 'problem') this.#giveUp('body_incomplete');
    else if (this.#exchanges.length === 0) this.#socket.end();
    else this.#closing = true;
  }

  #giveUp(reason: 'body_incomplete'): void {
    const refusal = dropRefusal(reason, '');
    if (refusal !== undefined) this.#refuse(refusal, reason);
  }

  /** The request being read cannot be finished: answer it, and close behind it. */
  #refuse(refusal: Parameters<Exchange['fail']>[0], reason: Parameters<Exchange['fail']>[1]): void {
    const exchange = this.#reading;
    this.#reading = undefined;
    this.#midHead = false;
    this.#closing = true;
    if (exchange !== undefined) exchange.fail(refusal, reason);
    else {
      this.#options.events.dropped(reason);
      if (this.#exchanges.length === 0) this.#socket.end(refusalAnswer(refusal, { keepAlive: false }));
    }
    this.#socket.resume();
  }

  /** Writes the answers that are next in order. */
  #write(): void {
    for (let first = this.#exchanges[0]; first?.answer !== undefined; first = this.#exchanges[0]) {
      this.#exchanges.shift();
      this.#release(first);
      if (this.#socket.destroyed) continue;
      const isLast = !first.keepAlive || (this.#closing && this.#exchanges.length === 0);
      if (isLast) {
        this.#socket.end(first.answer);
        return;
      }
      this.#socket.write(first.answer);
    }
  }

  /** A body that would not fit into the memory left waits in its sender. */
  #reserve(exchange: Exchange, head: RequestHead): void {
    const { budget, maxMemoryBytes } = this.#options;
    const { framing } = head;
    const announced = framing.kind === 'length' ? framing.length : maxMemoryBytes;
    const turn = budget.ask(Math.min(announced, maxMemoryBytes));
    exchange.turn = turn;
    if (turn.isGranted) return;
    this.#hold(true);
    turn.onGranted = () => this.#hold(false);
  }

  #release({ turn }: Exchange): void {
    if (turn === undefined) return;
    const isWaiting = turn.onGranted !== undefined && !turn.isGranted && turn.bytes > 0;
    this.#options.budget.giveBack(turn);
    if (isWaiting) this.#hold(false);
  }

  #hold(isHigh: boolean): void {
    const before = this.#holds;
    this.#holds = Math.max(0, before + (isHigh ? 1 : -1));
    if (before === 0 && this.#holds === 1) this.#socket.pause();
    if (before === 1 && this.#holds === 0) this.#socket.resume();
  }

  #abandon(): void {
    if (this.#reading !== undefined) this.#giveUp('body_incomplete');
    for (const exchange of this.#exchanges) this.#release(exchange);
    this.#exchanges.length = 0;
  }
}
