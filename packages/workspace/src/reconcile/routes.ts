import { createHash } from 'node:crypto';

import { onlineEndpoint } from '../api/resources.ts';
import type { EndpointRoute, Runtime } from '../api/runtime.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { tokenSecretKey } from '../secrets/endpoint-keys.ts';

export interface RouteTable {
  /** Tells the runtime what the catalog says now. Tables arrive in the order in which they were read. */
  refresh(): Promise<void>;
}

export function createRouteTable(options: {
  catalog: Catalog;
  secrets: Secrets;
  runtime: Runtime;
}): RouteTable {
  const { runtime } = options;
  let last: Promise<void> = Promise.resolve();
  const send = async () => runtime.route(await readRoutes(options));
  return {
    async refresh() {
      last = last.then(send, send);
      return last;
    },
  };
}

async function readRoutes({
  catalog,
  secrets,
}: {
  catalog: Catalog;
  secrets: Secrets;
}): Promise<EndpointRoute[]> {
  return catalog.transact(async (transaction) => {
    const routes: EndpointRoute[] = [];
    for (const stored of await transaction.listAll('onlineEndpoints')) {
      if (stored.state === 'Deleting') continue;
      const { properties } = onlineEndpoint.parse(stored.body);
      const keys = await secrets.read(transaction, stored.id);
      routes.push({
        endpoint: stored.name,
        auth:
          properties.authMode === 'Key'
            ? { kind: 'key', keyHashes: [keys['primary'], keys['secondary']].flatMap(hashOf) }
            : { kind: 'token', secret: keys[tokenSecretKey] ?? '' },
        traffic: properties.traffic ?? {},
        mirrorTraffic: properties.mirrorTraffic ?? {},
      });
    }
    return routes;
  });
}

function hashOf(key: string | undefined): string[] {
  return key === undefined ? [] : [createHash('sha256').update(key).digest('hex')];
}
