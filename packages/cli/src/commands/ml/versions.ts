import type { AssetReference, ResourceBody } from '@gleaner/protocol';
import type { Client } from './client.ts';

export type AssetType = 'data' | 'models' | 'environments' | 'codes';

/** The path of a version, below the workspace. */
export function versionPath(type: AssetType, name: string, version: string): string {
  return `/${type}/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
}

/** The id of what a file refers to. Error: `workspace_not_found`. */
export async function resolveReference(
  client: Client,
  type: AssetType,
  reference: AssetReference,
): Promise<string> {
  if (reference.kind === 'id') return reference.id;
  const { name } = reference;
  const version = reference.kind === 'version' ? reference.version : await latestVersion(client, type, name);
  return idOf(await client.get(versionPath(type, name, version)));
}

/** Error: `workspace_not_found`. */
export async function latestVersion(client: Client, type: AssetType, name: string): Promise<string> {
  return (await container(client, type, name)).properties.latestVersion ?? '1';
}

/** The version that comes next; `1` for a name that is new. */
export async function nextVersion(client: Client, type: AssetType, name: string): Promise<string> {
  const found = await client.find<Container>(`/${type}/${encodeURIComponent(name)}`);
  return found?.properties.nextVersion ?? '1';
}

/** Makes a version. */
export async function putVersion<Body extends ResourceBody>(
  client: Client,
  path: string,
  body: Body,
): Promise<Body> {
  return (await client.send<Body>({ method: 'PUT', path, body })).body;
}

export function idOf({ id }: ResourceBody): string {
  return id ?? '';
}

interface Container {
  properties: { latestVersion?: string; nextVersion?: string };
}

async function container(client: Client, type: AssetType, name: string): Promise<Container> {
  return client.get<Container>(`/${type}/${encodeURIComponent(name)}`);
}
