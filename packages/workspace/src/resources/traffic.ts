import { onlineEndpoint } from '../api/resources.ts';
import type { OnlineEndpoint } from '../api/resources.ts';
import type { CatalogTransaction, StoredResource } from '../catalog/catalog.ts';
import { invalid, WorkspaceError } from '../errors.ts';

const maxMirrorPercent = 50;

type Properties = OnlineEndpoint['properties'];

/** Names of deployments in the case that they have. Errors: `request_invalid`. */
export async function checkTraffic(
  transaction: CatalogTransaction,
  { id, properties }: { id: string; properties: Properties },
): Promise<Properties> {
  const deployments = await transaction.list(id, 'deployments');
  const names = new Map(
    deployments.filter(({ state }) => state !== 'Deleting').map(({ name }) => [name.toLowerCase(), name]),
  );
  const unserved = new Set(
    deployments
      .filter(({ state, applied }) => state === 'Failed' && applied === undefined)
      .map(({ name }) => name),
  );
  const read = (given: Record<string, number>, key: string): Record<string, number> =>
    Object.fromEntries(
      Object.entries(given)
        .filter(([, percent]) => percent > 0)
        .map(([given, percent]) => {
          const name = names.get(given.toLowerCase());
          if (name !== undefined && !unserved.has(name)) return [name, percent];
          if (name !== undefined)
            throw invalid(`${key} names the deployment ${name}, which has failed and serves nothing.`, {
              fix: 'Update the deployment until it succeeds, then send traffic to it.',
            });
          throw invalid(`${key} names the deployment ${given}, which this endpoint does not have.`, {
            fix: 'Create the deployment first, then send traffic to it.',
          });
        }),
    );
  const traffic = read(properties.traffic ?? {}, 'Traffic');
  const sum = total(traffic);
  if (sum !== 0 && sum !== 100)
    throw invalid(`The sum of all traffic percentages is ${sum}; it must be 0 or 100.`);
  const mirrorTraffic = read(properties.mirrorTraffic ?? {}, 'Mirror traffic');
  if (Object.keys(mirrorTraffic).length > 1)
    throw invalid('Mirror traffic names several deployments; it can go to exactly one.');
  if (total(mirrorTraffic) > maxMirrorPercent)
    throw invalid(`Mirror traffic is ${total(mirrorTraffic)} %; it may be at most ${maxMirrorPercent} %.`);
  for (const name of Object.keys(mirrorTraffic))
    if ((traffic[name] ?? 0) > 0)
      throw invalid(`Deployment ${name} has live traffic; mirror traffic goes to one that has none.`);
  return { ...properties, traffic, mirrorTraffic };
}

function total(percentages: Record<string, number>): number {
  return Object.values(percentages).reduce((sum, percent) => sum + percent, 0);
}

/** Errors: `resource_in_use`. */
export function checkNoTraffic({ name, body }: StoredResource, deployment: string): void {
  const { traffic, mirrorTraffic } = onlineEndpoint.parse(body).properties;
  const update = `gleaner ml online-endpoint update -n ${name}`;
  const live = traffic?.[deployment] ?? 0;
  const [other] = Object.keys(traffic ?? {}).filter((one) => one !== deployment);
  const split = other === undefined ? `${deployment}=0` : `${other}=100`;
  if (live > 0) throw inUse(deployment, `${live} % of the traffic`, `${update} --traffic ${split}`);
  const mirrored = mirrorTraffic?.[deployment] ?? 0;
  const mirror = `${update} --mirror-traffic ${deployment}=0`;
  if (mirrored > 0) throw inUse(deployment, `${mirrored} % of the mirror traffic`, mirror);
}

function inUse(deployment: string, what: string, command: string): WorkspaceError {
  const message = `Deployment ${deployment} has ${what} of its endpoint, and cannot be deleted.`;
  return new WorkspaceError('resource_in_use', message, { fix: `Set its traffic to 0 first: ${command}` });
}
