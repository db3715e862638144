import type { ContainerClient, StoragePipelineOptions } from '@azure/storage-blob';
import type { AzureAccount, AzureCredential } from './account.ts';

/**
 * The SDK's client of a container; asks for no token and makes no call yet. Retries are the caller's, so those of the SDK are
 * off. The SDK is loaded here and not before: who writes to a folder never loads it.
 */
export async function openContainer(account: AzureAccount): Promise<ContainerClient> {
  const { ContainerClient, StorageSharedKeyCredential } = await import('@azure/storage-blob');
  const { containerUrl, credential } = account;
  switch (credential.kind) {
    case 'account-key': {
      const key = new StorageSharedKeyCredential(account.account, credential.accountKey);
      return new ContainerClient(containerUrl, key, pipelineOptions);
    }
    case 'sas-token':
      return new ContainerClient(`${containerUrl}?${credential.sasToken}`, undefined, pipelineOptions);
    case 'service-principal':
    case 'managed-identity':
    case 'default-identity':
      return new ContainerClient(containerUrl, await tokenCredential(credential), pipelineOptions);
  }
}

const pipelineOptions: StoragePipelineOptions = {
  retryOptions: { maxTries: 1 },
  keepAliveOptions: { enable: true },
};

type TokenIdentity = Exclude<AzureCredential, { kind: 'account-key' | 'sas-token' }>;

async function tokenCredential(identity: TokenIdentity) {
  const { ClientSecretCredential, DefaultAzureCredential, ManagedIdentityCredential } =
    await import('@azure/identity');
  const retryOptions = { maxRetries: 0 };
  switch (identity.kind) {
    case 'service-principal': {
      const { tenantId, clientId, clientSecret, authorityUrl } = identity;
      // Who names the authority need not have it confirmed by that of the public cloud.
      const authority = authorityUrl !== undefined && {
        authorityHost: authorityUrl,
        disableInstanceDiscovery: true,
      };
      return new ClientSecretCredential(tenantId, clientId, clientSecret, { retryOptions, ...authority });
    }
    case 'managed-identity':
      // On Kubernetes with workload identity (AZURE_FEDERATED_TOKEN_FILE) it exchanges the pod's token for this client id.
      return new ManagedIdentityCredential({ clientId: identity.clientId, retryOptions });
    case 'default-identity':
      return new DefaultAzureCredential({ retryOptions });
  }
}
