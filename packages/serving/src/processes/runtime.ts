/** Deployments as processes of this machine. */
import { join } from 'node:path';

import type { DeploymentName, EndpointRoute, Runtime } from '@gleaner/workspace/api';

import { Deployment } from './deployment.ts';
import type { DeploymentOptions } from './deployment.ts';
import type { TableContent } from './front.ts';

export interface LocalRuntimeOptions extends Omit<DeploymentOptions, 'folder' | 'publish'> {
  /** Holds the folders of deployments. */
  instancesFolder: string;
  /** Tells the gateway. Resolves when it acts accordingly. */
  publish: (table: TableContent) => Promise<void>;
}

export interface LocalRuntime extends Runtime {
  /** Where the REST API is; `undefined` while it is away. */
  setWorkspacePort(port: number | undefined): void;
  /** Ends all instances; what cannot be stored in time stays in their spools. */
  stop(): Promise<void>;
}

export function createLocalRuntime(options: LocalRuntimeOptions): LocalRuntime {
  const deployments = new Map<string, Deployment>();
  let endpoints: readonly EndpointRoute[] | undefined;
  let workspacePort: number | undefined;
  const publish = (): Promise<void> => {
    const rows = [...deployments.values()].flatMap((deployment) => deployment.row() ?? []);
    return options.publish({ endpoints, deployments: rows, workspacePort });
  };
  const find = (name: DeploymentName): Deployment | undefined => deployments.get(keyOf(name));
  return {
    async apply(plan) {
      const { endpoint, deployment } = plan;
      const folder = join(options.instancesFolder, endpoint, deployment);
      const known = find(plan) ?? new Deployment({ endpoint, deployment }, { ...options, folder, publish });
      deployments.set(keyOf(plan), known);
      await known.apply(plan);
    },
    async remove(name) {
      const known = find(name);
      if (known === undefined) return;
      await known.remove();
      // Another one of this name may have been asked for meanwhile.
      if (!known.isIdle) return;
      deployments.delete(keyOf(name));
      await known.forget();
    },
    async route(routes) {
      endpoints = routes;
      await publish();
    },
    logs: async (name, { container, lines }) => (await find(name)?.log(container, lines)) ?? '',
    status: async () =>
      [...deployments.values()].map((deployment) => ({ ...deployment.name, instances: deployment.status() })),
    setWorkspacePort(port) {
      workspacePort = port;
      void publish();
    },
    async stop() {
      await Promise.all([...deployments.values()].map((deployment) => deployment.stop()));
    },
  };
}

/** Names are compared without case. */
function keyOf({ endpoint, deployment }: DeploymentName): string {
  return `${endpoint}/${deployment}`.toLowerCase();
}
