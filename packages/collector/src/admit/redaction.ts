/**
 * Takes out of events what the rules name, before the spool sees them. What cannot be redacted is left out: a body without
 * a form that rules understand, half a body, a stream of events (what was assembled of it is redacted instead).
 */
import { createHmac } from 'node:crypto';

import { isJsonContentType } from '@gleaner/protocol';
import type { Extension } from '@gleaner/protocol';

import type { AdmittedEvent, CapturedBody, PayloadWriter } from '../flow.ts';
import { createBodyRedactor, redactBody } from './redact/body-redactor.ts';
import type { CompiledRules } from './redact/rules.ts';
import { mask, redactPath, redactText } from './redact/text.ts';

export interface Redactor {
  /** The event with its names and attributes redacted. */
  event(event: AdmittedEvent): AdmittedEvent;
  body(event: AdmittedEvent, body: CapturedBody): CapturedBody;
  /** `undefined`: nothing of such a body may reach a file. */
  payload(event: AdmittedEvent, open: () => Promise<PayloadWriter>): Promise<PayloadWriter> | undefined;
}

export interface RedactorOptions {
  /** What holds for a collection; `undefined`: it is kept as it is. */
  rulesOf(collection: string): CompiledRules | undefined;
  /** Ids that a pattern matches are replaced by a digest with this key. */
  idKey: Uint8Array;
}

/** A longer text would take the thread for too long. */
const maxTextBytes = 1024 * 1024;

export function createRedactor({ rulesOf, idKey }: RedactorOptions): Redactor {
  const redactId = (rules: CompiledRules, id: string): string =>
    redactText(rules, id) === id ? id : createHmac('sha256', idKey).update(id).digest('hex').slice(0, 32);
  return {
    event(event) {
      const rules = rulesOf(event.destination.collection);
      if (rules?.patterns === undefined) return event;
      const { attributes, id, correlationId, retryKey } = event;
      const { source, contentType } = attributes;
      return {
        ...event,
        id: redactId(rules, id),
        correlationId: redactId(rules, correlationId),
        retryKey: retryKey && redactId(rules, retryKey),
        attributes: {
          ...attributes,
          ...(source !== undefined && { source: redactText(rules, source) ?? mask }),
          ...(contentType !== undefined && { contentType: redactText(rules, contentType) ?? mask }),
          extensions: attributes.extensions.map((one) => redactExtension(rules, one)),
        },
      };
    },
    body(event, body) {
      const rules = rulesOf(event.destination.collection);
      if (rules === undefined) return body;
      const { stream: _, ...own } = body;
      if (own.isRedacted || own.kind === 'absent') return own;
      const bytes = own.kind === 'memory' ? redacted(rules, own.bytes, contentTypeOf(event, own)) : 'failed';
      const sentBytes = own.sentBytes ?? (own.kind === 'memory' ? own.bytes.length : own.byteLength);
      if (bytes === 'failed') return { kind: 'absent', sentBytes, status: 'redaction_failed' };
      return { ...own, kind: 'memory', bytes, sentBytes, isRedacted: true };
    },
    payload(event, open) {
      const rules = rulesOf(event.destination.collection);
      if (rules === undefined) return open();
      if (!isJsonContentType(event.attributes.contentType)) return undefined;
      return open().then((writer) => redactingWriter(rules, writer));
    },
  };
}

function contentTypeOf(event: AdmittedEvent, body: CapturedBody): string | undefined {
  return body.contentType ?? event.attributes.contentType;
}

function redacted(
  rules: CompiledRules,
  bytes: Uint8Array,
  contentType: string | undefined,
): Uint8Array | 'failed' {
  if (bytes.length === 0) return bytes;
  if (isJsonContentType(contentType)) return redactBody(rules, bytes);
  // Columns and paths are for JSON: in any other form they would be missed.
  const isText = contentType?.trim().toLowerCase().startsWith('text/') ?? false;
  if (!isText || rules.places !== undefined || bytes.length > maxTextBytes) return 'failed';
  const text = utf8Text(bytes);
  const result = text === undefined ? undefined : redactText(rules, text);
  return result === undefined ? 'failed' : Buffer.from(result);
}

function utf8Text(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function redactExtension(rules: CompiledRules, [name, value]: Extension): Extension {
  return [name, (name === 'path' ? redactPath(rules, value) : redactText(rules, value)) ?? mask];
}

function redactingWriter(rules: CompiledRules, writer: PayloadWriter): PayloadWriter {
  const redactor = createBodyRedactor(rules);
  let sentBytes = 0;
  const pass = async (bytes: Uint8Array): Promise<void> => {
    if (bytes.length > 0) await writer.write(bytes);
  };
  return {
    async write(bytes) {
      sentBytes += bytes.length;
      await pass(redactor.push(bytes));
    },
    async finish() {
      const rest = redactor.end();
      if (rest === 'failed') {
        await writer.discard();
        return { kind: 'absent', sentBytes, status: 'redaction_failed' };
      }
      await pass(rest);
      return { ...(await writer.finish()), sentBytes, isRedacted: true };
    },
    discard: () => writer.discard(),
  };
}
