import { DatastoreError } from '../errors.ts';
import { plainAddress } from '../plain-address.ts';
import type { StoreContext, StoreKey, StoreSettings } from '../kind.ts';

/** What most other services take, too. */
export const defaultRegion = 'us-east-1';

export const s3Keys = {
  bucket: { description: 'The bucket; it has to be there.', required: true },
  region: {
    description:
      'The region of the bucket. Left out: `AWS_REGION`, or that of the profile, or `us-east-1`, which is what most other services take.',
  },
  endpoint: {
    description: 'Address of another service that speaks S3, such as `https://minio.example:9000`.',
  },
  path_style: {
    description:
      'Whether the bucket stands in the path of a request (`true`) or in its host name (`false`). Left out: in the path, where `endpoint` is another service.',
    form: 'flag',
  },
  profile: { description: "A profile of AWS's own configuration files." },
  'credentials.access_key_id': {
    description:
      "An access key. Without one, and without `profile`: AWS's default chain (environment, profile, web identity, role of the container or machine). `client_id` of a collection is the ARN of a role to take on with the web identity of `AWS_WEB_IDENTITY_TOKEN_FILE`, in place of `AWS_ROLE_ARN`.",
  },
  'credentials.secret_access_key': { description: 'Its secret.', secret: true },
  'credentials.session_token': {
    description: 'The token that belongs to a temporary access key.',
    secret: true,
  },
} as const satisfies Record<string, StoreKey>;

export interface S3Settings {
  bucket: string;
  region: string | undefined;
  endpoint: string | undefined;
  /** Not AWS, and so maybe without its newest inventions. */
  isOtherService: boolean;
  isPathStyle: boolean;
  login: S3Login;
}

/** Who writes. */
export type S3Login =
  | { kind: 'keys'; accessKeyId: string; secretAccessKey: string; sessionToken: string | undefined }
  | { kind: 'profile'; profile: string }
  | { kind: 'role'; roleArn: string; tokenFile: string }
  | { kind: 'chain' };

/** Errors: `store_settings_invalid`. `environment` tells whether there is a web identity. */
export function parseS3Settings(
  settings: StoreSettings,
  { clientId }: StoreContext,
  environment: NodeJS.ProcessEnv,
): S3Settings {
  const { bucket = '', region, path_style: pathStyle } = settings;
  checkBucket(bucket);
  if (pathStyle !== undefined && pathStyle !== 'true' && pathStyle !== 'false')
    throw invalid(`path_style is ${JSON.stringify(pathStyle)}`, 'Write true or false.');
  const endpoint = parseEndpoint(settings['endpoint']);
  const isOtherService =
    endpoint !== undefined && !/(^|\.)amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname);
  const isPathStyle = pathStyle === undefined ? isOtherService : pathStyle === 'true';
  const login = parseLogin(settings, { clientId, environment });
  return { bucket, region, endpoint, isOtherService, isPathStyle, login };
}

/** In words, for messages. The id of an access key is no secret. */
export function identityOf(login: S3Login): string {
  switch (login.kind) {
    case 'keys':
      return `access key ${login.accessKeyId}`;
    case 'profile':
      return `profile ${login.profile}`;
    case 'role':
      return `role ${login.roleArn}`;
    case 'chain':
      return "the identity of AWS's default chain";
  }
}

/** The rules of AWS for buckets that applications make, which other services share. */
function checkBucket(bucket: string): void {
  const isName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket);
  if (isName && !bucket.includes('..') && !/^\d+\.\d+\.\d+\.\d+$/.test(bucket)) return;
  throw invalid(
    `${JSON.stringify(bucket)} is no name of a bucket`,
    'Name it alone, without s3://: 3 to 63 lower-case letters, digits, dots and hyphens.',
  );
}

function parseEndpoint(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return undefined;
  // Never shown: somebody may have written a password into it.
  if (plainAddress(endpoint) === undefined)
    throw invalid('endpoint is no plain http:// or https:// address', 'Write https://<host>[:<port>].');
  return endpoint;
}

function parseLogin(
  settings: StoreSettings,
  { clientId, environment }: { clientId: string | undefined; environment: NodeJS.ProcessEnv },
): S3Login {
  const { profile } = settings;
  const accessKeyId = settings['credentials.access_key_id'];
  const secretAccessKey = settings['credentials.secret_access_key'];
  const sessionToken = settings['credentials.session_token'];
  const hasKeys = accessKeyId !== undefined || secretAccessKey !== undefined || sessionToken !== undefined;
  const named = [
    hasKeys && 'credentials',
    profile !== undefined && 'profile',
    clientId !== undefined && 'client_id',
  ];
  const both = named.filter((name) => name !== false);
  if (both.length > 1) throw invalid(`${both.join(' and ')} each name an identity`, 'Keep one of them.');
  if (hasKeys) {
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      const [given, missing] =
        accessKeyId === undefined
          ? ['a secret or token', 'access_key_id']
          : ['an access key', 'secret_access_key'];
      throw invalid(`credentials have ${given} but no ${missing}`, `Add credentials.${missing}.`);
    }
    return { kind: 'keys', accessKeyId, secretAccessKey, sessionToken };
  }
  if (profile !== undefined) return { kind: 'profile', profile };
  if (clientId === undefined) return { kind: 'chain' };
  if (!/^arn:[\w-]+:iam::\d{12}:role\/\S+$/.test(clientId))
    throw invalid(
      `client_id ${JSON.stringify(clientId)} is no role`,
      'Write arn:aws:iam::<account>:role/<name>.',
    );
  const tokenFile = environment['AWS_WEB_IDENTITY_TOKEN_FILE'];
  if (!tokenFile)
    throw invalid(
      `client_id asks for ${clientId}, and there is no web identity to take it on with`,
      'Set AWS_WEB_IDENTITY_TOKEN_FILE (a service account of Kubernetes does), or leave client_id out.',
    );
  return { kind: 'role', roleArn: clientId, tokenFile };
}

function invalid(what: string, fix: string): DatastoreError {
  return new DatastoreError('store_settings_invalid', `The s3 datastore cannot be opened: ${what}.`, { fix });
}
