import { DatastoreError } from '../errors.ts';
import { plainAddress } from '../plain-address.ts';
import type { StoreContext, StoreKey, StoreSettings } from '../kind.ts';

export const defaultEndpoint = 'https://storage.googleapis.com';

export const gcsKeys = {
  bucket: { description: 'The bucket; it has to be there.', required: true },
  endpoint: {
    description:
      'Address of the service when it is not `https://storage.googleapis.com`, such as that of Private Service Connect. On loopback, without `credentials_file`, it is taken for an emulator, and nobody logs in.',
  },
  credentials_file: {
    description:
      'A file of credentials: the key of a service account, of a user, or a configuration of workload identity federation. Left out: the default credentials of the machine (`GOOGLE_APPLICATION_CREDENTIALS`, `gcloud auth application-default login`, workload identity).',
    form: 'path',
  },
  project: { description: 'The project that pays, where the bucket asks its callers to.' },
} as const satisfies Record<string, StoreKey>;

export interface GcsSettings {
  bucket: string;
  /** Without a slash at the end. */
  endpoint: string;
  project: string | undefined;
  login: GcsLogin;
}

/** Who writes. */
export type GcsLogin = { kind: 'file'; path: string } | { kind: 'ambient' } | { kind: 'none' };

/** Errors: `store_settings_invalid`. */
export function parseGcsSettings(settings: StoreSettings, { clientId }: StoreContext): GcsSettings {
  const { bucket = '', project, credentials_file: path } = settings;
  checkBucket(bucket);
  if (clientId !== undefined)
    throw invalid(
      `client_id ${JSON.stringify(clientId)} means nothing here: a machine of Google has one service account`,
      'Leave client_id out, or name a credentials_file.',
    );
  const { endpoint, isLoopback } = parseEndpoint(settings['endpoint'] ?? defaultEndpoint);
  const login: GcsLogin =
    path !== undefined ? { kind: 'file', path } : { kind: isLoopback ? 'none' : 'ambient' };
  return { bucket, endpoint, project, login };
}

/** In words, for messages. */
export function identityOf(login: GcsLogin): string {
  switch (login.kind) {
    case 'file':
      return `the identity of credentials file ${login.path}`;
    case 'ambient':
      return 'the default credentials of this machine';
    case 'none':
      return 'nobody (no login is tried on loopback)';
  }
}

/** The rules of Google: names with dots are domains, of up to 222 characters. */
function checkBucket(bucket: string): void {
  const isName = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(bucket);
  const areParts = bucket.split('.').every((part) => part.length > 0 && part.length <= 63);
  const isTaken =
    bucket.startsWith('goog') || bucket.includes('google') || /^\d+\.\d+\.\d+\.\d+$/.test(bucket);
  if (isName && areParts && !isTaken) return;
  throw invalid(
    `${JSON.stringify(bucket)} is no name of a bucket`,
    'Name it alone, without gs://: 3 to 63 lower-case letters, digits, hyphens, underscores and dots.',
  );
}

function parseEndpoint(endpoint: string): { endpoint: string; isLoopback: boolean } {
  const url = plainAddress(endpoint);
  // Never shown: somebody may have written a password into it.
  if (url === undefined)
    throw invalid('endpoint is no plain https:// address', 'Write https://<host>[:<port>].');
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'http:' && !isLoopback)
    throw invalid(
      'endpoint is not encrypted, and a token would travel in it',
      'Write https://, or use loopback.',
    );
  return { endpoint: url.href.replace(/\/+$/, ''), isLoopback };
}

function invalid(what: string, fix: string): DatastoreError {
  return new DatastoreError('store_settings_invalid', `The gcs datastore cannot be opened: ${what}.`, {
    fix,
  });
}
