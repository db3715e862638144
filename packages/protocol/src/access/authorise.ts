import { coversScope, matchesAction } from './actions.ts';

/** What a role allows: its actions but for its notActions, and the same for data. */
export interface Permission {
  actions: readonly string[];
  notActions: readonly string[];
  dataActions: readonly string[];
  notDataActions: readonly string[];
}

/** A role that a principal has at a scope. */
export interface Grant {
  roleName: string;
  /** A resource id, or `/`: the role holds there and below. */
  scope: string;
  permissions: readonly Permission[];
}

/** What somebody wants to do. */
export interface Demand {
  /** `Microsoft.MachineLearningServices/workspaces/onlineEndpoints/write` */
  action: string;
  /** Resource id. */
  scope: string;
  /** Of `data`, an action on the content of a store: `…/containers/blobs/read`. Default `control`. */
  kind?: 'control' | 'data';
}

export type Decision = { kind: 'allowed' } | { kind: 'denied'; because: string };

/**
 * Decides by all roles that a principal has. One role that allows it is enough: what another leaves out by its `notActions` takes
 * nothing away from it.
 */
export function authorise(grants: readonly Grant[], { action, scope, kind = 'control' }: Demand): Decision {
  const here = grants.filter((grant) => coversScope(grant.scope, scope));
  if (here.some(({ permissions }) => permissions.some((one) => allows(one, { action, kind }))))
    return { kind: 'allowed' };
  if (here.length === 0) return { kind: 'denied', because: `no role is assigned at ${scope} or above it` };
  const names = [...new Set(here.map(({ roleName }) => roleName))].join(', ');
  return { kind: 'denied', because: `it is not among the actions of ${names}` };
}

function allows(
  permission: Permission,
  { action, kind }: { action: string; kind: 'control' | 'data' },
): boolean {
  const [yes, no] =
    kind === 'data'
      ? [permission.dataActions, permission.notDataActions]
      : [permission.actions, permission.notActions];
  const isNamed = (patterns: readonly string[]) => patterns.some((pattern) => matchesAction(pattern, action));
  return isNamed(yes) && !isNamed(no);
}
