/** Datastores as a file has them (`account_name`) and as the REST interface has them (`accountName`). */
import type { DatastoreBody } from './resources.ts';

/** A datastore as its file or a collector's configuration has it: `type`, and the keys of that type. */
export type DatastoreFile = Readonly<Record<string, unknown>>;

interface Kind {
  type: string;
  datastoreType: string;
  keys: readonly string[];
  /** By what stands in `credentialsType`; the first of its keys tells it. */
  credentials: Readonly<Record<string, readonly string[]>>;
}

const azureCredentials = {
  AccountKey: ['account_key'],
  Sas: ['sas_token'],
  ServicePrincipal: ['client_secret', 'client_id', 'tenant_id', 'authority_url'],
};

const kinds: readonly Kind[] = [
  { type: 'folder', datastoreType: 'Folder', keys: ['path'], credentials: {} },
  {
    type: 'azure_blob',
    datastoreType: 'AzureBlob',
    keys: ['account_name', 'container_name', 'endpoint', 'protocol'],
    credentials: azureCredentials,
  },
  {
    type: 'azure_data_lake_gen2',
    datastoreType: 'AzureDataLakeGen2',
    keys: ['account_name', 'filesystem', 'endpoint', 'protocol'],
    credentials: azureCredentials,
  },
  {
    type: 's3',
    datastoreType: 'S3',
    keys: ['bucket', 'region', 'endpoint', 'path_style', 'profile'],
    credentials: { AccessKey: ['access_key_id', 'secret_access_key', 'session_token'] },
  },
  {
    type: 'gcs',
    datastoreType: 'Gcs',
    keys: ['bucket', 'endpoint', 'credentials_file', 'project'],
    credentials: {},
  },
];

/** Keys of credentials that are written and never shown, and what the REST interface calls them. */
const secretKeys: Readonly<Record<string, string>> = {
  account_key: 'key',
  sas_token: 'sasToken',
  client_secret: 'clientSecret',
  secret_access_key: 'secretAccessKey',
  session_token: 'sessionToken',
};

/** What may stand in `datastoreType`. */
export const datastoreTypes: readonly string[] = kinds.map((kind) => kind.datastoreType);

/**
 * The body to put for a datastore file; `credentials` may be a map, or keys such as `credentials.account_key`. Keys that the
 * type does not have are left out; an unknown type is passed on, for the server to refuse.
 */
export function datastoreToRest(name: string, file: DatastoreFile): DatastoreBody {
  const type = (textOf(file['type']) ?? '').toLowerCase();
  const kind = kinds.find((one) => one.type === type);
  const properties: DatastoreBody['properties'] = { datastoreType: kind?.datastoreType ?? type };
  if (typeof file['description'] === 'string') properties.description = file['description'];
  for (const key of ['tags', 'properties'] as const) {
    const given = file[key];
    if (isMap(given))
      properties[key] = Object.fromEntries(Object.entries(given).map(([k, value]) => [k, String(value)]));
  }
  for (const key of kind?.keys ?? []) setText(properties, camelCase(key), file[key]);
  const given = credentialsOf(file);
  const found = Object.entries(kind?.credentials ?? {}).find(
    ([, [first = '']]) => given[first] !== undefined,
  );
  properties.credentials = { credentialsType: 'None' };
  if (found !== undefined) {
    const [credentialsType, keys] = found;
    const secrets: Record<string, string> = {};
    const shown: Record<string, string> = {};
    for (const key of keys) {
      const value = given[key];
      const secret = secretKeys[key];
      if (value === undefined) continue;
      if (secret === undefined) shown[camelCase(key)] = value;
      else secrets[secret] = value;
    }
    properties.credentials = {
      credentialsType,
      ...shown,
      secrets: { secretsType: credentialsType, ...secrets },
    };
  }
  return { name, properties };
}

/**
 * The map that a collector's configuration takes, for a body without secrets and the secrets by their REST names (`key`,
 * `sasToken`, …). `undefined` for a `datastoreType` that there is not.
 */
export function datastoreFromRest(
  { properties }: DatastoreBody,
  secrets: Readonly<Record<string, string>>,
): DatastoreFile | undefined {
  const type = properties.datastoreType.toLowerCase();
  const kind = kinds.find((one) => one.datastoreType.toLowerCase() === type);
  if (kind === undefined) return undefined;
  const file: Record<string, unknown> = { type: kind.type };
  for (const key of kind.keys) setText(file, key, properties[camelCase(key)]);
  const credentials: Record<string, string> = {};
  const credentialsType = properties.credentials?.credentialsType.toLowerCase();
  for (const [name, keys] of Object.entries(kind.credentials)) {
    if (name.toLowerCase() !== credentialsType) continue;
    for (const key of keys) {
      const secret = secretKeys[key];
      const value = secret === undefined ? properties.credentials?.[camelCase(key)] : secrets[secret];
      if (typeof value === 'string' && value !== '') credentials[key] = value;
    }
  }
  if (Object.keys(credentials).length > 0) file['credentials'] = credentials;
  return file;
}

function credentialsOf(file: DatastoreFile): Record<string, string> {
  const prefix = 'credentials.';
  const nested = isMap(file['credentials']) ? Object.entries(file['credentials']) : [];
  const dotted = Object.entries(file)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value] as const);
  return Object.fromEntries(
    [...nested, ...dotted]
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => [key, String(value)]),
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function camelCase(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function setText(target: Record<string, unknown>, key: string, value: unknown): void {
  const text = textOf(value);
  if (text !== undefined && text !== '') target[key] = text;
}

/** Numbers and booleans are what YAML took a text for. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
