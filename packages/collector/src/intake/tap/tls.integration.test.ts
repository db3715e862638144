/** A model server that speaks TLS, behind a tap that does not towards its clients. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

import { startSystem } from '@gleaner/testkit';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const skip = hasOpenssl ? false : 'openssl is not here, to make a certificate with';

describe('the tap in front of TLS', { skip }, () => {
  it('captures what the two sides say, and refuses a certificate that nobody vouches for', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-tls-'));
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const words =
      'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1';
    execFileSync('openssl', [...words.split(' '), '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile)]);
    const model = createServer({ cert, key }, (message, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ id: message.headers['x-request-id'] }));
    }).listen(0, '127.0.0.1');
    await once(model, 'listening');
    await using system = await startSystem({
      flags: { proxy: `0:https://127.0.0.1:${(model.address() as AddressInfo).port}` },
      collections: { request: { enabled: 'true' }, response: { enabled: 'true' } },
    });
    const url = `http://127.0.0.1:${system.collector.proxyPort}/score`;
    await assert.rejects(fetch(url, { headers: { 'x-request-id': 'stranger' } }));

    setDefaultCACertificates([...getCACertificates('default'), cert]);
    const answer = await fetch(url, { headers: { 'x-request-id': 'r1' } });
    assert.deepEqual(await answer.json(), { id: 'r1' });
    await system.finish();
    const [lost = '', answered = ''] = await system.lines('response');
    assert.match(lost, /"correlationid":"stranger".*"ended":"failed upstream"/);
    assert.match(answered, /"data":\{"id":"r1"\},.*"status":"200".*"ended":"complete"/);
    model.closeAllConnections();
    model.close();
    await rm(folder, { recursive: true });
  });
});
