/** Makes the runtime what the catalog says. */
import { join } from 'node:path';

import type { OnlineDeployment } from '../api/resources.ts';
import { onlineDeployment } from '../api/resources.ts';
import type { DeploymentName, DeploymentPlan, Runtime } from '../api/runtime.ts';
import { exists } from '../artifacts/files.ts';
import type { Artifacts } from '../artifacts/locate.ts';
import type { Catalog, JsonObject, StoredResource } from '../catalog/catalog.ts';
import { WorkspaceError } from '../errors.ts';
import type { ResourceIds, WorkspaceNames } from '../resources/ids.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { readParts } from './parts.ts';
import type { DeploymentParts, PartsContext } from './parts.ts';
import { planDeployment } from './plan.ts';
import type { PlannedModel } from './plan.ts';
import type { Turns } from './turns.ts';

export interface ReconcileContext {
  catalog: Catalog;
  secrets: Secrets;
  ids: ResourceIds;
  names: WorkspaceNames;
  artifacts: Artifacts;
  runtime: Runtime;
  turns: Turns;
}

/**
 * Resolves when the deployment runs as its body says, whatever was being brought back meanwhile. Answers the plan.
 * `resource_busy`: it is being deleted.
 */
export async function applyDeployment(
  stored: StoredResource,
  context: ReconcileContext,
): Promise<DeploymentPlan> {
  const work = async (signal: AbortSignal) => {
    const now = await context.catalog.transact(async (transaction) => transaction.find(stored.id));
    if (now === undefined || now.state === 'Deleting')
      throw new WorkspaceError('resource_busy', `Deployment ${stored.name} is being deleted.`);
    return applyNow(now, now.body, { ...context, signal });
  };
  return context.turns.take(stored.id, work, { first: true });
}

/** Resolves when nothing of the deployment runs. What was being made of it does not go on. */
export async function removeDeployment(
  stored: StoredResource,
  { runtime, turns }: ReconcileContext,
): Promise<void> {
  return turns.take(stored.id, async () => runtime.remove(deploymentNames(stored)), { first: true });
}

/**
 * Makes the runtime what `body` says, in a turn of the deployment: when its signal is aborted, the runtime is asked for nothing
 * more.
 */
export async function applyNow(
  stored: StoredResource,
  body: JsonObject,
  context: ReconcileContext & { signal: AbortSignal; isRestored?: boolean },
): Promise<DeploymentPlan> {
  const { catalog, artifacts, runtime, isRestored = false } = context;
  const deployment = onlineDeployment.parse(body);
  const names = deploymentNames(stored);
  const parts = await catalog.transact(async (transaction) =>
    readParts(names, deployment.properties, { ...context, transaction }),
  );
  const located: { model?: PlannedModel; codeFolder?: string } = {};
  if (parts.model !== undefined) {
    const { name, version, properties, datastore } = parts.model;
    const what = `model ${name}:${version}`;
    const path = await artifacts.locate({ uri: properties.modelUri, what, datastore });
    located.model = { name, version, path, type: properties.modelType ?? '' };
  }
  if (parts.code !== undefined)
    located.codeFolder = await artifacts.locate({ ...parts.code, what: 'code of the deployment' });
  const plan = makePlan({ stored, deployment, parts, located, names: context.names });
  await checkScript(plan.program);
  // Nothing may come between: who aborts asks the runtime for something else next.
  context.signal.throwIfAborted();
  await runtime.apply(isRestored ? { ...plan, isRestored } : plan);
  return plan;
}

/** Everything that can be found out before anything runs. Errors: as {@link readParts} and {@link planDeployment}. */
export async function checkDeployment(
  stored: Pick<StoredResource, 'id' | 'name'>,
  deployment: OnlineDeployment,
  context: PartsContext & { names: WorkspaceNames },
): Promise<void> {
  const parts = await readParts(deploymentNames(stored), deployment.properties, context);
  const { model, code } = parts;
  const located = {
    ...(model === undefined
      ? {}
      : { model: { ...model, path: '/', type: model.properties.modelType ?? '' } }),
    ...(code === undefined ? {} : { codeFolder: '/' }),
  };
  makePlan({ stored, deployment, parts, located, names: context.names });
}

/** Of a deployment's own id. */
export function deploymentNames({ id, name }: Pick<StoredResource, 'id' | 'name'>): DeploymentName {
  return { endpoint: id.split('/').at(-3) ?? '', deployment: name };
}

async function checkScript(program: DeploymentPlan['program']): Promise<void> {
  if (program.kind !== 'python' && program.kind !== 'typescript') return;
  if (await exists(join(program.codeFolder, program.script))) return;
  throw new WorkspaceError(
    'artifact_missing',
    `The scoring script ${program.script} is not in the code folder.`,
    {
      fix: 'Write scoring_script as a path within code_configuration.code.',
    },
  );
}

function makePlan({
  stored,
  deployment,
  parts,
  located,
  names,
}: {
  stored: Pick<StoredResource, 'id' | 'name'>;
  deployment: OnlineDeployment;
  parts: DeploymentParts;
  located: { model?: PlannedModel; codeFolder?: string };
  names: WorkspaceNames;
}): DeploymentPlan {
  const { subscriptionId, resourceGroup, workspace } = names;
  return planDeployment({
    id: stored.id,
    workspace: { subscriptionId, resourceGroup, name: workspace },
    ...deploymentNames(stored),
    properties: deployment.properties,
    instanceCount: instanceCount(deployment),
    ...located,
    ...(parts.environment === undefined ? {} : { environment: parts.environment }),
    collector: parts.collector,
  });
}

/** Autoscaling is Kubernetes' own: elsewhere the least number of instances runs. */
function instanceCount({ sku, properties }: OnlineDeployment): number {
  const least = properties.scaleSettings?.['minInstances'];
  if (properties.scaleSettings?.scaleType === 'TargetUtilization' && typeof least === 'number') return least;
  return sku?.capacity ?? 1;
}
