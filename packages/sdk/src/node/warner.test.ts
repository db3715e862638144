import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';

import { CollectorError } from '../core/errors.ts';
import { createWarner } from './warner.ts';

describe('createWarner', () => {
  it('tells the first error at once, and those that follow in one line', async () => {
    const warn = createWarner(20);
    const fix = 'Start the collector.';
    const error = (message: string) => new CollectorError('event_undelivered', message, { fix });
    const first = once(process, 'warning');
    for (const message of ['one.', 'two.', 'three.', 'four.']) warn(error(message));
    const [told] = await first;
    const { name, code, message, detail } = told;
    assert.deepEqual(
      { name, code, message, detail },
      {
        name: 'CollectorWarning',
        code: 'event_undelivered',
        message: 'one.',
        detail: fix,
      },
    );
    const [rest] = await once(process, 'warning');
    assert.equal(rest.message, 'four. (2 more since the last warning.)');
  });
});
