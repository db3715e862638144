import { GleanerError } from './errors.ts';
import { dataVersionResourceId } from './resource-id.ts';

/** A workspace by the three names that its long URIs carry. */
export interface WorkspaceName {
  subscriptionId: string;
  resourceGroup: string;
  name: string;
}

/** A folder or file in a datastore. */
export interface DatastoreUri {
  datastore: string;
  /** Parts joined by single slashes; never empty, never with `.` or `..` parts, no slash at either end. */
  path: string;
  /** Given by the long form only: the datastore is another workspace's. */
  workspace?: WorkspaceName;
}

/** A registered data asset: one version of it, or the latest there is. */
export type DataReference = { name: string; version: string } | { name: string; label: 'latest' };

const segment = (key: string, group: string) => `${key}/(?<${group}>[^/]+)/`;
const ofWorkspace =
  segment('subscriptions', 'subscriptionId') +
  segment('resourcegroups', 'resourceGroup') +
  segment('workspaces', 'workspace');
const datastoreUri = new RegExp(
  `^azureml://(?:${ofWorkspace})?${segment('datastores', 'datastore')}paths/(?<path>.+)$`,
  'is',
);

/**
 * Reads the short form `azureml://datastores/<ds>/paths/<path>` and the long form
 * `azureml://subscriptions/<s>/resourcegroups/<g>/workspaces/<w>/datastores/<ds>/paths/<path>`. Blanks around the text and
 * slashes at its end are dropped, as YAML samples of the original carry both.
 *
 * @throws GleanerError `datastore_uri_invalid`, beginning with the words of `azure-ai-ml`.
 */
export function parseDatastoreUri(text: string): DatastoreUri {
  const { datastore, path, subscriptionId, resourceGroup, workspace } =
    datastoreUri.exec(text.trim())?.groups ?? {};
  if (datastore === undefined || path === undefined) throw invalidUri(text, 'its form is not known');

  const uri: DatastoreUri = { datastore, path: withoutSlashesAtEnd(path) };
  if (subscriptionId !== undefined && resourceGroup !== undefined && workspace !== undefined) {
    uri.workspace = { subscriptionId, resourceGroup, name: workspace };
  }
  for (const part of [...Object.values(uri.workspace ?? {}), datastore, ...uri.path.split('/')]) {
    const reason = unsafePart(part);
    if (reason !== undefined) throw invalidUri(text, reason);
  }
  return uri;
}

/** The short form, or the long one when the URI names a workspace. */
export function formatDatastoreUri({ datastore, path, workspace }: DatastoreUri): string {
  const place = `datastores/${datastore}/paths/${path}`;
  if (workspace === undefined) return `azureml://${place}`;
  const { subscriptionId, resourceGroup, name } = workspace;
  return `azureml://subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/workspaces/${name}/${place}`;
}

/** Where the records of a collection go unless the deployment says otherwise. */
export function defaultCollectionUri(names: {
  endpoint: string;
  deployment: string;
  collection: string;
}): DatastoreUri {
  const path = `modelDataCollector/${names.endpoint}/${names.deployment}/${names.collection}`;
  return { datastore: 'workspaceblobstore', path };
}

/**
 * Reads `azureml:<name>:<version>`, `azureml:<name>@latest`, and the resource id of a version with or without `azureml:`
 * before it (what the original shows for a deployment that exists).
 *
 * @throws GleanerError `data_reference_invalid`
 */
export function parseDataReference(text: string): DataReference {
  const trimmed = text.trim();
  const id = dataVersionResourceId.parse(trimmed.replace(/^azureml:/, ''));
  if (id !== undefined) return { name: id.name, version: id.version };
  const { name, version } =
    /^azureml:(?<name>[^:@/\\]+)(?::(?<version>[^:@/\\]+)|@latest)$/.exec(trimmed)?.groups ?? {};
  if (name !== undefined) return version === undefined ? { name, label: 'latest' } : { name, version };
  throw new GleanerError('data_reference_invalid', `${JSON.stringify(text)} does not name a data asset.`, {
    fix: 'Write azureml:<name>:<version> or azureml:<name>@latest.',
  });
}

export function formatDataReference(reference: DataReference): string {
  return 'version' in reference
    ? `azureml:${reference.name}:${reference.version}`
    : `azureml:${reference.name}@${reference.label}`;
}

/** In one pass: `replace(/\/+$/, '')` takes quadratic time for slashes that are followed by something. */
function withoutSlashesAtEnd(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

function unsafePart(part: string): string | undefined {
  if (part === '') return 'a part of it is empty';
  if (part === '.' || part === '..') return `the part '${part}' leads elsewhere`;
  if (/[\\\p{Cc}]/u.test(part)) return 'it holds a backslash or control character';
  return part.isWellFormed() ? undefined : 'it holds half of a surrogate pair';
}

function invalidUri(text: string, reason: string): GleanerError {
  return new GleanerError(
    'datastore_uri_invalid',
    `Path ${JSON.stringify(text)} is not a properly formatted datastore path: ${reason}.`,
    { fix: 'Write azureml://datastores/<datastore>/paths/<path>.' },
  );
}
