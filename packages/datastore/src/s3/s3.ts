import type * as Sdk from '@aws-sdk/client-s3';
import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { Datastore } from '../datastore.ts';
import type { StoreContext, StoreKind, StoreSettings } from '../kind.ts';
import { bucketPlace } from '../bucket-place.ts';
import { createObjectDatastore } from '../object-datastore.ts';
import { createS3Service } from './service.ts';
import { defaultRegion, identityOf, parseS3Settings, s3Keys } from './settings.ts';
import type { S3Login, S3Settings } from './settings.ts';

export const s3Kind: StoreKind = {
  type: 's3',
  description:
    'A bucket of Amazon S3, or of another service that speaks its language (MinIO, Ceph, R2, Versity).',
  keys: s3Keys,
  fromUrl: (address) => bucketPlace(address, 's3://'),
  clockUrl: ({ endpoint, region = defaultRegion }) => endpoint ?? `https://s3.${region}.amazonaws.com`,
  open: openS3Datastore,
};

/**
 * A bucket as a datastore of whole objects. Large objects are put in parts; what a killed process leaves of them, a lifecycle
 * rule of the bucket removes (`AbortIncompleteMultipartUpload`).
 * Errors: `store_settings_invalid`.
 */
export async function openS3Datastore(
  settings: StoreSettings,
  context: StoreContext,
  { pageObjects = 1000 }: { pageObjects?: number } = {},
): Promise<Datastore> {
  const parsed = parseS3Settings(settings, context, process.env);
  const { bucket, login, endpoint } = parsed;
  const sdk = await import('@aws-sdk/client-s3');
  const config = { ...(await loginConfig(login)), ...connectionConfig(parsed) };
  const client = new sdk.S3Client({ ...config, region: parsed.region ?? (await ambientRegion(sdk, config)) });
  const secrets = login.kind === 'keys' ? [login.secretAccessKey, login.sessionToken ?? ''] : [];
  const access = { bucket, identity: identityOf(login), service: endpoint ?? 'S3', secrets };
  return createObjectDatastore(createS3Service({ sdk, client, access }), { pageObjects });
}

const maxConnections = 16;
const silent = () => undefined;

function connectionConfig({ endpoint, isOtherService, isPathStyle }: S3Settings): S3ClientConfig {
  const agent = { keepAlive: true, maxSockets: maxConnections, proxyEnv: process.env };
  return {
    ...(endpoint !== undefined && { endpoint }),
    forcePathStyle: isPathStyle,
    // Who calls tries again, and knows when.
    maxAttempts: 1,
    requestHandler: { httpAgent: agent, httpsAgent: agent },
    // Other services do not know the newer checksums; the signature covers the bytes anyway.
    ...(isOtherService && {
      requestChecksumCalculation: 'WHEN_REQUIRED' as const,
      responseChecksumValidation: 'WHEN_REQUIRED' as const,
    }),
    logger: { trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  };
}

async function loginConfig(login: S3Login): Promise<S3ClientConfig> {
  switch (login.kind) {
    case 'keys': {
      const { accessKeyId, secretAccessKey, sessionToken } = login;
      const token = sessionToken !== undefined && { sessionToken };
      return { credentials: { accessKeyId, secretAccessKey, ...token } };
    }
    case 'profile':
      return { profile: login.profile };
    case 'role': {
      const { fromTokenFile } = await import('@aws-sdk/credential-provider-web-identity');
      const { roleArn, tokenFile: webIdentityTokenFile } = login;
      return { credentials: fromTokenFile({ roleArn, webIdentityTokenFile }) };
    }
    case 'chain':
      return {};
  }
}

/** What the client finds in the environment or the profile; it rejects when that is nothing. */
async function ambientRegion(sdk: typeof Sdk, config: S3ClientConfig): Promise<string> {
  const client = new sdk.S3Client(config);
  try {
    return await client.config.region();
  } catch {
    return defaultRegion;
  } finally {
    client.destroy();
  }
}
