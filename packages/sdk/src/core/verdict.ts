import type { Answer } from './ports.ts';

/** What an answer means for its event. */
export type Verdict =
  | { kind: 'delivered' }
  | { kind: 'refused'; reason: string }
  | { kind: 'retry'; reason: string; afterMs: number; cause?: Error };

/**
 * Any 2xx is success (compat 2). No answer, 408, 425, 429 and 5xx may pass, `Retry-After` (RFC 9110, 10.2.3) says when;
 * everything else stays as it is however often it is sent.
 */
export function judge(answer: Answer, nowMs: number): Verdict {
  if (answer.kind === 'unanswered') {
    return { kind: 'retry', reason: answer.cause.message, afterMs: 0, cause: answer.cause };
  }
  const { status, retryAfter, body } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  const reason = `the collector answered ${status}${describeError(body)}`;
  if (status < 500 && !passing.has(status)) return { kind: 'refused', reason };
  return {
    kind: 'retry',
    reason,
    afterMs: retryAfter === undefined ? 0 : parseRetryAfter(retryAfter, nowMs),
  };
}

const passing = new Set([408, 425, 429]);

function parseRetryAfter(value: string, nowMs: number): number {
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? 0 : Math.max(ms, 0);
}

/** ` code: message` of `{"error":{"code","message"}}`, which our collector sends; else the text, as far as it helps. */
function describeError(body: string): string {
  const error = parseError(body);
  if (error !== undefined) return ` ${error.code}: ${error.message}`;
  const text = body.trim().slice(0, 200);
  return text === '' ? '' : `: ${text}`;
}

function parseError(body: string): { code: string; message: string } | undefined {
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer !== 'object' || answer === null || !('error' in answer)) return undefined;
    const { error } = answer;
    if (typeof error !== 'object' || error === null || !('code' in error && 'message' in error))
      return undefined;
    return { code: String(error.code), message: String(error.message) };
  } catch {
    // Not JSON: a proxy's page, or another server's words.
    return undefined;
  }
}
