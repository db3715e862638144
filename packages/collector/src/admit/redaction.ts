/**
 * Takes out of events what the rules name, before the spool sees them. What cannot be redacted is left out: a body without
 * a form that rules understand, half a body, a stream of events (what was assembled of it is redacted instead).
 */
import { createHmac } from 'node:crypto';

import { isJsonContentType } from '@gleaner/protocol';
import type { DataStatus, EventAttributes, Extension } from '@gleaner/protocol';

import type { AdmittedEvent, CapturedBody, PayloadWriter } from '../flow.ts';
import { createBodyRedactor, redactBody } from './redact/body-redactor.ts';
import type { CompiledRules } from './redact/rules.ts';
import { isTextContentType, redactTextBody } from './redact/text-body.ts';
import { mask, redactPath } from './redact/text.ts';

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
  /** What holds for ids, in every collection: they join one with another. */
  idRules: CompiledRules | undefined;
  /** Ids that a pattern matches are replaced by a digest with this key. */
  idKey: Uint8Array;
}

/** Half a text, or encoded bytes, may hold what no rule can see. */
const unjudgeable: ReadonlySet<DataStatus> = new Set(['undecodable', 'aborted', 'truncated']);

export function createRedactor({ rulesOf, idRules, idKey }: RedactorOptions): Redactor {
  const redactId = (id: string): string =>
    idRules === undefined || redactPath(idRules, id) === id
      ? id
      : createHmac('sha256', idKey).update(id).digest('hex').slice(0, 32);
  return {
    event(event) {
      const rules = rulesOf(event.destination.collection);
      const { attributes, id, correlationId, retryKey } = event;
      return {
        ...event,
        id: redactId(id),
        correlationId: redactId(correlationId),
        retryKey: retryKey && redactId(retryKey),
        attributes: rules?.patterns === undefined ? attributes : redactAttributes(rules, attributes),
      };
    },
    body(event, body) {
      const rules = rulesOf(event.destination.collection);
      if (rules === undefined) return body;
      const { stream: _, ...own } = body;
      if (own.isRedacted || own.kind === 'absent') return own;
      const bytes = own.kind === 'memory' ? redacted(rules, own, contentTypeOf(event, own)) : 'failed';
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
  { bytes, status }: { bytes: Uint8Array; status?: DataStatus },
  contentType: string | undefined,
): Uint8Array | 'failed' {
  if (bytes.length === 0) return bytes;
  if (status !== undefined && unjudgeable.has(status)) return 'failed';
  if (isJsonContentType(contentType)) return redactBody(rules, bytes);
  return isTextContentType(contentType) ? redactTextBody(rules, bytes) : 'failed';
}

function redactAttributes(rules: CompiledRules, attributes: EventAttributes): EventAttributes {
  const { source, contentType, extensions } = attributes;
  const redact = (text: string): string => redactPath(rules, text) ?? mask;
  return {
    ...attributes,
    ...(source !== undefined && { source: redact(source) }),
    ...(contentType !== undefined && { contentType: redact(contentType) }),
    extensions: extensions
      .filter(([name]) => redact(name) === name)
      .map(([name, value]): Extension => [name, redact(value)]),
  };
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
