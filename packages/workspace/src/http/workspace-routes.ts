import type { FastifyInstance } from 'fastify';

import type { JsonObject } from '../catalog/catalog.ts';
import { notFound } from '../resources/context.ts';
import { isSame } from '../resources/ids.ts';
import { needs, workspaceActions } from './route-access.ts';
import type { ServerContext } from './server.ts';

const provider = '/providers/Microsoft.MachineLearningServices';

/** The workspace itself: there is one. */
export async function workspaceRoutes(server: FastifyInstance, context: ServerContext): Promise<void> {
  const { names, ids, location } = context;
  const show = (): JsonObject => ({
    id: ids.workspace,
    name: names.workspace,
    type: 'Microsoft.MachineLearningServices/workspaces',
    location,
    tags: {},
    properties: {
      friendlyName: names.workspace,
      description: '',
      discoveryUrl: `${context.publicUrl}/discovery`,
      provisioningState: 'Succeeded',
    },
  });
  const list = ({ subscription, group }: Record<string, string | undefined>) => {
    const isOurs =
      isSame(subscription, names.subscriptionId) &&
      (group === undefined || isSame(group, names.resourceGroup));
    return { value: isOurs ? [show()] : [] };
  };
  const options = { config: needs(`${workspaceActions}/read`) };
  server.get(`/subscriptions/:subscription${provider}/workspaces`, options, async ({ params }) =>
    list(params as Record<string, string>),
  );
  const inGroup = `/subscriptions/:subscription/resourceGroups/:group${provider}/workspaces`;
  server.get(inGroup, options, async ({ params }) => list(params as Record<string, string>));
  server.get(`${inGroup}/:workspace`, options, async ({ params, url }) => {
    const { workspace, ...rest } = params as Record<string, string>;
    const [found] = list(rest).value;
    if (found === undefined || !isSame(workspace, names.workspace))
      throw notFound(url.split('?')[0] ?? '', { ...names, resourceGroup: rest['group'] ?? '' });
    return found;
  });
}
