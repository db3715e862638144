import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { CollectionPlan, DeploymentPlan } from '@gleaner/workspace/api';

import { isSamePlan, needsNewInstances } from './plan-change.ts';
import { planOf } from './testing/served.ts';

const plan = planOf('/data');
const known = new Set(['model_inputs']);

describe('isSamePlan', () => {
  it('does not look at the order of keys, nor at keys without a value', () => {
    const entries = Object.entries({ ...plan, model: undefined }).toReversed();
    const reversed = Object.fromEntries(entries) as { [Key in keyof DeploymentPlan]: DeploymentPlan[Key] };
    assert.equal(isSamePlan(plan, reversed), true);
    assert.equal(isSamePlan({ ...plan, instanceCount: 2 }, plan), false);
  });
});

describe('needsNewInstances', () => {
  it('is false for policy, request limits and number', () => {
    for (const next of [
      withCollection('request', { enabled: false }),
      withCollection('model_inputs', { enabled: false }),
      withCollection('model_inputs', { samplingRate: 0.1 }),
      { ...plan, instanceCount: 3 },
      { ...plan, requests: { ...plan.requests, timeoutMs: 1 } },
    ])
      assert.equal(needsNewInstances(plan, next, known), false);
  });

  it('is true for what a process reads at its start', () => {
    for (const next of [
      withCollection('request', { path: 'azureml://datastores/other/paths/x' }),
      { ...plan, environmentVariables: { VERSION: '2' } },
      { ...plan, collector: { ...plan.collector, captureHeaders: ['x-tenant'] } },
    ])
      assert.equal(needsNewInstances(plan, next, known), true);
  });

  it('is true when the SDK was not told of a collection that is enabled now', () => {
    const without = withCollection('model_inputs', { enabled: false });
    assert.equal(needsNewInstances(without, plan, new Set()), true);
    assert.equal(needsNewInstances(without, plan, known), false);
  });
});

function withCollection(name: string, changes: Partial<CollectionPlan>): DeploymentPlan {
  const before = plan.collector.collections[name];
  assert.ok(before !== undefined);
  const collections = { ...plan.collector.collections, [name]: { ...before, ...changes } };
  return { ...plan, collector: { ...plan.collector, collections } };
}
