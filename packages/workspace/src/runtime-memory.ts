import type {
  ContainerName,
  DeploymentName,
  DeploymentPlan,
  DeploymentStatus,
  EndpointRoute,
  Runtime,
} from './api/runtime.ts';

/** A runtime that starts no process: it remembers what it was told. */
export interface MemoryRuntime extends Runtime {
  /** By `<endpoint>/<deployment>`. */
  readonly plans: ReadonlyMap<string, DeploymentPlan>;
  readonly routes: readonly EndpointRoute[];
}

export interface MemoryRuntimeOptions {
  /** Called before a plan is taken; may wait, and may throw a `RuntimeFailure`. */
  beforeApply?: (plan: DeploymentPlan) => Promise<void>;
  beforeRemove?: (deployment: DeploymentName) => Promise<void>;
}

export function createMemoryRuntime(options: MemoryRuntimeOptions = {}): MemoryRuntime {
  const plans = new Map<string, DeploymentPlan>();
  let routes: readonly EndpointRoute[] = [];
  return {
    plans,
    get routes() {
      return routes;
    },
    async apply(plan) {
      await options.beforeApply?.(plan);
      plans.set(key(plan), plan);
    },
    async remove(deployment) {
      await options.beforeRemove?.(deployment);
      plans.delete(key(deployment));
    },
    async route(endpoints) {
      routes = endpoints;
    },
    async logs(
      deployment: DeploymentName,
      { container, lines }: { container: ContainerName; lines: number },
    ) {
      return plans.has(key(deployment))
        ? `${container}: the last ${lines} lines of ${key(deployment)}\n`
        : '';
    },
    async status(): Promise<readonly DeploymentStatus[]> {
      return [...plans.values()].map(({ endpoint, deployment, instanceCount }) => ({
        endpoint,
        deployment,
        instances: Array.from({ length: instanceCount }, (_, index) => ({
          name: `1-${index}`,
          state: 'ready' as const,
          restarts: 0,
          processes: {},
        })),
      }));
    },
  };
}

function key({ endpoint, deployment }: DeploymentName): string {
  return `${endpoint}/${deployment}`;
}
