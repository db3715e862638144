import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { startSystem } from '@gleaner/testkit';

describe('a spool that closes', () => {
  it('still takes records that were let in before, and whose bodies are on their way to files', async () => {
    await using system = await startSystem({
      collections: { model_inputs: { enabled: 'true', sampling_rate: 0 } },
      environment: { GLEANER_RECORDER_MINUTES: '5' },
    });
    for (let i = 0; i < 20; i++) {
      const headers = {
        'content-type': 'application/octet-stream',
        'ce-type': 'azureml.inference.model_inputs',
        'trace-id': `t${i}`,
        'ce-x-request-id': `r${i}`,
      };
      const body = Buffer.alloc(1000, i);
      await fetch(`${system.intakeUrl}/modeldata/log`, { method: 'POST', headers, body });
    }
    assert.equal(system.collector.keepRecorded('the test'), 20);
    await system.finish();
    assert.equal((await system.lines('model_inputs')).length, 20);
  });
});
