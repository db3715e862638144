/** Data by the names that a workspace has for them: `azureml:<asset>:<version>`, and `<endpoint>/<deployment>/<collection>`. */
import { readDatastore } from '@gleaner/datastore';
import type { DatastoreConfig } from '@gleaner/datastore';
import { dataVersionResourceId, GleanerError, openYaml, parseDataReference } from '@gleaner/protocol';
import type { WorkspaceName } from '@gleaner/protocol';
import { datastoreFromRest } from '@gleaner/workspace/api';
import type { DatastoreBody, DataVersion, OnlineDeployment } from '@gleaner/workspace/api';
import { usageError } from '../../output/failure.ts';
import { createClient } from '../ml/client.ts';
import type { Client } from '../ml/client.ts';
import { latestVersion, versionPath } from '../ml/versions.ts';

export function isAssetAddress(address: string): boolean {
  return /^azureml:(?!\/\/)/i.test(address);
}

/** The `azureml://` path of a data asset. Errors: `data_reference_invalid`, `usage_invalid`, those of the client. */
export async function assetUri(address: string): Promise<string> {
  const reference = parseDataReference(address);
  return asked(`no data asset ${address}`, async (client) => {
    const version =
      'version' in reference ? reference.version : await latestVersion(client, 'data', reference.name);
    return uriOf(client, versionPath('data', reference.name, version));
  });
}

/** The same for what a deployment collects; a folder within the collection may stand behind. */
export async function collectionUri(address: string): Promise<string> {
  const [endpoint = '', deployment = '', collection = '', ...rest] = address
    .split('/')
    .filter((part) => part !== '');
  const nothing = `nothing at ${address}: no folder, and no collection of a deployment`;
  if (address.startsWith('/') || collection === '')
    throw usageError(`There is nothing at ${address}.`, folderFix);
  return asked(nothing, async (client) => {
    const [e, d] = [endpoint, deployment].map(encodeURIComponent);
    const found = await client.get<OnlineDeployment>(`/onlineEndpoints/${e}/deployments/${d}`);
    const id = found.properties.dataCollector?.collections[collection]?.dataId;
    const asset = id === undefined || id === null ? undefined : dataVersionResourceId.parse(id);
    if (asset === undefined) throw notThere(nothing);
    const uri = await uriOf(client, versionPath('data', asset.name, asset.version));
    return [uri.replace(/\/+$/, ''), ...rest].join('/');
  });
}

const folderFix =
  'Name a folder of collected data, a file of it, or <endpoint>/<deployment>/<collection> of a workspace.';

/** How to open a datastore of the workspace, with its secrets. Errors: `usage_invalid`, those of the client. */
export async function workspaceDatastore(name: string, workspace?: WorkspaceName): Promise<DatastoreConfig> {
  const what = `no datastore '${name}'`;
  const path = `/datastores/${encodeURIComponent(name)}`;
  return asked(
    what,
    async (client) => {
      const body = await client.get<DatastoreBody>(path);
      const isFolder = body.properties.datastoreType.toLowerCase() === 'folder';
      const { body: secrets } = isFolder
        ? { body: {} }
        : await client.send<Record<string, string>>({ method: 'POST', path: `${path}/listSecrets` });
      // JSON is YAML: the reader of files checks it as it would a file.
      const { root, report } = openYaml(Buffer.from(JSON.stringify(datastoreFromRest(body, secrets) ?? {})));
      const config = root === undefined ? undefined : readDatastore(root, report, { folder: '/' });
      if (config !== undefined) return config;
      throw usageError(
        `The datastore '${name}' of the workspace is of a kind that is not known here: ${body.properties.datastoreType}.`,
        'Read it with the Gleaner that made it.',
      );
    },
    workspace,
  );
}

async function uriOf(client: Client, path: string): Promise<string> {
  return (await client.get<DataVersion>(path)).properties.dataUri;
}

/** `what`: what there is not, when the workspace does not have it, or does not answer. */
async function asked<T>(
  what: string,
  work: (client: Client) => Promise<T>,
  workspace?: WorkspaceName,
): Promise<T> {
  const {
    subscriptionId: subscription = '00000000-0000-0000-0000-000000000000',
    resourceGroup = 'local',
    name: workspaceName = 'local',
  } = workspace ?? {};
  try {
    return await work(createClient({ output: 'json', subscription, resourceGroup, workspaceName }));
  } catch (error) {
    if (!(error instanceof GleanerError)) throw error;
    if (error.code === 'workspace_not_found') throw notThere(what);
    if (error.code !== 'workspace_unreachable') throw error;
    throw usageError(
      `There is ${what}. ${error.message}`,
      `${what.startsWith('no datastore') ? datastoreFix : folderFix} A workspace is started with gleaner up, and found with GLEANER_SERVER.`,
    );
  }
}

const datastoreFix =
  'Name it in a file, and the file with -f: a collector configuration, or the file of a datastore.';

function notThere(what: string): Error {
  return usageError(
    `There is ${what} of the workspace.`,
    'Look with gleaner ml data list, and gleaner ml datastore list.',
  );
}
