/** A request that nobody was there to take: whoever sent it may send it to another one. */

/** Marks the answer. */
export const undeliveredHeader = 'x-gleaner-undelivered';

/** Of HTTP/1.1, in the place of a model server that takes no connection. */
export const undeliveredAnswer = `HTTP/1.1 502 Bad Gateway\r\n${undeliveredHeader}: true\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`;

/** `leave_out`: it leaves no record, and is not counted. */
export type Undelivered = 'keep' | 'leave_out';
