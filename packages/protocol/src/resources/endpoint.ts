import { endpointNameProblem } from '../names.ts';
import { wordReader } from '../deployment/asset-reference.ts';
import { readInteger, readList, readText, readOneOf } from '../deployment/fields.ts';
import type { Field } from '../deployment/fields.ts';
import type { Report } from '../deployment/report.ts';
import { readTexts, recordReader, shapeReader } from '../deployment/shape.ts';
import type { Shaped } from '../deployment/shape.ts';
import { compact } from './bodies.ts';
import type { EndpointBody } from './bodies.ts';
import { readFileOf } from './reading.ts';
import type { Reading } from './reading.ts';

const authModes = { key: 'Key', aml_token: 'AMLToken', aad_token: 'AADToken' } as const;
export type AuthModeWord = keyof typeof authModes;

const readIdentity = shapeReader({
  type: wordReader(['system_assigned', 'user_assigned', 'none']),
  principal_id: readText,
  tenant_id: readText,
  user_assigned_identities: readUserIdentities,
});

const commonReaders = {
  $schema: ignored,
  id: readText,
  name: readText,
  description: readText,
  tags: readTexts,
  properties: readTexts,
  auth_mode: readAuthMode,
  identity: readIdentity,
  location: readText,
  scoring_uri: readText,
  openapi_uri: readText,
  provisioning_state: readText,
  kind: ignored,
  traffic: readTraffic,
  mirror_traffic: recordReader(readInteger),
} as const;

const managedReaders = {
  ...commonReaders,
  public_network_access: wordReader(['enabled', 'disabled']),
} as const;
const kubernetesReaders = {
  ...commonReaders,
  compute: readCompute,
} as const;

/** What an endpoint file says. */
export type Endpoint = Shaped<typeof managedReaders & { compute: typeof readText }> & { name: string };

/** Reads an endpoint file as the original's client does, in its words where it refuses; everything is found at once. */
export function readEndpoint(
  source: string | Uint8Array,
  { fileName = 'endpoint.yml' }: { fileName?: string } = {},
): Reading<Endpoint> {
  return readFileOf(source, fileName, readRoot);
}

/** The body to put. Traffic is what the file says: a new endpoint has no deployments for it yet. */
export function endpointToRest(endpoint: Endpoint): EndpointBody {
  const { auth_mode: mode = 'key', identity } = endpoint;
  const assigned = identity?.user_assigned_identities;
  return {
    properties: {
      ...compact({ description: endpoint.description }),
      authMode: authModes[mode],
      properties: endpoint.properties ?? {},
      traffic: endpoint.traffic ?? {},
      mirrorTraffic: endpoint.mirror_traffic ?? {},
      ...compact({ publicNetworkAccess: endpoint.public_network_access, compute: endpoint.compute }),
    },
    identity: {
      type: identityTypes[identity?.type ?? 'system_assigned'],
      ...(assigned !== undefined &&
        assigned.length > 0 && {
          userAssignedIdentities: Object.fromEntries(assigned.map(({ resource_id: id = '' }) => [id, {}])),
        }),
    },
    tags: endpoint.tags ?? {},
  };
}

/** What the original's `show -o json` prints, keys in its order; as a file it reads back to the same endpoint. */
export function endpointEntity(body: EndpointBody): Record<string, unknown> {
  const { properties, identity, systemData } = body;
  const mode = Object.entries(authModes).find(([, rest]) => rest === properties.authMode)?.[0];
  const type = Object.entries(identityTypes).find(([, rest]) => rest === identity?.type)?.[0];
  const assigned = Object.keys(identity?.userAssignedIdentities ?? {});
  return compact({
    id: body.id,
    name: body.name,
    description: properties.description,
    tags: body.tags ?? {},
    provisioning_state: properties.provisioningState,
    properties: {
      ...(systemData && { createdAt: systemData.createdAt, lastModifiedAt: systemData.lastModifiedAt }),
      ...properties.properties,
    },
    auth_mode: mode,
    scoring_uri: properties.scoringUri,
    location: body.location,
    openapi_uri: properties.swaggerUri,
    identity:
      identity &&
      compact({
        type,
        principal_id: identity.principalId,
        tenant_id: identity.tenantId,
        user_assigned_identities:
          assigned.length > 0 ? assigned.map((id) => ({ resource_id: id })) : undefined,
      }),
    traffic: properties.traffic ?? {},
    kind: body.kind,
    mirror_traffic: properties.mirrorTraffic ?? {},
    public_network_access: properties.publicNetworkAccess?.toLowerCase(),
    compute: properties.compute && `azureml:${properties.compute}`,
  });
}

const identityTypes = {
  system_assigned: 'SystemAssigned',
  user_assigned: 'UserAssigned',
  none: 'None',
} as const;

function readRoot(root: Field, report: Report): Endpoint | undefined {
  const kubernetes =
    root.value.kind === 'map' &&
    root.value.entries.some(({ name, value }) => name === 'compute' && value.kind !== 'null');
  if (!kubernetes) return named(root, shapeReader(managedReaders, ['name'])(root, report), report);
  return named(root, shapeReader(kubernetesReaders, ['name'])(root, report), report);
}

function named(
  root: Field,
  endpoint: (Omit<Endpoint, 'name'> & { name?: string }) | undefined,
  report: Report,
): Endpoint | undefined {
  const name = endpoint?.name;
  if (endpoint === undefined || name === undefined) return undefined;
  const problem = endpointNameProblem(name);
  const at =
    root.value.kind === 'map' ? root.value.entries.find((entry) => entry.name === 'name')?.value : undefined;
  if (problem !== undefined) report.problem({ ...root, ...at, path: 'name' }, problem);
  return { ...endpoint, name };
}

function readAuthMode(field: Field, report: Report): AuthModeWord | undefined {
  const { value } = field;
  // `AMLToken` as the REST interface has it is taken too.
  const word = value.kind === 'text' ? value.value.replace(/^(a[am][dl])token$/i, '$1_token') : undefined;
  const words = ['aml_token', 'key', 'aad_token'] as const;
  const snake =
    word === undefined ? field : { ...field, value: { ...value, kind: 'text' as const, value: word } };
  return readOneOf(snake, { accepted: words, told: words }, report);
}

/** `azureml:<name>` or `azureml:<resource id>`, read without the prefix. */
function readCompute(field: Field, report: Report): string | undefined {
  const text = readText(field, report);
  if (text === undefined || text.startsWith('azureml:')) return text?.slice('azureml:'.length);
  report.problem(
    field,
    'In order to specify an existing computes, please write azureml:<name> or azureml:<resource id>.',
  );
  return undefined;
}

function readTraffic(field: Field, report: Report): Record<string, number> | undefined {
  const traffic = recordReader(readInteger)(field, report);
  const sum = Object.values(traffic ?? {}).reduce((total, percent) => total + percent, 0);
  if (sum > 100) report.problem(field, 'Traffic rule percentages must sum to less than or equal to 100%');
  return traffic;
}

function readUserIdentities(field: Field, report: Report): Record<string, string>[] | undefined {
  const items = readList(field, report);
  if (items !== undefined && items.length > 1) {
    report.problem(field, `Only 1 user assigned identity is currently supported, ${items.length} found`);
  }
  return items?.map((item) => recordReader(readText)(item, report) ?? {});
}

/** Dropped with what they hold. */
function ignored(): undefined {}
