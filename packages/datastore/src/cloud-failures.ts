import { DatastoreError } from './errors.ts';

/** A failure of a cloud's client in the words that matter, without the client's own object: that one holds tokens and signatures. */
export interface ForeignFailure {
  /** The cloud's own code, or that of the system (`ECONNREFUSED`). */
  code: string;
  /** Of the answer, when there was one. */
  status: number | undefined;
  message: string;
}

/** What reads like `error` and holds nothing else. */
export function plainCause({ code, status, message }: ForeignFailure): Error {
  return Object.assign(new Error(message), { code, ...(status !== undefined && { status }) });
}

/** `text` without any of `secrets`. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== '')
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

/** `AccessDenied: You may not …`, without saying anything twice. */
export function inWords({ code, status, message }: ForeignFailure): string {
  const name = code === '' ? (status === undefined ? '' : `status ${status}`) : code;
  if (message === '' || message === name) return name || 'no reason given';
  return name === '' || message.startsWith(name) ? message : `${name}: ${message}`;
}

/** What no answer was got for. */
export function unreachable(service: string, failure: ForeignFailure): DatastoreError {
  return new DatastoreError('store_unreachable', `${service} does not answer: ${inWords(failure)}`, {
    fix: 'Check the address and the network between.',
    cause: plainCause(failure),
  });
}

/** Code and message of an error that came before any answer; Node wraps those of several addresses into one without a message. */
export function systemFailure(error: unknown): ForeignFailure {
  if (!(error instanceof Error)) return { code: '', status: undefined, message: String(error) };
  const inner = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const messages = inner.map((one) => (one instanceof Error ? one.message : String(one)));
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { code, status: undefined, message: error.message || messages.join(', ') };
}

/** Whether `code` is one that Node gives to failures of names, connections and certificates. */
export function isSystemCode(code: string): boolean {
  return /^(E(?!RR_)[A-Z0-9_]+|CERT_[A-Z_]+|[A-Z_]+_CERT[A-Z_]*|UNABLE_TO_[A-Z_]+|ERR_(TLS|SSL|STREAM|SOCKET)_[A-Z_]+)$/.test(
    code,
  );
}

/** Whether it is about a file: of credentials, since nothing else is read from files here. */
export function isFileCode(code: string): boolean {
  return /^(ENOENT|EACCES|EPERM|EISDIR|ENOTDIR)$/.test(code);
}
