import { usageError } from '../../output/failure.ts';
import { createClient } from '../ml/client.ts';
import { printEntities, printEntity } from '../ml/show.ts';
import type { Target } from '../ml/target.ts';
import { assign, requireScope } from '../role/assignments.ts';
import type { NamedServicePrincipal, NewServicePrincipal } from './ad.ts';
import { findPrincipal } from './find-principal.ts';
import type { PrincipalBody } from './find-principal.ts';

/** Errors: `usage_invalid`, those of the client. */
export async function createServicePrincipal(options: NewServicePrincipal): Promise<void> {
  const { displayName, role, years } = options;
  const client = createClient(options);
  const scopes = (options.scopes ?? [client.workspace]).map(requireScope);
  if (options.scopes !== undefined && role === undefined)
    throw usageError('--scopes needs a --role.', 'Name the role, such as --role Reader.');
  const body = { displayName, endDateTime: endAfter(years) };
  const made = await client.send<PrincipalBody>({ method: 'POST', path: '/servicePrincipals', body });
  await printKey(made.body, options);
  if (role === undefined) return;
  for (const scope of scopes) await assign(client, { role, scope, principalId: made.body.id });
}

export async function listServicePrincipals(options: Target): Promise<void> {
  const principals = await createClient(options).list<PrincipalBody>('/servicePrincipals');
  await printEntities(principals.map(entity), ['displayName', 'appId', 'servicePrincipalType'], options);
}

export async function showServicePrincipal(options: NamedServicePrincipal): Promise<void> {
  await printEntity(entity(await findPrincipal(createClient(options), options.id)), options);
}

export async function deleteServicePrincipal(options: NamedServicePrincipal): Promise<void> {
  const client = createClient(options);
  const { id } = await findPrincipal(client, options.id);
  await client.send({ method: 'DELETE', path: `/servicePrincipals/${id}` });
}

export async function resetCredential(
  options: NamedServicePrincipal & { append?: true; years?: string },
): Promise<void> {
  const client = createClient(options);
  const { id } = await findPrincipal(client, options.id);
  const body = { append: options.append ?? false, endDateTime: endAfter(options.years) };
  const path = `/servicePrincipals/${id}/resetPassword`;
  await printKey((await client.send<PrincipalBody>({ method: 'POST', path, body })).body, options);
}

/** In the words of `az ad sp create-for-rbac`. */
async function printKey(made: PrincipalBody, target: Target): Promise<void> {
  const { appId, displayName, secretText, appOwnerOrganizationId } = made;
  await printEntity({ appId, displayName, password: secretText, tenant: appOwnerOrganizationId }, target);
}

function entity({
  id,
  appId,
  displayName,
  servicePrincipalType,
  ...rest
}: PrincipalBody): Record<string, unknown> {
  const { createdDateTime, passwordCredentials } = rest;
  return { id, appId, displayName, servicePrincipalType, createdDateTime, passwordCredentials };
}

function endAfter(years: string | undefined): string | undefined {
  if (years === undefined) return undefined;
  if (!/^[1-9]\d?$/.test(years))
    throw usageError(`${JSON.stringify(years)} is no number of years.`, 'Write a number, such as --years 1.');
  const end = new Date();
  end.setUTCFullYear(end.getUTCFullYear() + Number(years));
  return end.toISOString();
}
