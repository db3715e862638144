import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fastify from 'fastify';

import { createFailureLimit } from '../access/failures.ts';
import { guardRoutes } from './guard.ts';
import type { GuardContext } from './guard.ts';
import { forAnyone } from './route-access.ts';

const context: GuardContext = {
  catalog: {
    transact: async () => Promise.reject(new Error('nobody asks')),
    [Symbol.asyncDispose]: async () => undefined,
  },
  audit: { write: async () => undefined, [Symbol.asyncDispose]: async () => undefined },
  failures: createFailureLimit({ now: () => 0 }),
  now: () => 0,
  onAuditFailed: () => undefined,
};

describe('guardRoutes', () => {
  it('takes no route that does not declare whom it is for', () => {
    const server = fastify();
    guardRoutes(server, context);
    server.get('/declared', { config: forAnyone }, async () => 'x');
    assert.throws(() => server.get('/undeclared', async () => 'x'), /GET \/undeclared does not declare/);
  });
});
