import { DatastoreError } from '../errors.ts';
import type { StoreSettings } from '../kind.ts';

/** A container, and who comes to it: the keys of a datastore, read once. */
export interface AzureAccount {
  account: string;
  container: string;
  /** Without a SAS token: to show. */
  containerUrl: string;
  credential: AzureCredential;
}

export type AzureCredential =
  | { kind: 'account-key'; accountKey: string }
  | { kind: 'sas-token'; sasToken: string }
  | {
      kind: 'service-principal';
      tenantId: string;
      clientId: string;
      clientSecret: string;
      authorityUrl?: string;
    }
  | { kind: 'managed-identity'; clientId: string }
  | { kind: 'default-identity' };

export interface AzureAccountOptions {
  /** The key that names the container: `container_name`, or `filesystem`. */
  containerKey: string;
  /** Of the managed identity that writes; counts when the settings hold no credentials. */
  clientId?: string | undefined;
}

/** Errors: `store_settings_invalid` for names Azure does not know, and for keys that do not go together. */
export function azureAccount(settings: StoreSettings, options: AzureAccountOptions): AzureAccount {
  const account = settings['account_name'] ?? '';
  const container = settings[options.containerKey] ?? '';
  if (!/^[a-z0-9]{3,24}$/.test(account)) {
    throw invalid(`account_name '${account}' is no name of a storage account.`, accountRule);
  }
  if (!isContainerName(container)) {
    throw invalid(`${options.containerKey} '${container}' is no name of a container.`, containerRule);
  }
  const credential = credentialOf(settings, options.clientId);
  const protocol = settings['protocol'] ?? 'https';
  if (protocol !== 'https' && protocol !== 'http')
    throw invalid(`protocol '${protocol}' is not known.`, 'Write https or http.');
  if (protocol === 'http' && sendsTokens(credential)) {
    throw invalid(
      'protocol is http, and an identity needs https: its tokens would be readable on the way.',
      'Write protocol: https, or use an account key or a SAS token.',
    );
  }
  const accountUrl = accountUrlOf({ account, protocol, endpoint: settings['endpoint'] ?? defaultEndpoint });
  return { account, container, containerUrl: `${accountUrl}/${container}`, credential };
}

/** The credential in words, for messages. */
export function identityOf(credential: AzureCredential): string {
  switch (credential.kind) {
    case 'account-key':
      return 'the account key';
    case 'sas-token':
      return 'the SAS token';
    case 'service-principal':
      return `the service principal ${credential.clientId}`;
    case 'managed-identity':
      return `the managed identity ${credential.clientId}`;
    case 'default-identity':
      return 'the default identity of this machine';
  }
}

/** What must not be seen in any message. */
export function secretsOf(credential: AzureCredential): string[] {
  switch (credential.kind) {
    case 'account-key':
      return [credential.accountKey];
    case 'sas-token': {
      const { sasToken } = credential;
      const signature = new URLSearchParams(sasToken).get('sig') ?? '';
      return [sasToken, encodeURIComponent(signature), signature].filter((secret) => secret !== '');
    }
    case 'service-principal':
      return [credential.clientSecret];
    case 'managed-identity':
    case 'default-identity':
      return [];
  }
}

export const defaultEndpoint = 'core.windows.net';

const accountRule = 'Write the 3 to 24 lower-case letters and digits of its name, without a domain.';
const containerRule =
  'A container has 3 to 63 lower-case letters, digits and single hyphens, and starts and ends with a letter or digit.';

function isContainerName(name: string): boolean {
  return name.length >= 3 && name.length <= 63 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
}

function accountUrlOf(parts: { account: string; protocol: string; endpoint: string }): string {
  const { account, protocol, endpoint } = parts;
  const host = /^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:\d{1,5})?$/i.exec(endpoint)?.[1];
  if (host === undefined) {
    throw invalid(
      `endpoint '${endpoint}' is no domain of Azure and no address.`,
      `Write it without protocol, account and path, such as ${defaultEndpoint}, or 127.0.0.1:10000 for Azurite.`,
    );
  }
  // An address, or a machine of the local network: there the account cannot be a part of the host's name.
  const isPathStyle = host.startsWith('[') || !host.includes('.') || /^\d+(\.\d+){3}$/.test(host);
  return isPathStyle ? `${protocol}://${endpoint}/${account}` : `${protocol}://${account}.blob.${endpoint}`;
}

function credentialOf(settings: StoreSettings, clientId: string | undefined): AzureCredential {
  const given = credentialKeys.filter((key) => settings[key] !== undefined);
  for (const key of given) {
    if (settings[key]?.trim() === '')
      throw invalid(`${key} is empty.`, 'Give its value, or leave the key out.');
  }
  const has = (key: string) => given.includes(key);
  const kinds = [
    has('credentials.account_key') && 'an account key',
    has('credentials.sas_token') && 'a SAS token',
    given.some((key) => principalKeys.includes(key)) && 'a service principal',
  ].filter((kind) => kind !== false);
  if (kinds.length > 1) {
    throw invalid(`credentials holds ${kinds.join(' and ')}.`, 'Keep one of them.');
  }
  const { 'credentials.account_key': accountKey, 'credentials.sas_token': sasToken } = settings;
  if (accountKey !== undefined) return { kind: 'account-key', accountKey: accountKeyOf(accountKey) };
  if (sasToken !== undefined) return { kind: 'sas-token', sasToken: sasTokenOf(sasToken) };
  if (kinds.length === 1) return principalOf(settings);
  return clientId === undefined ? { kind: 'default-identity' } : { kind: 'managed-identity', clientId };
}

const principalKeys = [
  'credentials.tenant_id',
  'credentials.client_id',
  'credentials.client_secret',
  'credentials.authority_url',
];
const credentialKeys = ['credentials.account_key', 'credentials.sas_token', ...principalKeys];

function accountKeyOf(text: string): string {
  const accountKey = text.trim();
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(accountKey) && accountKey.length % 4 === 0) return accountKey;
  throw invalid(
    'credentials.account_key is not base64.',
    'Copy key1 or key2 of the account, not its connection string.',
  );
}

function sasTokenOf(text: string): string {
  const sasToken = text.trim().replace(/^\?/, '');
  const parameters = new URLSearchParams(sasToken);
  if (parameters.has('sig') && parameters.has('sv')) return sasToken;
  throw invalid(
    'credentials.sas_token is no SAS token: it has no sv or no sig.',
    'Copy the token, which starts with "sv=" or "?sv=", not the URL of the container.',
  );
}

function principalOf(settings: StoreSettings): AzureCredential {
  const {
    'credentials.tenant_id': tenantId,
    'credentials.client_id': clientId,
    'credentials.client_secret': clientSecret,
    'credentials.authority_url': authorityUrl,
  } = settings;
  if (tenantId === undefined || clientId === undefined || clientSecret === undefined) {
    const missing = principalKeys.slice(0, 3).filter((key) => settings[key] === undefined);
    throw invalid(
      `A service principal needs ${missing.join(' and ')}, too.`,
      'Give all three. To choose one of the managed identities of this machine, name it in the collection, and no credentials here.',
    );
  }
  const principal = { kind: 'service-principal' as const, tenantId, clientId, clientSecret };
  if (authorityUrl === undefined) return principal;
  if (!authorityUrl.startsWith('https://') || !URL.canParse(authorityUrl)) {
    throw invalid(
      `credentials.authority_url '${authorityUrl}' is no https URL.`,
      'Write https://login.microsoftonline.com, or that of your cloud.',
    );
  }
  return { ...principal, authorityUrl };
}

function sendsTokens({ kind }: AzureCredential): boolean {
  return kind !== 'account-key' && kind !== 'sas-token';
}

function invalid(message: string, fix: string): DatastoreError {
  return new DatastoreError('store_settings_invalid', message, { fix });
}
