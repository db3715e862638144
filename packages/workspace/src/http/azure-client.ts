/**
 * What is said in other words to `azure-ai-ml`, which fails on a kind of store that it does not know: folders of this machine are
 * blob containers to it. The default one takes its uploads; the others can be named in paths.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';

import { uploadFolder } from '../artifacts/upload.ts';
import type { UploadGrants } from '../artifacts/upload-grant.ts';
import { defaultDatastore } from '../resources/datastores.ts';
import type { ServerContext } from './server.ts';
import { accountName, blobPath, storageSuffix } from './storage-address.ts';

interface Shown {
  name?: unknown;
  properties?: Record<string, unknown>;
}

/** The kinds that it knows. */
const known = new Set(['AzureBlob', 'AzureDataLakeGen2', 'AzureFile', 'AzureDataLakeGen1', 'OneLake']);

/** For the routes of a workspace. */
export function speakToAzureClients(
  scope: FastifyInstance,
  { context, grants }: { context: ServerContext; grants: UploadGrants },
): void {
  const show = (datastore: Shown): Shown =>
    datastore.properties?.['datastoreType'] === 'Folder'
      ? asContainer(datastore, context.publicUrl)
      : datastore;
  scope.addHook('preSerialization', async (request, reply, payload: unknown) => {
    const route = request.routeOptions.url ?? '';
    if (!isAzureClient(request) || reply.statusCode >= 400) return payload;
    if (!route.includes('/datastores')) return isVersion(route) ? each(payload, withEmpty) : payload;
    if (route.endsWith('/listSecrets'))
      return isDefault(request)
        ? { secretsType: 'Sas', sasToken: await grants.issue(uploadFolder) }
        : payload;
    if (!isList(payload)) return show(payload as Shown);
    return each({ value: payload.value.filter(({ properties }) => isKnown(properties)) }, show);
  });
  scope.addHook('preValidation', async (request) => {
    const { routeOptions, method, body } = request;
    // It sends the key that is, and means a new one.
    if (routeOptions.url?.endsWith('/regenerateKeys') === true && isAzureClient(request))
      Reflect.deleteProperty(Object(body), 'keyValue');
    const properties = (body as Shown | undefined)?.properties;
    if (method !== 'PUT' || typeof properties !== 'object' || properties === null) return;
    const labels = properties['properties'];
    if (typeof labels === 'object' && labels !== null) properties['properties'] = asTexts(labels);
    // Where it wrote its files, in the words of this workspace.
    for (const key of ['codeUri', 'modelUri', 'dataUri']) {
      const uri = properties[key];
      const path = typeof uri === 'string' ? blobPath(uri) : undefined;
      if (path !== undefined) properties[key] = `azureml://datastores/${defaultDatastore}/paths/${path}`;
    }
  });
}

/** It sends the version of a hash as a number, and null for what it was not told. */
function asTexts(labels: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(labels)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, typeof value === 'number' ? String(value) : value]),
  );
}

function isVersion(route: string): boolean {
  return /\/(data|models|codes|environments)\/:name\/versions(\/:version)?$/.test(route);
}

function each(payload: unknown, change: (shown: Shown) => Shown): unknown {
  return isList(payload) ? { ...payload, value: payload.value.map(change) } : change(payload as Shown);
}

/** It goes through these without looking whether they are there. */
function withEmpty({ properties, ...shown }: Shown): Shown {
  return { ...shown, properties: { flavors: {}, tags: {}, properties: {}, ...properties } };
}

function isAzureClient({ headers }: FastifyRequest): boolean {
  return /\bazure-ai-ml\//.test(headers['user-agent'] ?? '');
}

function isDefault({ params }: FastifyRequest): boolean {
  return (params as { name?: string }).name?.toLowerCase() === defaultDatastore;
}

function isList(payload: unknown): payload is { value: Shown[] } {
  return (
    typeof payload === 'object' && payload !== null && 'value' in payload && Array.isArray(payload.value)
  );
}

function isKnown(properties: Shown['properties']): boolean {
  const type = String(properties?.['datastoreType']);
  return type === 'Folder' || known.has(type);
}

function asContainer({ properties, ...shown }: Shown, address: string): Shown {
  const { path: _path, credentials: _credentials, ...labels } = properties ?? {};
  return {
    ...shown,
    properties: {
      ...labels,
      datastoreType: 'AzureBlob',
      accountName: accountName(address),
      containerName: shown.name,
      endpoint: storageSuffix,
      protocol: 'https',
      credentials: { credentialsType: 'Sas' },
    },
  };
}
