/** Sends bytes as they are over a connection of their own, as the Python SDK does, and reads the answer to its end. */
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  head: string;
  body: string;
}

export interface RawRequest {
  method?: string;
  path: string;
  /** In order; values are written as Latin-1. */
  headers: readonly (readonly [string, string])[];
  body: Uint8Array;
}

export async function postRaw(port: number, request: RawRequest): Promise<RawAnswer> {
  const lines = request.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const head = `${request.method ?? 'POST'} ${request.path} HTTP/1.1\r\n${lines}\r\n`;
  return sendRaw(port, [Buffer.from(head, 'latin1'), request.body]);
}

/** Writes the pieces one after the other, and resolves with the first answer. */
export function sendRaw(port: number, pieces: readonly Uint8Array[]): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk);
      const answer = parseAnswer(Buffer.concat(received));
      if (answer === undefined) return;
      resolve(answer);
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection ended without an answer')));
    for (const piece of pieces) socket.write(piece);
  });
}

function parseAnswer(bytes: Buffer): RawAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const status = Number(head.slice(9, 12));
  if (status === 100) return parseAnswer(bytes.subarray(end + 4));
  const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  if (bytes.length < end + 4 + length) return undefined;
  return { status, head, body: bytes.toString('utf8', end + 4, end + 4 + length) };
}
