import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it } from 'node:test';
import { createClient } from './client.ts';
import { readAndChange } from './read-change.ts';

const target = { resourceGroup: 'g', workspaceName: 'w', subscription: 's', output: 'json' } as const;

describe('readAndChange', () => {
  it('reads again what somebody else changed in between, and changes that', async () => {
    let value = 1;
    const server = createServer((request, response) => {
      if (request.method === 'GET') {
        response.setHeader('etag', `"${value}"`);
        response.end(JSON.stringify({ value }));
        // Somebody else is quicker, once.
        if (value === 1) value = 10;
        return;
      }
      const isStale = request.headers['if-match'] !== `"${value}"`;
      response.statusCode = isStale ? 412 : 200;
      response.end(isStale ? '{"error":{"code":"PreconditionFailed","message":"stale"}}' : '{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const client = createClient({ ...target, server: `http://127.0.0.1:${port}` }, { token: 't' });
    try {
      const seen: unknown[] = [];
      await readAndChange(client, '/x', async (body, ifMatch) => {
        seen.push(body);
        return client.send({ method: 'PUT', path: '/x', body, headers: { 'if-match': ifMatch } });
      });
      assert.deepEqual(seen, [{ value: 1 }, { value: 10 }]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
