import { GleanerError } from '@gleaner/protocol';
import type { EndpointBody } from '@gleaner/protocol';
import { usageError } from '../../output/failure.ts';
import { createClient } from './client.ts';
import type { Client } from './client.ts';
import type { NamedEndpoint } from './endpoint.ts';
import { printEntity } from './show.ts';

export interface Keys {
  primaryKey: string;
  secondaryKey: string;
}

export interface Token {
  accessToken: string;
  expiryTimeUtc?: number;
  refreshAfterTimeUtc?: number;
  tokenType?: string;
}

/** The keys of an endpoint with `auth_mode: key`, a token of any other. */
export async function credentialsOf(
  client: Client,
  { name = '', properties }: EndpointBody,
): Promise<Keys | Token> {
  const path = `/onlineEndpoints/${name}/${properties.authMode === 'Key' ? 'listKeys' : 'token'}`;
  return (await client.send<Keys | Token>({ method: 'POST', path })).body;
}

export async function getCredentials(options: NamedEndpoint): Promise<void> {
  const client = createClient(options);
  const endpoint = await client.get<EndpointBody>(`/onlineEndpoints/${options.name}`);
  await printEntity({ ...(await credentialsOf(client, endpoint)) }, options);
}

export async function regenerateKeys(options: NamedEndpoint & { keyType: string }): Promise<void> {
  const client = createClient(options);
  const type = options.keyType.toLowerCase();
  if (type !== 'primary' && type !== 'secondary') {
    throw usageError("Key type must be 'primary' or 'secondary'.");
  }
  const path = `/onlineEndpoints/${options.name}`;
  const endpoint = await client.get<EndpointBody>(path);
  if (endpoint.properties.authMode !== 'Key') {
    throw new GleanerError(
      'keys_unused',
      `Endpoint '${options.name}' does not use keys for authentication.`,
      {
        fix: 'Ask for a token with gleaner ml online-endpoint get-credentials.',
      },
    );
  }
  const keyType = type === 'primary' ? 'Primary' : 'Secondary';
  await client.send({ method: 'POST', path: `${path}/regenerateKeys`, body: { keyType } });
}
