import { isDeepStrictEqual } from 'node:util';

import type { DeploymentPlan } from '@gleaner/workspace/api';

/** Payload logging is the collector's own; the SDK is not told of it. */
const payloadCollections = new Set(['request', 'response']);

/** Neither the order of keys counts nor whether one of them is restored. */
export function isSamePlan(a: DeploymentPlan, b: DeploymentPlan): boolean {
  return isDeepStrictEqual(plain(asNew(a)), plain(asNew(b)));
}

/** The same plan, to be given up when it cannot become ready. */
export function asNew(plan: DeploymentPlan): DeploymentPlan {
  const { isRestored: _, ...rest } = plan;
  return rest;
}

/**
 * Whether running instances cannot become what the plan says: something other than policy, request limits and their number
 * differs, or the SDK would have to be told of a collection that was not enabled when its process started.
 */
export function needsNewInstances(
  current: DeploymentPlan,
  next: DeploymentPlan,
  sdkKnows: ReadonlySet<string>,
): boolean {
  if (!isDeepStrictEqual(fixedParts(current), fixedParts(next))) return true;
  return [...sdkCollections(next)].some((name) => !sdkKnows.has(name));
}

/** The collections that an SDK which starts now may send. */
export function sdkCollections({ collector }: DeploymentPlan): ReadonlySet<string> {
  const enabled = Object.entries(collector.collections).filter(
    ([name, { enabled }]) => enabled && !payloadCollections.has(name),
  );
  return new Set(enabled.map(([name]) => name));
}

function fixedParts(plan: DeploymentPlan): unknown {
  const { instanceCount: _, requests: __, ...rest } = asNew(plan);
  const collections = Object.fromEntries(
    Object.entries(plan.collector.collections).map(([name, { path, clientId }]) => [
      name,
      { path, clientId },
    ]),
  );
  return plain({ ...rest, collector: { ...plan.collector, collections } });
}

/** As JSON carries it: without keys that are `undefined`. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}
