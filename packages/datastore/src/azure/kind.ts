import type { StoreKey, StoreKind, StorePlace } from '../kind.ts';
import { azureAccount, defaultEndpoint } from './account.ts';
import { openAzureDatastore } from './azure.ts';

const accountName: StoreKey = { description: 'Name of the storage account.', required: true };

const shared: Record<string, StoreKey> = {
  endpoint: {
    description:
      'Domain of the cloud. An address or a plain host name, with its port, puts the account into the path, as Azurite has it.',
    default: defaultEndpoint,
  },
  protocol: { description: '`https` or `http`. Identities need `https`.', default: 'https' },
  'credentials.account_key': { description: 'A key of the storage account.', secret: true },
  'credentials.sas_token': {
    description: 'A shared access signature for the container with the permissions `racwdl`.',
    secret: true,
  },
  'credentials.tenant_id': { description: 'Tenant of a service principal.' },
  'credentials.client_id': { description: 'Client id of a service principal.' },
  'credentials.client_secret': { description: 'Secret of a service principal.', secret: true },
  'credentials.authority_url': {
    description: 'Where a service principal signs in; default: `https://login.microsoftonline.com`.',
  },
};

/** Without credentials an identity writes: the managed one of `client_id`, or the default one of this machine. */
export const azureBlobKind: StoreKind = {
  type: 'azure_blob',
  description: 'Blobs in a container of an Azure storage account.',
  keys: {
    account_name: accountName,
    container_name: { description: 'Name of the container; it must exist.', required: true },
    ...shared,
  },
  fromUrl: containerPlace,
  clockUrl: (settings) => azureAccount(settings, { containerKey: 'container_name' }).containerUrl,
  open: async (settings, { clientId }) =>
    openAzureDatastore(azureAccount(settings, { containerKey: 'container_name', clientId })),
};

/** Through the account's blob endpoint (decision 0013): a file system is a container there. */
export const azureDataLakeKind: StoreKind = {
  type: 'azure_data_lake_gen2',
  description: 'Files in a file system of an Azure Data Lake Storage Gen2 account.',
  keys: {
    account_name: accountName,
    filesystem: { description: 'Name of the file system; it must exist.', required: true },
    ...shared,
  },
  clockUrl: (settings) => azureAccount(settings, { containerKey: 'filesystem' }).containerUrl,
  open: async (settings, { clientId }) =>
    openAzureDatastore(azureAccount(settings, { containerKey: 'filesystem', clientId })),
};

/** `https://<account>.blob.<endpoint>/<container>/<path>`; a query is left out, as it may be a SAS token. */
function containerPlace(address: string): StorePlace | undefined {
  const { protocol = '', hostname = '', pathname = '' } = URL.parse(address) ?? {};
  const [, account, endpoint] = /^([a-z0-9]{3,24})\.blob\.([a-z0-9.-]+)$/.exec(hostname) ?? [];
  const [, container, path = ''] = /^\/([^/]+)(?:\/(.*))?$/.exec(pathname) ?? [];
  if (
    !isEncoded(path) ||
    protocol !== 'https:' ||
    account === undefined ||
    endpoint === undefined ||
    container === undefined
  )
    return undefined;
  const settings = { account_name: account, container_name: container, endpoint, protocol: 'https' };
  return { settings, path: decodeURIComponent(path) };
}

function isEncoded(path: string): boolean {
  return !/%(?![0-9a-f]{2})/i.test(path);
}
