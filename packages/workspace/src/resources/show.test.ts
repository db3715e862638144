import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { showDeployment } from './show.ts';

describe('showDeployment', () => {
  it('fills in what clients of the original take for granted, in their words', () => {
    const collections = { request: { dataCollectionMode: 'enabled' }, response: {} };
    const shown = showDeployment(
      {
        id: '/e/deployments/blue',
        type: 'deployments',
        parentId: '/e',
        name: 'blue',
        body: { properties: { dataCollector: { collections } } },
        state: 'Succeeded',
        etag: '"1"',
        createdAt: '',
        modifiedAt: '',
      },
      { location: 'here' },
    );
    assert.deepEqual(shown['sku'], { name: 'Default', capacity: 1 });
    assert.deepEqual(shown['properties'], {
      endpointComputeType: 'Managed',
      scaleSettings: { scaleType: 'Default' },
      dataCollector: {
        collections: {
          request: { dataCollectionMode: 'Enabled' },
          response: { dataCollectionMode: 'Disabled' },
        },
      },
      provisioningState: 'Succeeded',
    });
  });
});
