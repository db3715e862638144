/** Bodies that are text: which of them can be judged, and what patterns leave of them. */
import { scanJson } from '@gleaner/protocol';

import { redactBody } from './body-redactor.ts';
import type { CompiledRules } from './rules.ts';
import { redactText } from './text.ts';

/** A longer text would take the thread for too long. */
const maxTextBytes = 1024 * 1024;

/** Charsets whose bytes are read as UTF-8. */
const knownCharsets: ReadonlySet<string> = new Set(['utf-8', 'us-ascii']);

/**
 * `text/*` whose characters are there to be seen. Not: texts in another charset, JSON in pieces or by another name, and
 * streams of events, where a text is spread over several.
 */
export function isTextContentType(contentType: string | undefined): boolean {
  const [media = '', ...parameters] = contentType?.toLowerCase().split(';') ?? [];
  const subtype = /^text\/(.+)$/.exec(media.trim())?.[1];
  if (subtype === undefined || subtype.includes('json') || subtype === 'event-stream') return false;
  return parameters.every(isKnown);
}

/** A text that is a JSON document is redacted as one, because of its escapes; then rules for columns and paths hold as well. */
export function redactTextBody(rules: CompiledRules, bytes: Uint8Array): Uint8Array | 'failed' {
  if (bytes.length > maxTextBytes) return 'failed';
  const text = utf8Text(bytes);
  if (text === undefined) return 'failed';
  if (/^\s*["[{]/.test(text) && scanJson(bytes).valid) return redactBody(rules, bytes);
  // Columns and paths are for JSON: in any other form they would be missed. So would be what escapes stand for.
  if (rules.places !== undefined || /\\u[\da-f]{4}/i.test(text)) return 'failed';
  const redacted = redactText(rules, text);
  return redacted === undefined ? 'failed' : Buffer.from(redacted);
}

/** A `charset*`, or one of two, is a charset too. */
function isKnown(parameter: string): boolean {
  const [name = '', ...value] = parameter.split('=');
  if (!name.trim().startsWith('charset')) return true;
  return knownCharsets.has(
    value
      .join('=')
      .trim()
      .replace(/^"(.*)"$/, '$1'),
  );
}

function utf8Text(bytes: Uint8Array): string | undefined {
  // A text in UTF-16 that does not say so may be sound UTF-8.
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
