import type { Permission } from './authorise.ts';

export interface Role {
  /** A UUID: the last part of its id. */
  name: string;
  roleName: string;
  description: string;
  permissions: readonly Permission[];
  /** Where it may be assigned: there and below. */
  assignableScopes: readonly string[];
}

const containers = 'Microsoft.Storage/storageAccounts/blobServices/containers';
const delegation = 'Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action';
const workspaces = 'Microsoft.MachineLearningServices/workspaces';

/** The roles that are always there, with the ids and the actions of the original (as published in 2025). */
export const builtInRoles: readonly Role[] = [
  role('8e3af657-a8ff-443c-a75c-2fe8c4bcb635', 'Owner', {
    description: 'Does everything, and says who may do what.',
    actions: ['*'],
  }),
  role('b24988ac-6180-42a0-ab88-20f7382dd24c', 'Contributor', {
    description: 'Does everything but saying who may do what.',
    actions: ['*'],
    notActions: [
      'Microsoft.Authorization/*/Delete',
      'Microsoft.Authorization/*/Write',
      'Microsoft.Authorization/elevateAccess/Action',
      'Microsoft.Blueprint/blueprintAssignments/write',
      'Microsoft.Blueprint/blueprintAssignments/delete',
      'Microsoft.Compute/galleries/share/action',
      'Microsoft.Purview/consents/write',
      'Microsoft.Purview/consents/delete',
      'Microsoft.Resources/deploymentStacks/manageDenySetting/action',
      'Microsoft.Subscription/cancel/action',
      'Microsoft.Subscription/enable/action',
    ],
  }),
  role('acdd72a7-3385-48ef-bd42-f606fba81ae7', 'Reader', {
    description: 'Sees everything but secrets and collected data, and changes nothing.',
    actions: ['*/read'],
  }),
  role('f6c7c914-8db3-469d-8ca1-694a8f32e121', 'AzureML Data Scientist', {
    description: 'Does everything in a workspace but changing the workspace itself.',
    actions: [
      `${workspaces}/*/read`,
      `${workspaces}/*/action`,
      `${workspaces}/*/delete`,
      `${workspaces}/*/write`,
    ],
    notActions: [
      `${workspaces}/delete`,
      `${workspaces}/write`,
      `${workspaces}/computes/*/write`,
      `${workspaces}/computes/*/delete`,
      `${workspaces}/computes/listKeys/action`,
      `${workspaces}/listKeys/action`,
      `${workspaces}/hubs/write`,
      `${workspaces}/hubs/delete`,
      `${workspaces}/featurestores/write`,
      `${workspaces}/featurestores/delete`,
    ],
  }),
  role('2a2b9908-6ea1-4ae2-8e65-a410df84e7d1', 'Storage Blob Data Reader', {
    description: 'Reads what lies in stores.',
    actions: [`${containers}/read`, delegation],
    dataActions: [`${containers}/blobs/read`],
  }),
  role('ba92f5b4-2d11-453d-a403-e96b0029c9fe', 'Storage Blob Data Contributor', {
    description: 'Reads, writes and deletes what lies in stores.',
    actions: [`${containers}/delete`, `${containers}/read`, `${containers}/write`, delegation],
    dataActions: ['delete', 'read', 'write', 'move/action', 'add/action'].map(
      (word) => `${containers}/blobs/${word}`,
    ),
  }),
  role('b7e6dc6d-f1e8-4753-8033-0f276bb0955b', 'Storage Blob Data Owner', {
    description: 'Does everything with what lies in stores.',
    actions: [`${containers}/*`, delegation],
    dataActions: [`${containers}/blobs/*`],
  }),
];

function role(
  name: string,
  roleName: string,
  { description, ...permission }: { description: string } & Partial<Permission>,
): Role {
  const none: Permission = { actions: [], notActions: [], dataActions: [], notDataActions: [] };
  return { name, roleName, description, permissions: [{ ...none, ...permission }], assignableScopes: ['/'] };
}
