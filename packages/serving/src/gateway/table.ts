/** The table of the root process, made ready for requests. What stays from one table to the next stays as it is. */
import { setTimeout as sleep } from 'node:timers/promises';

import { createAuthorize } from './auth.ts';
import type { Authorize } from './auth.ts';
import { Instance, openPool } from './instance.ts';
import { DeploymentGate } from './limits.ts';
import type { GatewayDeployment, GatewayTable } from './messages.ts';

import type { EndpointRoute } from '@gleaner/workspace/api';
import type { Pool } from 'undici';

export interface ServedEndpoint {
  route: EndpointRoute;
  authorize: Authorize;
  /** By name in lower case. */
  gates: ReadonlyMap<string, DeploymentGate>;
}

export class RoutingTable {
  readonly #onReleased: (instance: string) => void;
  #version = -1;
  #endpoints = new Map<string, ServedEndpoint>();
  #gates = new Map<string, DeploymentGate>();
  #instances = new Map<string, Instance>();
  #workspace: { port: number; pool: Pool } | undefined;
  readonly #routed = Promise.withResolvers<void>();
  #isRouted = false;

  constructor(onReleased: (instance: string) => void) {
    this.#onReleased = onReleased;
  }

  get version(): number {
    return this.#version;
  }

  /** Resolves with whether it knows all endpoints: at once where it does, and after `timeoutMs` at the latest. */
  async knowsEndpoints(timeoutMs: number): Promise<boolean> {
    if (this.#isRouted) return true;
    const over = new AbortController();
    const wait = sleep(timeoutMs, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([this.#routed.promise, wait]);
    over.abort();
    return this.#isRouted;
  }

  /** `name` in any case. */
  endpoint(name: string): ServedEndpoint | undefined {
    return this.#endpoints.get(name.toLowerCase());
  }

  get workspace(): Pool | undefined {
    return this.#workspace?.pool;
  }

  apply(table: GatewayTable): void {
    if (table.version <= this.#version) return;
    this.#version = table.version;
    this.#useWorkspace(table.workspacePort);
    const replaced = this.#useInstances(table.deployments);
    this.#useDeployments([...table.deployments, ...awaitedOf(table)]);
    if (table.endpoints !== undefined) this.#useEndpoints(table.endpoints);
    for (const instance of replaced) this.releaseWhenIdle(instance);
  }

  /** To be called whenever one of its requests is over. */
  releaseWhenIdle(instance: Instance): void {
    if (instance.isListed || instance.inFlight > 0) return;
    closePool(instance.pool);
    // Under its name there may be another one, after a restart at another port.
    if (this.#instances.get(instance.name) !== instance) return;
    this.#instances.delete(instance.name);
    this.#onReleased(instance.name);
  }

  close(): void {
    for (const { pool } of this.#instances.values()) closePool(pool);
    if (this.#workspace !== undefined) closePool(this.#workspace.pool);
  }

  #useEndpoints(endpoints: readonly EndpointRoute[]): void {
    this.#endpoints = new Map(endpoints.map((route) => [route.endpoint.toLowerCase(), this.#served(route)]));
    this.#isRouted = true;
    this.#routed.resolve();
  }

  #useWorkspace(port: number | undefined): void {
    if (this.#workspace?.port === port) return;
    if (this.#workspace !== undefined) closePool(this.#workspace.pool);
    this.#workspace = port === undefined ? undefined : { port, pool: openPool(port) };
  }

  /** Returns those that are not listed any more. */
  #useInstances(deployments: readonly GatewayDeployment[]): Instance[] {
    const before = new Set(this.#instances.values());
    for (const listed of deployments.flatMap(({ instances }) => instances)) {
      const known = this.#instances.get(listed.name);
      if (known?.port === listed.port) {
        before.delete(known);
        known.isListed = true;
      } else this.#instances.set(listed.name, new Instance(listed));
    }
    for (const instance of before) instance.isListed = false;
    return [...before];
  }

  #useDeployments(deployments: readonly GatewayDeployment[]): void {
    const before = this.#gates;
    this.#gates = new Map();
    for (const deployment of deployments) {
      const key = keyOf(deployment.endpoint, deployment.deployment);
      const gate = before.get(key) ?? new DeploymentGate(deployment.deployment);
      before.delete(key);
      const instances = deployment.instances.map(({ name }) => this.#instances.get(name));
      gate.update(
        deployment,
        instances.filter((instance) => instance !== undefined),
      );
      this.#gates.set(key, gate);
    }
    for (const gate of before.values()) gate.close();
  }

  #served(route: EndpointRoute): ServedEndpoint {
    const prefix = keyOf(route.endpoint, '');
    const gates = new Map<string, DeploymentGate>();
    for (const [key, gate] of this.#gates)
      if (key.startsWith(prefix)) gates.set(key.slice(prefix.length), gate);
    return { route, authorize: createAuthorize(route.auth, route.endpoint), gates };
  }
}

/**
 * What endpoints send traffic to though it does not run: at a start it is on its way. Where others of the endpoint run, they have
 * its share.
 */
function awaitedOf({ endpoints = [], deployments }: GatewayTable): GatewayDeployment[] {
  const running = new Set(deployments.map(({ endpoint, deployment }) => keyOf(endpoint, deployment)));
  return endpoints.flatMap(({ endpoint, traffic }) => {
    const wanted = Object.keys(traffic).filter((name) => (traffic[name] ?? 0) > 0);
    if (wanted.some((name) => running.has(keyOf(endpoint, name)))) return [];
    return wanted
      .filter((name) => !running.has(keyOf(endpoint, name)))
      .map((deployment) => ({ endpoint, deployment, ...unknownLimits }));
  });
}

/** Those of a deployment that says nothing about them, with room for the clients of a busy one. */
const unknownLimits = {
  requests: { timeoutMs: 5000, maxConcurrentPerInstance: 500, maxQueueWaitMs: 500 },
  instanceCount: 1,
  instances: [],
};

function keyOf(endpoint: string, deployment: string): string {
  return `${endpoint.toLowerCase()}/${deployment.toLowerCase()}`;
}

/** Lets what is under way come to its end. */
function closePool(pool: Pool): void {
  pool.close().catch(() => undefined);
}
