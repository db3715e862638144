/**
 * JSON values whose numbers stay as they are written when they are written again with `JSON.stringify`: `1.0` stays `1.0`,
 * an integer above 2^53 stays exact (design 3.1).
 */
import { maxJsonDepth } from '@gleaner/protocol';

declare global {
  // Node has had these since 22; the library of TypeScript does not describe them yet.
  interface JSON {
    rawJSON(text: string): object;
    isRawJSON(value: unknown): boolean;
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
    ): unknown;
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** `undefined` when the text is no JSON, or is nested deeper than a record may be. */
export function parseExact(text: string): unknown {
  try {
    const value = parse(text);
    const mayBeDeep = text.length >= 2 * maxJsonDepth;
    return mayBeDeep && !isWithin(value, maxJsonDepth) ? undefined : value;
  } catch {
    // No JSON, or so deep that it cannot be walked: both are answered with "no value".
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

/** To be told of every number takes five times as long, so it is asked for when a number was changed only. */
// /!\ Hot path: over every event of a stream that is assembled.
function parse(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const isExact = !mayLoseDigits.test(text) || JSON.stringify(value) === text;
  return isExact ? value : JSON.parse(text, keepNumber);
}

/** A number with point, exponent or sixteen digits, or minus zero. It may lie in a string: then only time is lost. */
const mayLoseDigits = /[:,[]\s*(?:-?(?:\d+[.eE]|\d{16})|-0)/;

function keepNumber(_key: string, value: unknown, { source }: { source?: string }): unknown {
  const isChanged = typeof value === 'number' && source !== undefined && JSON.stringify(value) !== source;
  return isChanged ? JSON.rawJSON(source) : value;
}

function isWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return true;
  return levels > 0 && Object.values(value).every((inner) => isWithin(inner, levels - 1));
}
