import type { ResourceBody } from '@gleaner/protocol';

import { usageError } from '../../output/failure.ts';
import { createClient } from '../ml/client.ts';
import { printEntities, printEntity } from '../ml/show.ts';
import type { Target } from '../ml/target.ts';
import type { NamedIdentity, NewIdentity } from './identity.ts';

interface IdentityBody extends ResourceBody {
  location?: string;
  tags?: Record<string, string>;
  properties: { principalId: string; clientId: string; tenantId: string };
}

/** Errors: `usage_invalid`, those of the client. */
export async function createIdentity(options: NewIdentity): Promise<void> {
  const body = { location: options.location ?? 'local', tags: tagsOf(options.tags) };
  const path = pathOf(options, options.name);
  const made = await createClient(options).send<IdentityBody>({ method: 'PUT', path, body });
  await printEntity(entity(made.body, options), options);
}

export async function showIdentity(options: NamedIdentity): Promise<void> {
  const body = await createClient(options).get<IdentityBody>(pathOf(options, options.name));
  await printEntity(entity(body, options), options);
}

export async function listIdentities(options: Target): Promise<void> {
  const bodies = await createClient(options).list<IdentityBody>(pathOf(options));
  const entities = bodies.map((body) => entity(body, options));
  await printEntities(entities, ['name', 'clientId', 'resourceGroup'], options);
}

export async function deleteIdentity(options: NamedIdentity): Promise<void> {
  await createClient(options).send({ method: 'DELETE', path: pathOf(options, options.name) });
}

function pathOf({ subscription, resourceGroup }: Target, name?: string): string {
  const [id, group] = [subscription, resourceGroup].map(encodeURIComponent);
  const list = `/subscriptions/${id}/resourceGroups/${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
  return name === undefined ? list : `${list}/${encodeURIComponent(name)}`;
}

function tagsOf(words: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at > 0) return [word.slice(0, at), word.slice(at + 1)];
      throw usageError(`${JSON.stringify(word)} is no tag.`, 'Write key=value.');
    }),
  );
}

/** Flat, as `az identity show` prints it. */
function entity({ id, name, location, tags, properties }: IdentityBody, { resourceGroup }: Target) {
  return { id, name, location, resourceGroup, tags, ...properties };
}
