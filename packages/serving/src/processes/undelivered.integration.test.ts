import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { planOf, routesTo, serve, storedLines } from './testing/served.ts';

/** Hears nobody for a while after it was asked to. */
const server = `
const { createServer } = require('node:http');
const port = Number(process.env.PORT);
let wasDeaf = false;
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (text) => (body += text)).on('end', () => {
    if (body.includes('deaf')) {
      server.close();
      setTimeout(() => server.listen(port, '127.0.0.1', () => (wasDeaf = true)), 700);
    }
    response.setHeader('connection', 'close');
    response.end(JSON.stringify({ wasDeaf }));
  });
}).listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
`;

describe('a request that waits for its program', { timeout: 60_000 }, () => {
  it('is answered once it listens again, and leaves one record', async () => {
    await using served = await serve();
    const plan = planOf(served.folder);
    assert.ok(plan.program.kind === 'command');
    await served.apply({
      ...plan,
      program: { ...plan.program, command: [process.execPath, '-e', server] },
      requests: { ...plan.requests, maxQueueWaitMs: 5000 },
    });
    await served.route(routesTo('blue'));
    assert.equal((await served.score({ next: 'deaf' })).status, 200);
    const answer = await served.score({ next: 'listens' });
    assert.deepEqual([answer.status, await answer.json()], [200, { wasDeaf: true }]);
    await served.remove('blue');
    const responses = await storedLines(served.folder, 'response');
    assert.equal((await storedLines(served.folder, 'request')).length, 2);
    assert.equal(responses.length, 2);
    for (const line of responses) assert.match(line, /"status":"200"/);
  });
});
