/** Tells HTTP/2 by the first bytes of a connection (RFC 9113, section 3.4); all else is for the HTTP/1.1 tap. */
import type { Socket } from 'node:net';

/** No method of HTTP/1.1 begins like that: it was reserved for the preface. */
const start = Buffer.from('PRI');

/**
 * Calls `go` once, when enough has come to know; the socket then holds all of its bytes, unread. Never, when the connection
 * ends before that.
 */
export function whenProtocolKnown(socket: Socket, go: (protocol: 'h2' | 'other') => void): void {
  let held: Buffer = Buffer.alloc(0);
  const look = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const seen = held.subarray(0, start.length);
    const mayBeH2 = seen.equals(start.subarray(0, seen.length));
    if (mayBeH2 && seen.length < start.length) return;
    socket.off('readable', look);
    socket.off('end', giveUp);
    socket.unshift(held);
    go(mayBeH2 ? 'h2' : 'other');
  };
  const giveUp = (): void => void socket.destroy();
  socket.on('error', giveUp);
  socket.on('end', giveUp);
  socket.on('readable', look);
}
