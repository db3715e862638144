import { isSystemCode, plainCause, systemFailure, withoutSecrets } from '../cloud-failures.ts';
import { DatastoreError } from '../errors.ts';
import { failed, notFound } from '../failures.ts';
import { identityOf, secretsOf } from './account.ts';
import type { AzureAccount } from './account.ts';
import { failedAnswer, missingContainer } from './answer.ts';
import type { FailedAnswer } from './answer.ts';

/**
 * Translates what the SDK throws about `subject`; a {@link DatastoreError} stays itself. The SDK's error is not kept as the
 * cause: it holds the request, and that the SAS token. The cause is a plain error with `code` and `status`.
 */
export function azureFailure(place: AzureAccount, subject: string, error: unknown): DatastoreError {
  if (error instanceof DatastoreError) return error;
  const cause = plainError(place, error);
  const answer = failedAnswer(error) ?? brokenConnection(error);
  if (answer !== undefined) return byAnswer({ place, subject, cause }, answer);
  if (error instanceof Error && credentialErrors.has(error.name)) return noToken({ place, subject, cause });
  return failed(subject, cause);
}

interface Failure {
  place: AzureAccount;
  subject: string;
  cause: Error;
}

const credentialErrors: ReadonlySet<string> = new Set([
  'CredentialUnavailableError',
  'AuthenticationError',
  'AggregateAuthenticationError',
  'AuthenticationRequiredError',
]);

const role = 'Storage Blob Data Contributor';
const maxClockSkewMs = 5 * 60_000;

function byAnswer(failure: Failure, answer: FailedAnswer): DatastoreError {
  const { place, subject, cause } = failure;
  const { status, code } = answer;
  const said = `${status} ${code}`;
  if (status === undefined) return unreachable(failure, code);
  if (status === 401 || status === 403) return denied(failure, answer);
  if (missingContainer.has(code)) {
    const message = `Storage account ${place.account} has no container ${place.container} (${said}).`;
    return new DatastoreError('store_container_not_found', message, {
      cause,
      fix: 'Make the container, or correct its name.',
    });
  }
  if (status === 404) return notFound(subject);
  if (status === 429 || status === 503) {
    return new DatastoreError(
      'store_throttled',
      `Storage account ${place.account} asks to slow down (${said}).`,
      { cause, fix: 'Wait; if it lasts, ask Azure for a higher limit of the account.' },
    );
  }
  if (status === 502 || status === 504 || code === 'OperationTimedOut') return unreachable(failure, said);
  if (closedCodes.has(code)) return closed(subject, closedCodes.get(code) ?? code);
  if (pathCodes.has(code)) {
    return new DatastoreError('store_path_invalid', `Azure takes no object ${subject} (${said}).`, {
      cause,
      fix: 'Choose a path on which files and folders do not meet, with fewer and shorter parts that do not end in a dot.',
    });
  }
  return failed(subject, cause);
}

/** Nothing of the bytes was applied, and the object takes no more. */
export function closed(subject: string, why: string): DatastoreError {
  return new DatastoreError('store_object_closed', `${subject} takes no more: ${why}.`, {
    fix: 'Go on in another object.',
  });
}

const closedCodes: ReadonlyMap<string, string> = new Map([
  ['BlobIsSealed', 'it is sealed'],
  ['BlockCountExceedsLimit', 'it has as many blocks as an append blob may have'],
]);

const pathCodes: ReadonlySet<string> = new Set([
  'InvalidResourceName',
  'InvalidUri',
  'PathConflict',
  'ResourceTypeMismatch',
  'InvalidSourceOrDestinationResourceType',
]);

function unreachable({ place, cause }: Failure, said: string): DatastoreError {
  const message = `Storage account ${place.account} does not answer at ${new URL(place.containerUrl).host} (${said}).`;
  return new DatastoreError('store_unreachable', message, {
    cause,
    fix: 'Check account_name and endpoint, and the network between here and there.',
  });
}

function noToken({ place, cause }: Failure): DatastoreError {
  const who = capitalized(identityOf(place.credential));
  const message = `${who} got no token for container ${place.container} of storage account ${place.account}: ${cause.message}`;
  return new DatastoreError('store_permission_denied', message, {
    cause,
    fix:
      place.credential.kind === 'service-principal'
        ? 'Check credentials.tenant_id, client_id and client_secret, and whether the secret has expired.'
        : `Give this machine the identity, and the identity the role ${role} on the container; or name credentials in the datastore.`,
  });
}

function denied({ place, subject, cause }: Failure, answer: FailedAnswer): DatastoreError {
  const who = capitalized(identityOf(place.credential));
  const where = `container ${place.container} of storage account ${place.account}`;
  const message = `${who} was refused in ${where} for ${subject} (${answer.status} ${answer.code}): it needs the rights of the role ${role} there.`;
  return new DatastoreError('store_permission_denied', message, { cause, fix: remedy(place, answer) });
}

function remedy({ credential, account }: AzureAccount, { code, date }: FailedAnswer): string {
  const nowMs = Date.now();
  const expiry = credential.kind === 'sas-token' && new URLSearchParams(credential.sasToken).get('se');
  if (expiry && Date.parse(expiry) < nowMs) return `The SAS token expired at ${expiry}: give a new one.`;
  const skewMs = date === undefined ? 0 : nowMs - Date.parse(date);
  if (Math.abs(skewMs) > maxClockSkewMs) {
    const minutes = Math.round(Math.abs(skewMs) / 60_000);
    return `The clock of this machine is ${minutes} minutes ${skewMs > 0 ? 'ahead' : 'behind'}: set it.`;
  }
  if (code === 'KeyBasedAuthenticationNotPermitted') {
    return `Storage account ${account} takes no keys: leave credentials out and give an identity the role ${role}.`;
  }
  const firewall = code === 'AuthorizationFailure' ? ` Or its firewall keeps this machine out.` : '';
  switch (credential.kind) {
    case 'account-key':
      return `Check that credentials.account_key is a present key of ${account}.${firewall}`;
    case 'sas-token':
      return code === 'AuthenticationFailed'
        ? 'Check credentials.sas_token, and that the key that signed it was not replaced.'
        : `Give a token for this container with the permissions racwdl (read, add, create, write, delete, list).${firewall}`;
    case 'service-principal':
    case 'managed-identity':
    case 'default-identity':
      return `Give it the role ${role} on the container or the account; that takes some minutes to count.${firewall}`;
  }
}

function plainError({ credential }: AzureAccount, error: unknown): Error {
  const answer = failedAnswer(error);
  const found = systemFailure(error);
  const text = found.message.split('\n', 1)[0] ?? '';
  const said = answer?.status === undefined ? text : `${answer.status} ${answer.code}: ${text}`;
  const message = withoutSecrets(said, secretsOf(credential));
  return plainCause({ code: answer?.code ?? found.code, status: answer?.status, message });
}

/**
 * A connection that breaks while a body is read is told by the socket, or by the SDK as an abort. (A caller who gives up has his
 * `store_timeout` before.)
 */
function brokenConnection(error: unknown): FailedAnswer | undefined {
  const isAbort = error instanceof Error && error.name === 'AbortError';
  const code = isAbort ? 'connection broken' : systemFailure(error).code;
  return isAbort || isSystemCode(code) ? { status: undefined, code, date: undefined } : undefined;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
