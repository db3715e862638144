/** A connection to the intake that may be lost at any byte. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** The status, or `lost`: nobody knows what became of the request. */
export type Answer = number | 'lost';

export class Connection {
  readonly #socket: Socket;
  /** In the order of the requests. */
  #waiting: ((answer: Answer) => void)[] = [];
  #received = Buffer.alloc(0);

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('close', () => this.#lose());
  }

  get isLost(): boolean {
    return this.#socket.destroyed;
  }

  /** Sends, also while answers are on their way, and never rejects. */
  post(request: Buffer): Promise<Answer> {
    if (this.isLost) return Promise.resolve('lost');
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.write(request);
    });
  }

  /** Does not wait for answers. */
  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const headEnd = this.#received.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const head = this.#received.toString('latin1', 0, headEnd);
      const end = headEnd + 4 + Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (this.#received.length < end) return;
      this.#received = this.#received.subarray(end);
      this.#waiting.shift()?.(Number(head.slice(9, 12)));
    }
  }

  #lose(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const lose of waiting) lose('lost');
  }
}
